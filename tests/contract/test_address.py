"""A description is served with another address, and with nothing else changed."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles, readdressed

URL = "https://meters.example:8443/in/soap?a=1&b=2"

WSDLS = sorted(ContractFiles.locate().wsdl.glob("*.wsdl"), key=lambda path: path.name)


@pytest.mark.parametrize("path", WSDLS, ids=lambda path: path.name)
def test_only_the_address_changes(path):
    original = path.read_bytes()
    served = readdressed(original, URL)
    escaped = URL.replace("&", "&amp;").encode()
    addresses = rb'(:address location=")[^"]*(")'
    assert re.findall(addresses, served)
    assert served == re.sub(addresses, rb"\g<1>" + escaped + rb"\g<2>", original)


@pytest.mark.parametrize("path", WSDLS, ids=lambda path: path.name)
def test_every_port_has_the_new_address(path):
    served = etree.fromstring(readdressed(path.read_bytes(), URL))
    ports = served.findall(".//{http://schemas.xmlsoap.org/wsdl/}port")
    assert [port[0].get("location") for port in ports] == [URL] * len(ports)


def test_the_original_address_gives_the_original_bytes(files):
    original = files.description().read_bytes()
    assert readdressed(original, "http://localhost:8080/soap") == original


def test_a_wsdl_that_is_no_xml_is_an_error():
    with pytest.raises(etree.XMLSyntaxError):
        readdressed(b"<wsdl:definitions", URL)
