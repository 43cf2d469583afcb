"""Every way to ask for readings, alone and together."""

from __future__ import annotations

import uuid

import pytest

ESTIMATED = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.73.0"


def fresh() -> str:
    return str(uuid.uuid4())


def named(name: str, kind: str | None = None, authority: str | None = None) -> dict:
    made: dict = {"name": name}
    if kind:
        made["NameType"] = {"name": kind}
        if authority:
            made["NameType"]["NameTypeAuthority"] = {"name": authority}
    return made


@pytest.fixture
def find(send, messages):
    """Asks; the values found, in order, and the answer."""

    def ask(query=None, **options):
        answer = send(messages.get(query, **options))
        found = [] if answer.payload is None else [item.text for item in answer.payload.iter("{*}value")]
        return found, answer

    return ask


@pytest.fixture
def meter(send, messages):
    """A meter with four quarter hours of two reading types, qualities, a register, names and a usage point."""
    number = uuid.uuid4().hex
    qualities = ["1.0.0", "2.8.1001", "1.0.0", "2.5.257"]

    def block(kind: str, tag: str) -> dict:
        readings = [
            {
                "source": "HES" if n % 2 else "MDMS",
                "timeStamp": f"2026-03-01T{n:02}:00:00Z",
                "value": f"{tag}{n}",
                "ReadingQualities": {"ReadingQualityType": {"ref": qualities[n - 1]}},
            }
            for n in range(1, 5)
        ]
        return {"IntervalReadings": readings, "ReadingType": {"ref": kind}}

    made = {
        "IntervalBlocks": [block(messages.DELTA, "a"), block(ESTIMATED, "b")],
        "Meter": {"mRID": fresh(), "Names": named(f"M-{number}", "MeterUniqueID", "example utility")},
        "Readings": {
            "reason": "billing",
            "timeStamp": "2026-03-02T00:00:00Z",
            "value": "r",
            "ReadingType": {"ref": messages.REGISTER},
        },
        "UsagePoint": {"mRID": fresh(), "Names": named(f"UP-{number}", "ServicePoint")},
    }
    assert send(messages.create(made)).result == "OK"
    return made


A, B = ["a1", "a2", "a3", "a4"], ["b1", "b2", "b3", "b4"]
ALL = [*A, *B, "r"]


def test_by_mrid(find, meter):
    assert find({"EndDevice": {"mRID": meter["Meter"]["mRID"]}})[0] == ALL


@pytest.mark.parametrize("much", ["all", "type", "name"])
def test_by_name(find, meter, much):
    name = meter["Meter"]["Names"]["name"]
    asked = {
        "all": named(name, "MeterUniqueID", "example utility"),
        "type": named(name, "MeterUniqueID"),
        "name": named(name),
    }[much]
    assert find({"EndDevice": {"Names": asked}})[0] == ALL


@pytest.mark.parametrize("part", ["mRID", "Names"])
def test_by_usage_point(find, meter, part):
    assert find({"UsagePoint": {part: meter["UsagePoint"][part]}})[0] == ALL


def test_by_meter_and_usage_point(find, meter, messages, send):
    other = messages.meter()
    assert send(messages.create(other)).result == "OK"
    mine, point = {"mRID": meter["Meter"]["mRID"]}, {"mRID": meter["UsagePoint"]["mRID"]}
    assert find({"EndDevice": mine, "UsagePoint": point})[0] == ALL
    values, answer = find({"EndDevice": {"mRID": other["Meter"]["mRID"]}, "UsagePoint": point})
    assert (values, set(answer.codes)) == ([], {"5.7"})


def test_through_the_meter_readings_part(find, meter):
    assert find({"MeterReadings": {"Meter": {"mRID": meter["Meter"]["mRID"]}}})[0] == ALL


@pytest.mark.parametrize("by", ["mRID", "Names"])
def test_by_reading_type(find, meter, messages, by):
    asked = {"mRID": ESTIMATED} if by == "mRID" else {"Names": {"name": ESTIMATED}}
    assert find({"EndDevice": {"mRID": meter["Meter"]["mRID"]}, "ReadingType": asked})[0] == B
    both = [asked, {"Names": {"name": messages.REGISTER}}]
    assert find({"EndDevice": {"mRID": meter["Meter"]["mRID"]}, "ReadingType": both})[0] == [*B, "r"]


