"""Every WSDL, as it is served, loaded in suds with nothing but the server within reach; one operation of each is
called with its example message, and suds reads the answer by the WSDL."""

from __future__ import annotations

import httpx
import pytest
import suds.client
from lxml import etree

from cim_adapter.contract import ContractFiles

SERVICES = ContractFiles.locate().services()
pytestmark = pytest.mark.usefixtures("only_standing_sqlite")


@pytest.fixture
def load(standing_sqlite):
    """``load(path)`` → a suds client of the WSDL there."""
    return lambda path: suds.client.Client(
        f"{standing_sqlite.url}{path}",
        cache=None,
        timeout=30,
        proxy={},
        headers={"X-API-Key": standing_sqlite.key, "Content-Type": "text/xml; charset=utf-8"},
    )


def in_envelope(messages, message):
    return etree.tostring(messages.envelope(message), xml_declaration=True, encoding="UTF-8")


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_service(load, standing_sqlite, messages, typed_example, expected_operations, service, soap):
    client = load(f"/soap/{service}?wsdl{'=soap12' if soap == '1.2' else ''}")
    (definition,) = client.sd
    ((_, methods),) = definition.ports
    assert {name for name, _ in methods} == expected_operations(service)
    if soap == "1.2":
        return  # suds knows no SOAP 1.2: it would send the same as below
    operation = next(name for name, _ in methods if name.startswith(("Create", "Execute", "Get")))
    *earlier, (_, message) = typed_example(service, operation, f" of suds and {service}")
    for other, first in earlier:
        with standing_sqlite.client() as sender:
            response = sender.post(
                f"/soap/{other}", content=in_envelope(messages, first), headers={"Content-Type": "text/xml"}
            )
        assert response.status_code == httpx.codes.OK, response.text
    answer = getattr(client.service, operation)(__inject={"msg": in_envelope(messages, message)})
    assert (answer.Header.Verb, answer.Reply.Result) == ("reply", "OK")


def test_the_generic_service(load, messages):
    client = load("/soap?wsdl")
    (definition,) = client.sd
    assert [{name for name, _ in methods} for _, methods in definition.ports] == [
        {"Request", "Response", "PublishEvent"}
    ] * 2
    request = messages.create(messages.meter())
    answer = client.service["SOAP"].Request(__inject={"msg": in_envelope(messages, request)})
    assert (answer.Header.Verb, answer.Reply.Result) == ("reply", "OK")
