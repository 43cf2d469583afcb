"""Readings asked for by MeterReadings of GetMeterReadings: by an event they came with, or by what is beside."""

from __future__ import annotations

import pytest

NAMESPACE = "http://iec.ch/TC57/2011/MeterReadings#"
OUTAGE, TAMPER = "3.26.0.85", "3.12.0.257"
DEMAND, VOLTAGE = "demand", "voltage"


def reading(name, time, value, more=""):
    stamp = f"<timeStamp>2026-03-01T{time}:00Z</timeStamp>"
    return f'<Readings>{more}{stamp}<value>{value}</value><ReadingType ref="{name}"/></Readings>'


def event(name):
    made = "<createdDateTime>2026-02-28T23:00:00Z</createdDateTime>"
    return f'<EndDeviceEvents>{made}<EndDeviceEventType ref="{name}"/></EndDeviceEvents>'


def of(meter, *readings, events="", trigger=""):
    trigger = f"<isCoincidentTrigger>{trigger}</isCoincidentTrigger>" if trigger else ""
    owner = f"<Meter><mRID>{meter}</mRID></Meter>"
    return f"<MeterReading>{trigger}{events}{owner}{''.join(readings)}</MeterReading>"


@pytest.fixture
def store(exchange):
    def send(*meter_readings):
        payload = f'<MeterReadings xmlns="{NAMESPACE}">{"".join(meter_readings)}</MeterReadings>'
        assert exchange.send("create", payload=payload).reply.result == "OK"

    return send


@pytest.fixture
def values(exchange, values_of):
    """The values of what a get with this content of MeterReadings, and of the rest of the filter, finds."""
    return lambda tie, rest="": sorted(
        value
        for _, value in values_of(exchange.stored(f"<MeterReadings>{tie}</MeterReadings>{rest}"))
        if value is not None
    )


def event_type(name):
    named = f"<EndDeviceEventType><mRID>{name}</mRID></EndDeviceEventType>"
    return f"<EndDeviceEvents>{named}</EndDeviceEvents>"


def beside(name, more="", period=""):
    return f"<Readings>{more}<ReadingType><Names><name>{name}</name></Names></ReadingType>{period}</Readings>"


def only(name):
    return f"<ReadingType><Names><name>{name}</name></Names></ReadingType>"


def test_by_the_type_of_an_event(store, values):
    store(of("m", reading(DEMAND, "01:00", "1"), events=event(OUTAGE)), of("n", reading(DEMAND, "01:00", "2")))
    store(of("m", reading(DEMAND, "02:00", "3")), of("m", reading(DEMAND, "03:00", "4"), events=event(TAMPER)))
    assert values(event_type(OUTAGE)) == ["1"]
    assert values(event_type(TAMPER)) == ["3", "4"]  # of one message and meter: nothing tells them apart
    assert values(event_type("3.0.0.0")) == []


def test_by_another_type_at_the_same_instant(store, values):
    store(
        of(
            "m",
            reading(DEMAND, "01:00", "9.5"),
            reading(VOLTAGE, "01:00", "229"),
            reading(VOLTAGE, "02:00", "231"),
        ),
        of("n", reading(VOLTAGE, "01:00", "228")),
    )
    assert values(beside(DEMAND), only(VOLTAGE)) == ["229"]
    assert values(beside(DEMAND)) == ["229", "9.5"]
    assert values(beside(DEMAND) + "<UsagePoint><mRID>u</mRID></UsagePoint>", only(VOLTAGE)) == []


def test_the_other_one_may_be_narrowed_too(store, values):
    billing = "<reason>billing</reason>"
    store(
        of("m", *(reading(VOLTAGE, f"0{n}:00", f"22{n}") for n in (1, 2, 3))),
        of(
            "m",
            reading(DEMAND, "01:00", "1", billing),
            reading(DEMAND, "02:00", "2"),
            reading(DEMAND, "03:00", "3"),
        ),
    )
    period = "<timePeriod><start>2026-03-01T02:00:00Z</start></timePeriod>"
    assert values(beside(DEMAND, billing), only(VOLTAGE)) == ["221"]
    assert values(beside(DEMAND, period=period), only(VOLTAGE)) == ["222", "223"]


def test_what_was_deleted_is_beside_nothing(store, exchange, values):
    store(of("m", reading(DEMAND, "01:00", "1")), of("m", reading(VOLTAGE, "01:00", "229")))
    gone = f'<MeterReadings xmlns="{NAMESPACE}">{of("m", reading(DEMAND, "01:00", "1"))}</MeterReadings>'
    assert exchange.send("delete", payload=gone).reply.result == "OK"
    assert values(beside(DEMAND), only(VOLTAGE)) == []


def test_triggers(store, values):
    store(of("m", reading(DEMAND, "01:00", "1"), trigger="true"), of("n", reading(DEMAND, "01:00", "2")))
    trigger = "<isCoincidentTrigger>{}</isCoincidentTrigger>"
    assert values(trigger.format("true")) == ["1"]
    assert values(trigger.format("false")) == ["2"]


def test_in_parts(store, exchange):
    store(*(of("m", reading(DEMAND, f"{n:02}:00", str(n))) for n in range(10)))
    store(*(of("m", reading(VOLTAGE, f"{n:02}:00", "229")) for n in range(0, 10, 2)))
    request = "<Option><name>partSize</name><value>3</value></Option>"
    profile = f"<MeterReadings>{beside(VOLTAGE)}</MeterReadings>{only(DEMAND)}"
    told, reply = [], exchange.get(profile, request)
    while True:
        told += [reply]
        ids = [given.value for given in reply.reply.ids if given.id_type == "continuation"]
        if not ids:
            break
        more = f"<Option><name>continuation</name><value>{ids[0]}</value></Option>"
        reply = exchange.get(profile, request + more)
    assert len(told) > 1
    elements = [element for part in told for element in (part.payload.elements if part.payload else ())]
    found = [value.text for element in elements for value in element.iter("{*}value")]
    assert sorted(found) == ["0", "2", "4", "6", "8"]


def test_a_type_without_a_name_is_refused(exchange):
    reply = exchange.get("<MeterReadings><EndDeviceEvents><EndDeviceEventType/></EndDeviceEvents></MeterReadings>")
    assert [error.code for error in reply.reply.errors] == ["1.6"]
