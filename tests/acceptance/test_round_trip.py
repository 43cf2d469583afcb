"""A day of readings goes in and comes out equal, value by value, whatever shape it travels in."""

from __future__ import annotations

import pytest
from lxml import etree

PATHS = {"create": "ExecuteMeterReadings", "created": "ReceiveMeterReadings", "changed": "ReceiveMeterReadings"}


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
@pytest.mark.parametrize("verb", ["create", "created", "changed"])
def test_every_shape(send, messages, day, verb, shape, soap):
    if (verb, shape) in (("created", "B"), ("changed", "B")):
        shape = "A"  # shape B has no root for events
    soap = getattr(messages, soap)
    path = f"/soap/{PATHS[verb]}" if shape == "typed" else "/soap"
    payload = messages.readings(day)
    stored = send(messages.message(verb, shape=shape, payload=payload), soap=soap, path=path)
    assert (stored.status, stored.soap, stored.result, stored.codes) == (200, soap, "OK", ["0.0"])
    assert stored.payload is None
    asked = messages.get({"EndDevice": {"mRID": day["Meter"]["mRID"]}}, shape=shape)
    found = send(asked, soap=soap, path="/soap/GetMeterReadings" if shape == "typed" else "/soap")
    assert (found.status, found.soap, found.result, found.codes) == (200, soap, "OK", ["0.0"])
    assert messages.plain(found.payload) == messages.plain(payload) == {"MeterReading": day}


@pytest.mark.parametrize(
    "value",
    ["1.50", "-0", "+1.5E3", "0" * 50 + "1", " 1.5 ", "", "NaN", "on", "1,5", "µ€ & <b>", "\u200f1", "a\nb"],
)
def test_value_keeps_its_text(send, messages, value):
    meter = messages.meter(value=value)
    assert send(messages.create(meter)).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert found.payload.findtext(".//{*}value") == value


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-03-29T02:30:00+01:00",
        "2026-03-01T24:00:00Z",
        "2026-03-01T00:00:00.123456789Z",
        "2026-03-01T00:00:00",
        "2026-03-01T00:00:00-12:00",
        "12026-03-01T00:00:00Z",
        "-0044-03-15T12:00:00Z",
        " 2026-03-01T00:00:00Z\n",
    ],
)
def test_timestamp_keeps_its_text(send, messages, stamp):
    meter = messages.meter()
    meter["IntervalBlocks"]["IntervalReadings"]["timeStamp"] = stamp
    assert send(messages.create(meter)).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert found.payload.findtext(".//{*}timeStamp") == stamp.strip()


def test_order_of_blocks_and_registers_is_kept(send, messages):
    types = [f"0.0.{n}.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0" for n in (5, 1, 3)]
    stamps = ["2026-03-03T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
    meter = messages.meter()
    meter["IntervalBlocks"] = [
        {
            "IntervalReadings": [{"timeStamp": stamp, "value": stamp[9]} for stamp in stamps],
            "ReadingType": {"ref": kind},
        }
        for kind in types
    ]
    meter["Readings"] = [
        {"timeStamp": stamp, "value": kind, "ReadingType": {"ref": kind}} for stamp in stamps for kind in types
    ]
    assert send(messages.create(meter)).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert messages.plain(found.payload) == {"MeterReading": meter}


def test_events_within_a_meter_reading_come_back(send, messages, day):
    event = {"createdDateTime": "2026-03-01T12:00:00Z", "EndDeviceEventType": {"ref": "3.26.38.85"}}
    meter = {"EndDeviceEvents": event, **messages.meter(day["Meter"]["mRID"], 2)}
    assert send(messages.create(meter)).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": day["Meter"]["mRID"]}}))
    assert messages.plain(found.payload) == {"MeterReading": meter}


def test_ten_thousand_readings(send, messages):
    meter = messages.meter(count=10_000)
    assert send(messages.create(meter)).result == "OK"
    found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert messages.plain(found.payload) == {"MeterReading": meter}
    assert len(etree.tostring(found.payload)) > 1_000_000
