"""Bodies that are too large to be held, over SOAP, bare XML and /messages, taken while they come."""

from __future__ import annotations

import socket

import pytest
from lxml import etree

PARTS = {"CIM_ADAPTER_BULK_BYTES": "20000", "CIM_ADAPTER_BULK_PART_BYTES": "4000"}


@pytest.fixture(scope="module")
def server(standing_on, tmp_path_factory):
    with standing_on("sqlite", tmp_path_factory.mktemp("large"), **PARTS) as started:
        yield started


@pytest.fixture
def client(server):
    with server.client() as opened:
        yield opened


@pytest.fixture
def meters(messages):
    return [messages.meter(count=4) for _ in range(200)]


@pytest.fixture
def values(client, messages):
    """How many values these meters have."""

    def count(meters):
        asked = messages.get({"EndDevice": [meter["Meter"] for meter in meters]})
        found = messages.send(client, asked).payload
        return 0 if found is None else len(list(found.iter("{*}value")))

    return count


def chunked(body, size=3_000):
    return (body[start : start + size] for start in range(0, len(body), size))


@pytest.mark.parametrize("path", ["/soap", "/soap/ExecuteMeterReadings"])
@pytest.mark.parametrize("declared", [True, False])
def test_soap(client, messages, meters, values, path, declared):
    shape = "typed" if "Execute" in path else "A"
    body = etree.tostring(messages.envelope(messages.create(*meters, shape=shape)))
    headers = {"Content-Type": messages.content_type()}
    content = body if declared else chunked(body)
    answer = messages.open(client.post(path, content=content, headers=headers))
    assert (answer.status, answer.result) == (200, "OK")
    assert values(meters) == 800
    again = messages.open(client.post(path, content=body, headers=headers))
    assert again.content == answer.content
    assert values(meters) == 800


@pytest.mark.parametrize("path", ["/soap", "/messages"])
def test_bare_xml(client, messages, meters, values, path):
    body = etree.tostring(messages.create(*meters))
    answer = client.post(path, content=chunked(body), headers={"Content-Type": "application/xml"})
    assert answer.status_code == 200
    assert etree.fromstring(answer.content).findtext(".//{*}Result") == "OK"
    assert values(meters) == 800


def test_json_is_taken_at_once(client, meters, values):
    envelope = {
        "Header": {"Verb": "create", "Noun": "MeterReadings"},
        "Payload": {"MeterReadings": {"MeterReading": [as_json(meter) for meter in meters]}},
    }
    assert client.post("/messages", json=envelope).status_code == 200
    assert values(meters) == 800


def as_json(meter):
    block = meter["IntervalBlocks"]
    return {"IntervalBlocks": [block], "Meter": meter["Meter"]}


def test_what_is_wrong_far_behind(client, messages, meters, values):
    meters[-1]["IntervalBlocks"]["IntervalReadings"][3]["timeStamp"] = "yesterday"
    body = etree.tostring(messages.envelope(messages.create(*meters)), pretty_print=True)
    line = next(number for number, text in enumerate(body.splitlines(), 1) if b"yesterday" in text)
    answer = messages.open(client.post("/soap", content=body, headers={"Content-Type": messages.content_type()}))
    assert (answer.status, answer.fault) == (500, "Client")
    assert f"line {line}, MeterReadings/MeterReading[200]" in answer.errors[0]["reason"]
    assert values(meters) == 0


def test_strangers_are_stopped_before_the_rest_is_read(server, messages, meters):
    body = etree.tostring(messages.envelope(messages.create(*meters)))
    with server.client(key="no key") as stranger:
        answer = stranger.post("/soap", content=chunked(body), headers={"Content-Type": messages.content_type()})
    assert answer.status_code in (401, 500)


def test_a_sender_who_goes_away(server, client, messages, meters, values):
    body = etree.tostring(messages.envelope(messages.create(*meters)))
    address = (client.base_url.host, client.base_url.port)
    with socket.create_connection(address) as connection:
        head = (
            f"POST /soap HTTP/1.1\r\nHost: x\r\nX-API-Key: {server.key}\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body[:-5_000])
        assert values(meters) == 0
    assert values(meters) == 0
    whole = client.post("/soap", content=body, headers={"Content-Type": messages.content_type()})
    assert messages.open(whole).result == "OK"
    assert values(meters) == 800
