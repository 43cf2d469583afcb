"""Readings are taken back by what brought them, or by whose they are and when."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def count(send, messages):
    def values(meter: dict) -> int:
        found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        return 0 if found.payload is None else len(list(found.payload.iter("{*}value")))

    return values


@pytest.fixture
def delete(send, messages):
    """Deletes by one ID."""

    def by(text: str, *, shape: str = "A", start=None, end=None, **attributes):
        body = messages.message(
            "delete", shape=shape, ids=[{"_value_1": text, **attributes}], start=start, end=end
        )
        return send(body)

    return by


@pytest.mark.parametrize("shape", ["A", "typed"])
def test_by_message(send, messages, delete, count, shape):
    meter, later = messages.meter(count=4), None
    number = str(uuid.uuid4())
    assert send(messages.create(meter, header={"MessageID": number})).result == "OK"
    later = messages.meter(meter["Meter"]["mRID"], day=2)
    assert send(messages.create(later)).result == "OK"
    assert count(meter) == 5
    assert delete(number, kind="transaction", shape=shape).result == "OK"
    assert count(meter) == 1


def test_by_message_brings_back_what_it_had_replaced(send, messages, delete):
    first = messages.meter(value="1")
    mrid, number = first["Meter"]["mRID"], str(uuid.uuid4())
    assert send(messages.create(first)).result == "OK"
    assert send(messages.create(messages.meter(mrid, value="2"), header={"MessageID": number})).result == "OK"
    assert delete(number, kind="transaction").result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": mrid}}))
    assert messages.plain(found.payload) == {"MeterReading": first}


def test_by_unknown_message(delete):
    answer = delete("never sent", kind="transaction")
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["2.15"])
    assert answer.errors[0]["ID"]["_value_1"] == "never sent"


def test_message_of_another_partner(server, run_cli, messages):
    key = run_cli("key", "create", "other", "--role", "admin").stdout.strip()
    number = str(uuid.uuid4())
    with server.client() as mine, server.client(key) as other:
        assert messages.send(mine, messages.create(messages.meter(), header={"MessageID": number})).result == "OK"
        ids = [{"_value_1": number, "kind": "transaction"}]
        assert messages.send(other, messages.message("delete", ids=ids)).codes == ["2.15"]


def test_by_meter_in_a_window(send, messages, delete, count):
    meter = messages.meter(count=8)
    assert send(messages.create(meter)).result == "OK"
    window = {"start": "2026-03-01T00:30:00Z", "end": "2026-03-01T01:00:00Z"}
    assert delete(meter["Meter"]["mRID"], objectType="Meter", **window).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    left = [stamp.text[11:16] for stamp in found.payload.iter("{*}timeStamp")]
    assert left == ["00:15", "01:15", "01:30", "01:45", "02:00"]


def test_by_meter_altogether_and_again_from_new(send, messages, delete, count):
    meter = messages.meter(count=4)
    assert send(messages.create(meter)).result == "OK"
    assert delete(meter["Meter"]["mRID"]).result == "OK"
    assert count(meter) == 0
    assert send(messages.create(meter)).result == "OK"
    assert count(meter) == 4


def test_by_name(send, messages, delete, count):
    meter, name = messages.meter(count=4), str(uuid.uuid4())
    meter["Meter"]["Names"] = {"name": name, "NameType": {"name": "Serial"}}
    assert send(messages.create(meter)).result == "OK"
    assert delete(name, kind="name", idType="Serial", objectType="Meter").result == "OK"
    assert count(meter) == 0


def test_by_usage_point(send, messages, delete, count):
    meter = {**messages.meter(count=4), "UsagePoint": {"mRID": str(uuid.uuid4())}}
    assert send(messages.create(meter)).result == "OK"
    assert delete(meter["UsagePoint"]["mRID"], objectType="UsagePoint").result == "OK"
    assert count(meter) == 0


def test_of_unknown_objects(delete):
    assert delete(str(uuid.uuid4()), objectType="Meter").codes == ["2.4"]
    assert delete(str(uuid.uuid4()), objectType="UsagePoint").codes == ["2.12"]


def test_window_without_readings(send, messages, delete, count):
    meter = messages.meter()
    assert send(messages.create(meter)).result == "OK"
    assert delete(meter["Meter"]["mRID"], start="2027-01-01T00:00:00Z").codes == ["5.7"]
    assert count(meter) == 1


def test_mixed_case_is_partial(send, messages, count):
    meter = messages.meter()
    assert send(messages.create(meter)).result == "OK"
    ids = [{"_value_1": meter["Meter"]["mRID"]}, {"_value_1": "unknown"}]
    answer = send(messages.message("delete", ids=ids))
    assert (answer.result, answer.codes) == ("PARTIAL", ["2.4"])
    assert count(meter) == 0


def test_twice(send, messages, delete):
    meter = messages.meter()
    assert send(messages.create(meter)).result == "OK"
    assert delete(meter["Meter"]["mRID"]).result == "OK"
    assert delete(meter["Meter"]["mRID"]).codes == ["5.7"]
