"""The same MessageID again: the same reply and nothing stored; other content is refused."""

from __future__ import annotations

import copy

import pytest


@pytest.fixture
def count(send, messages):
    def values(meter: dict) -> int:
        found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        return 0 if found.payload is None else len(list(found.payload.iter("{*}value")))

    return values


def test_same_reply_and_nothing_stored_twice(send, messages, count):
    meter = messages.meter(count=4)
    body = messages.create(meter)
    first = send(body)
    for _ in range(3):
        again = send(body)
        assert again.content == first.content
    assert count(meter) == 4


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_other_soap_version_is_the_same_message(send, messages, count, shape):
    meter = messages.meter(count=4)
    body = messages.create(meter, shape=shape)
    first = send(body)
    again = send(body, soap=messages.SOAP12)
    assert (again.status, again.soap, again.result) == (200, messages.SOAP12, "OK")
    assert again.header == first.header
    assert count(meter) == 4


def test_newer_timestamp_is_the_same_message(send, messages, count):
    meter = messages.meter(count=4)
    body = messages.create(meter, header={"Timestamp": "2026-03-01T00:00:00Z"})
    first = send(body)
    next(body.iter("{*}Timestamp")).text = "2026-03-01T00:05:00Z"
    assert send(body).header == first.header


@pytest.mark.parametrize("change", ["value", "meter", "verb"])
def test_other_content_is_refused(send, messages, count, change):
    meter = messages.meter(count=4)
    body = messages.create(meter)
    first = send(body)
    if change == "value":
        next(body.iter("{*}value")).text = "9"
    elif change == "meter":
        next(body.iter("{*}mRID")).text = "another"
    else:
        number = next(body.iter("{*}MessageID")).text
        body = messages.message("changed", payload=messages.readings(meter), header={"MessageID": number})
    refused = send(body)
    assert (refused.status, refused.fault, refused.result, refused.codes) == (200, "", "FAILED", ["2.15"])
    assert first.header["CorrelationID"] in refused.said
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert messages.plain(found.payload) == {"MeterReading": meter}


def test_mended_message_may_keep_its_id(send, messages, count):
    meter = messages.meter(count=2)
    body = messages.create(meter)
    broken = copy.deepcopy(body)
    next(broken.iter("{*}timeStamp")).text = "never"
    assert send(broken).codes == ["1.8"]
    assert send(body).result == "OK"
    assert count(meter) == 2


def test_each_partner_counts_its_own(server, run_cli, messages):
    key = run_cli("key", "create", "other", "--role", "admin").stdout.strip()
    one, two = messages.meter(), messages.meter()
    with server.client() as first, server.client(key) as second:
        assert messages.send(first, messages.create(one, header={"MessageID": "1"})).result == "OK"
        assert messages.send(second, messages.create(two, header={"MessageID": "1"})).result == "OK"


def test_messages_without_id_are_never_the_same(send, messages):
    body = messages.create(messages.meter(), header={"MessageID": None})
    one, two = send(body), send(body)
    assert one.header["MessageID"] != two.header["MessageID"]
    assert "CorrelationID" not in one.header


def test_same_reply_after_a_restart(start_server, messages):
    body = messages.create(messages.meter())
    server = start_server()
    with server.client() as client:
        first = messages.send(client, body)
    assert server.stop() == 0
    with start_server().client() as client:
        assert messages.send(client, body).content == first.content