def test_by_quality(find, meter):
    device = {"mRID": meter["Meter"]["mRID"]}
    good = {"ReadingQualityType": {"Names": {"name": "1.0.0"}}}
    guessed = {"ReadingQualityType": {"Names": {"name": "2.8.1001"}}}
    assert find({"EndDevice": device, "ReadingQuality": good})[0] == ["a1", "a3", "b1", "b3"]
    assert find({"EndDevice": device, "ReadingQuality": [good, guessed]})[0] == [
        "a1",
        "a2",
        "a3",
        "b1",
        "b2",
        "b3",
    ]


def window(start: str, end: str) -> dict:
    return {"end": f"2026-03-01T{end}:00:00Z", "start": f"2026-03-01T{start}:00:00Z"}


def test_by_time_schedule(find, meter):
    device = {"mRID": meter["Meter"]["mRID"]}
    asked = {"scheduleInterval": window("02", "03")}
    assert find({"EndDevice": device, "TimeSchedule": asked})[0] == ["a2", "a3", "b2", "b3"]
    two = [asked, {"scheduleInterval": window("04", "04")}]
    assert find({"EndDevice": device, "TimeSchedule": two})[0] == ["a2", "a3", "a4", "b2", "b3", "b4"]


def test_by_time_period_of_the_reading(find, meter):
    device = {"mRID": meter["Meter"]["mRID"]}
    assert find({"EndDevice": device, "Reading": {"timePeriod": window("03", "04")}})[0] == [
        "a3",
        "a4",
        "b3",
        "b4",
    ]


def test_by_source_and_reason_of_the_reading(find, meter):
    device = {"mRID": meter["Meter"]["mRID"]}
    assert find({"EndDevice": device, "Reading": {"source": "MDMS"}})[0] == ["a2", "a4", "b2", "b4"]
    assert find({"EndDevice": device, "Reading": {"reason": "billing"}})[0] == ["r"]


def test_by_times_of_the_request(find, meter):
    query = {"EndDevice": {"mRID": meter["Meter"]["mRID"]}}
    assert find(query, start="2026-03-01T04:00:00Z")[0] == ["a4", "b4", "r"]
    assert find(query, end="2026-03-01T01:00:00Z")[0] == ["a1", "b1"]
    both = {"start": "2026-03-01T03:00:00+01:00", "end": "2026-03-01T04:00:00+01:00"}
    assert find(query, **both)[0] == ["a2", "a3", "b2", "b3"]


def test_profile_wins_over_times_of_the_request(find, meter):
    query = {
        "EndDevice": {"mRID": meter["Meter"]["mRID"]},
        "TimeSchedule": {"scheduleInterval": window("01", "01")},
    }
    assert find(query, start="2026-03-01T04:00:00Z")[0] == ["a1", "b1"]


@pytest.mark.parametrize("kind", ["uuid", "name", None])
def test_by_ids_and_times_of_the_request_alone(find, meter, kind):
    identifier = {"_value_1": meter["Meter"]["mRID"]}
    if kind == "name":
        identifier = {"_value_1": meter["Meter"]["Names"]["name"]}
    if kind:
        identifier["kind"] = kind
    assert find(ids=[identifier], end="2026-03-01T02:00:00Z")[0] == ["a1", "a2", "b1", "b2"]


def test_everything_together(find, meter, messages):
    query = {
        "EndDevice": {"Names": named(meter["Meter"]["Names"]["name"])},
        "Reading": {"source": "HES", "timePeriod": window("01", "03")},
        "ReadingQuality": {"ReadingQualityType": {"Names": {"name": "1.0.0"}}},
        "ReadingType": {"Names": {"name": messages.DELTA}},
        "TimeSchedule": {"scheduleInterval": window("02", "04")},
        "UsagePoint": {"mRID": meter["UsagePoint"]["mRID"]},
    }
    assert find(query)[0] == ["a3"]


