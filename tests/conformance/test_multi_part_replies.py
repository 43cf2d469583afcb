"""IEC 61968-100: an answer in several parts (facts/envelope.md §5.1, §5.5, §5.7)."""

from __future__ import annotations

import uuid

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles


@pytest.fixture(scope="module")
def server(standing_on, tmp_path_factory):
    with standing_on("sqlite", tmp_path_factory.mktemp("parts"), CIM_ADAPTER_MAX_READINGS="10") as running:
        yield running


@pytest.fixture
def meters(server, messages):
    """Three meters with eight readings each."""
    made = [messages.meter(count=8) for _ in range(3)]
    with server.client() as client:
        assert messages.send(client, messages.create(*made)).result == "OK"
    return made


@pytest.fixture
def ask(server, messages, meters):
    """Every part of the answer about these meters."""

    def run(shape="A", **header):
        parts, options = [], None
        query = {"EndDevice": [meter["Meter"] for meter in meters]}
        with server.client() as client:
            while not parts or options:
                own = {"MessageID": str(uuid.uuid4()), **header}
                answer = messages.send(client, messages.get(query, options=options, shape=shape, header=own))
                parts.append(answer)
                options = {given["idType"]: given["_value_1"] for given in answer.ids}
        return parts

    return run


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_5_1_partial_with_0_1_and_0_2_in_the_last(ask, meters, messages, shape):
    parts = ask(shape)
    assert [(part.status, part.result, part.codes) for part in parts] == [
        (200, "PARTIAL", ["0.1"]),
        (200, "PARTIAL", ["0.1"]),
        (200, "PARTIAL", ["0.2"]),
    ]
    told = [messages.plain(part.payload)["MeterReading"] for part in parts]
    assert sorted(told, key=str) == sorted(meters, key=str)


def test_5_1_the_same_correlation_id_on_every_part(ask):
    parts = ask(CorrelationID="c-1")
    assert [part.header["CorrelationID"] for part in parts] == ["c-1"] * 3
    assert len({part.header["MessageID"] for part in parts}) == 3


def test_1_1_every_part_is_valid(ask):
    files = ContractFiles.locate()
    envelope = etree.XMLSchema(etree.parse(files.schema("Message.xsd")))
    profile = etree.XMLSchema(etree.parse(files.schema("MeterReadings.xsd")))
    for part in ask():
        envelope.assertValid(etree.fromstring(etree.tostring(part.message)))
        profile.assertValid(etree.fromstring(etree.tostring(part.payload)))


def test_5_1_what_fits_is_ok(server, messages, meters):
    with server.client() as client:
        answer = messages.send(client, messages.get({"EndDevice": meters[0]["Meter"]}))
    assert (answer.result, answer.codes, answer.ids) == ("OK", ["0.0"], [])


def test_5_7_another_continuation_is_an_invalid_id(server, messages, meters):
    with server.client() as client:
        body = messages.get({"EndDevice": meters[0]["Meter"]}, options={"continuation": "x"})
        answer = messages.send(client, body)
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["2.15"])


def test_other_options_are_none_of_ours(server, messages, meters):
    with server.client() as client:
        body = messages.get({"EndDevice": meters[0]["Meter"]}, options={"limit": "1", "vendor": ""})
        assert messages.send(client, body).result == "OK"
