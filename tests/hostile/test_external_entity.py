"""An entity that would read a file, or call a host."""

from __future__ import annotations

import socket

import pytest
from lxml import etree


@pytest.fixture
def trap():
    """A port that nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening.getsockname()[1]
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize("kind", ["general", "parameter", "dtd"])
def test_calls_nobody(target, is_fault, trap, kind):
    url = f"http://127.0.0.1:{trap}/x"
    doctype = {
        "general": f'<!DOCTYPE a [<!ENTITY b SYSTEM "{url}">]>',
        "parameter": f'<!DOCTYPE a [<!ENTITY % b SYSTEM "{url}"> %b;]>',
        "dtd": f'<!DOCTYPE a SYSTEM "{url}">',
    }[kind]
    is_fault(target.strike(f"{doctype}<a>&b;</a>".encode()), "7.7")


def test_reads_no_file(target, is_fault, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    answer = target.strike(f'<!DOCTYPE a [<!ENTITY b SYSTEM "{secret.as_uri()}">]><a>&b;</a>'.encode())
    is_fault(answer, "7.7")
    assert b"the secret" not in answer.content


def test_schema_location_calls_nobody(target, messages, trap):
    body = messages.create(messages.meter())
    (readings,) = body.iter(f"{{{messages.READINGS}}}MeterReadings")
    xsi = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
    readings.set(xsi, f"{messages.READINGS} http://127.0.0.1:{trap}/x.xsd")
    assert target.strike_message(body).result == "OK"


def test_xinclude_reads_no_file(target, messages, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    body = messages.create(messages.meter())
    include = etree.Element("{http://www.w3.org/2001/XInclude}include", href=secret.as_uri(), parse="text")
    next(body.iter("{*}mRID")).append(include)
    answer = target.strike_message(body)
    assert answer.codes == ["1.8"]
    assert b"the secret" not in answer.content