@pytest.mark.parametrize("kind", ["EndDevice", "UsagePoint"])
@pytest.mark.parametrize("by", ["mRID", "Names"])
def test_unknown_object(find, kind, by):
    number = fresh()
    values, answer = find({kind: {by: number if by == "mRID" else named(number, "Some")}})
    assert (values, answer.status, answer.fault, answer.result) == ([], 200, "", "FAILED")
    assert answer.codes == ["2.4" if kind == "EndDevice" else "2.12"]
    assert answer.errors[0]["ID"]["_value_1"] == number
    assert answer.payload is None


def test_nothing_available(find, meter):
    query = {"EndDevice": {"mRID": meter["Meter"]["mRID"]}}
    values, answer = find(query, start="2027-01-01T00:00:00Z")
    assert (values, answer.result, answer.codes, answer.payload) == ([], "FAILED", ["5.7"], None)
    assert answer.errors[0]["ID"]["_value_1"] == meter["Meter"]["mRID"]


def test_mixed_case_is_partial_with_one_error_for_each_object(find, meter, messages, send):
    silent = messages.meter(day=20)
    assert send(messages.create(silent)).result == "OK"
    unknown = [fresh(), fresh()]
    asked = [unknown[0], meter["Meter"]["mRID"], silent["Meter"]["mRID"], unknown[1]]
    values, answer = find({"EndDevice": [{"mRID": mrid} for mrid in asked]}, end="2026-03-05T00:00:00Z")
    assert (values, answer.result) == (ALL, "PARTIAL")
    told = sorted((error["code"], error["ID"]["_value_1"]) for error in answer.errors)
    assert told == sorted([("2.4", unknown[0]), ("2.4", unknown[1]), ("5.7", silent["Meter"]["mRID"])])


def test_many_meters_in_one_question(find, messages, send):
    meters = [messages.meter(value=str(n)) for n in range(700)]
    assert send(messages.create(*meters)).result == "OK"
    values, answer = find({"EndDevice": [{"mRID": meter["Meter"]["mRID"]} for meter in meters]})
    assert answer.result == "OK"
    assert sorted(values, key=int) == [str(n) for n in range(700)]


def test_later_data_wins(find, messages, send):
    first = messages.meter(count=4, value="1.0")
    mrid = first["Meter"]["mRID"]
    assert send(messages.create(first)).result == "OK"
    later = messages.meter(mrid, 2, value="2.00")
    assert send(messages.message("changed", payload=messages.readings(later))).result == "OK"
    assert find({"EndDevice": {"mRID": mrid}})[0] == ["2.00", "2.00", "1.0", "1.0"]


def test_later_data_wins_at_the_same_instant_in_another_offset(find, messages, send):
    first = messages.meter(value="1")
    mrid = first["Meter"]["mRID"]
    assert send(messages.create(first)).result == "OK"
    later = messages.meter(mrid, value="2")
    later["IntervalBlocks"]["IntervalReadings"]["timeStamp"] = "2026-03-01T01:15:00+01:00"
    assert send(messages.create(later)).result == "OK"
    assert find({"EndDevice": {"mRID": mrid}})[0] == ["2"]


def test_later_data_of_another_type_or_meter_does_not_win(find, messages, send):
    first = messages.meter(value="1")
    mrid = first["Meter"]["mRID"]
    other = messages.meter(mrid, value="2")
    other["IntervalBlocks"]["ReadingType"]["ref"] = ESTIMATED
    assert send(messages.create(first, other, messages.meter(value="3"))).result == "OK"
    assert sorted(find({"EndDevice": {"mRID": mrid}})[0]) == ["1", "2"]


def test_meter_that_learns_a_name_is_found_by_both(find, messages, send):
    mrid, name = fresh(), fresh()
    assert send(messages.create(messages.meter(mrid))).result == "OK"
    both = messages.meter(mrid, day=2)
    both["Meter"]["Names"] = named(name, "Serial")
    assert send(messages.create(both)).result == "OK"
    assert len(find({"EndDevice": {"mRID": mrid}})[0]) == 2
    assert len(find({"EndDevice": {"Names": named(name, "Serial")}})[0]) == 2


def test_what_is_not_served_is_said(find):
    values, answer = find({"EndDeviceGroup": {"mRID": "1"}})
    assert (values, answer.result) == ([], "FAILED")
    assert "EndDeviceGroup" in answer.said
