"""Readings asked by usage point come from the meters that were linked to it at the time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cim_adapter import Adapter
from cim_adapter.envelope import Result
from cim_adapter.nouns.readings.model import Block, MeterReading, Reading
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind

LINKAGE = "http://iec.ch/TC57/2011/MasterDataLinkageConfig#"


@pytest.fixture
def link(exchange):
    """``link("create", 5, Meter="m", UsagePoint="p")``: from the fifth of March on."""

    def run(verb, day, **named):
        parts = "".join(f"<{name}><mRID>{mrid}</mRID></{name}>" for name, mrid in sorted(named.items()))
        when = f"<effectiveDateTime>2026-03-{day:02}T00:00:00Z</effectiveDateTime>"
        event = f"<ConfigurationEvent>{when}</ConfigurationEvent>"
        payload = f'<MasterDataLinkageConfig xmlns="{LINKAGE}">{event}{parts}</MasterDataLinkageConfig>'
        reply = exchange.send(verb, noun="MasterDataLinkageConfig", payload=payload).reply
        assert reply.result is Result.OK, reply.errors

    return run


@pytest.fixture
def daily(exchange):
    """Sends one reading for each day of March from ``first`` to ``last``, stamped at noon or at ``clock``."""

    def run(meter, first, last, *, kind=Kind.INTERVALS, clock="12:00", point=None, value=None):
        made = [
            Reading(timestamp=f"2026-03-{day:02}T{clock}:00Z", value=value or f"{meter} {day}", position=n)
            for n, day in enumerate(range(first, last + 1))
        ]
        if kind is Kind.INTERVALS:
            for reading in made:
                reading.position = 0
        item = MeterReading(
            Identity(meter) if meter else None, Identity(point) if point else None, [Block(kind, "kWh", made)]
        )
        assert exchange.create(item).reply.result is Result.OK

    return run


def point(mrid):
    return f"<UsagePoint><mRID>{mrid}</mRID></UsagePoint>"


def meter(mrid):
    return f"<EndDevice><mRID>{mrid}</mRID></EndDevice>"


def schedule(first, last):
    span = f"<end>2026-03-{last:02}T00:00:00Z</end><start>2026-03-{first:02}T00:00:00Z</start>"
    return f"<TimeSchedule><scheduleInterval>{span}</scheduleInterval></TimeSchedule>"


@pytest.fixture
def told(exchange):
    """For each MeterReading of an answer: meter, usage point, and the days (or values) of its readings."""

    def run(profile, *, values=False):
        return [
            (
                item.meter and item.meter.mrid,
                item.usage_point and item.usage_point.mrid,
                [r.value if values else int(r.timestamp[8:10]) for block in item.blocks for r in block.readings],
            )
            for item in exchange.stored(profile)
        ]

    return run


def test_a_meter_exchange_in_the_middle_of_the_month(link, daily, told):
    link("create", 1, Meter="old", UsagePoint="p")
    link("change", 4, Meter="new", UsagePoint="p")
    daily("old", 1, 6)
    daily("new", 1, 6)
    assert told(point("p")) == [("old", "p", [1, 2, 3]), ("new", "p", [4, 5, 6])]
    assert told(schedule(3, 5) + point("p")) == [("old", "p", [3]), ("new", "p", [4])]
    assert told(meter("old") + point("p")) == [("old", "p", [1, 2, 3])], "meter and usage point must both fit"
    assert told(meter("old")) == [("old", None, [1, 2, 3, 4, 5, 6])], "a meter's own readings know no links"


def test_an_interval_that_ends_with_a_link_is_the_old_meters(link, daily, told):
    link("create", 1, Meter="old", UsagePoint="p")
    link("change", 4, Meter="new", UsagePoint="p")
    for name in ("old", "new"):
        daily(name, 1, 6, clock="00:00")
    assert told(point("p")) == [("old", "p", [2, 3, 4]), ("new", "p", [5, 6])]


def test_registers_of_both_meters_at_the_exchange(link, daily, told):
    link("create", 1, Meter="old", UsagePoint="p")
    link("change", 4, Meter="new", UsagePoint="p")
    for name in ("old", "new"):
        daily(name, 1, 6, clock="00:00", kind=Kind.REGISTERS)
    assert told(point("p")) == [("old", "p", [1, 2, 3, 4]), ("new", "p", [4, 5, 6])]


def test_a_meter_that_moves(link, daily, told):
    link("create", 1, Meter="m", UsagePoint="p-1")
    link("change", 4, Meter="m", UsagePoint="p-2")
    daily("m", 1, 6, clock="00:00", kind=Kind.REGISTERS)
    assert told(point("p-1")) == [("m", "p-1", [1, 2, 3, 4])]
    assert told(point("p-2")) == [("m", "p-2", [4, 5, 6])]
    assert told(point("p-1") + point("p-2")) == [("m", "p-1", [1, 2, 3, 4]), ("m", "p-2", [4, 5, 6])]


def test_a_link_that_goes_on_tells_nothing_twice(link, daily, told):
    link("create", 3, Meter="m", UsagePoint="p")
    link("create", 1, Meter="m", UsagePoint="p")
    daily("m", 1, 5, clock="00:00", kind=Kind.REGISTERS)
    assert told(point("p")) == [("m", "p", [1, 2, 3, 4, 5])]


def test_what_a_message_says_of_its_usage_point_is_so(link, daily, told):
    link("create", 1, Meter="m", UsagePoint="linked")
    daily("m", 1, 2, point="said")
    daily("m", 3, 4)
    assert told(point("linked")) == [("m", "linked", [3, 4])]
    assert told(point("said")) == [("m", "said", [1, 2])]


def test_readings_of_the_usage_point_itself_and_of_its_meters(link, daily, told):
    link("create", 1, Meter="m", UsagePoint="p")
    daily(None, 1, 2, point="p")
    daily("m", 2, 3)
    assert told(point("p")) == [(None, "p", [1, 2]), ("m", "p", [2, 3])]


def test_a_later_reading_of_the_meter_replaces_its_earlier_one(link, daily, told):
    link("create", 1, Meter="m", UsagePoint="p")
    daily("m", 1, 3, point="p", value="wrong")
    daily("m", 2, 3, value="right")
    assert told(point("p"), values=True) == [("m", "p", ["wrong", "right", "right"])]


def test_a_meter_that_sends_nothing(exchange, link, daily):
    link("create", 1, Meter="m", UsagePoint="p")
    daily("m", 1, 2)
    reply = exchange.get(schedule(5, 6) + point("p")).reply
    assert [(e.code, e.id.object_type, e.id.value) for e in reply.errors] == [("5.7", "UsagePoint", "p")]


def test_a_long_life_elsewhere_does_not_count(exchange, settings, link, daily, told, readings_of):
    daily("m", 1, 19)
    link("create", 20, Meter="m", UsagePoint="p")
    daily("m", 21, 24)
    with Adapter(replace(settings, max_readings=4)) as adapter:
        reply = type(exchange)(adapter).get(point("p"))
    assert [len(item.blocks[0].readings) for item in readings_of(reply)] == [4]


def test_deleted_is_what_was_sent_as_the_usage_points_own(exchange, link, daily, told):
    link("create", 1, Meter="m", UsagePoint="p")
    daily("m", 1, 2)
    (error,) = exchange.delete('<ID objectType="UsagePoint">p</ID>').reply.errors
    assert (error.code, "deleted by meter" in error.reason) == ("5.7", True)
    assert exchange.delete("<ID>m</ID>").reply.result is Result.OK
    assert told(point("p")) == []


# ------------------------------------------------------------------------------------------- groups


@pytest.fixture
def group(exchange):
    """``group("EndDeviceGroup", "g", "EndDevices", "m-1", "m-2")``"""

    def run(kind, mrid, part, *members):
        parts = "".join(f"<{part}><mRID>{member}</mRID></{part}>" for member in members)
        noun = f"{kind}s"
        payload = (
            f'<{noun} xmlns="http://iec.ch/TC57/2011/{noun}#"><{kind}><mRID>{mrid}</mRID>{parts}</{kind}></{noun}>'
        )
        reply = exchange.send("create", noun=noun, payload=payload).reply
        assert reply.result is Result.OK, reply.errors

    return run


@pytest.fixture
def errors(exchange):
    def run(profile):
        reply = exchange.get(profile).reply
        return reply.result.value, [(e.code, e.id and (e.id.object_type, e.id.value)) for e in reply.errors]

    return run


def test_a_group_of_meters(group, daily, told, errors):
    group("EndDeviceGroup", "g", "EndDevices", "m-1", "m-2", "silent")
    for name in ("m-1", "m-2", "m-3"):
        daily(name, 1, 1)
    asked = "<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>"
    assert told(asked) == [("m-1", None, [1]), ("m-2", None, [1])]
    assert errors(asked) == ("OK", [("0.0", None)]), "a silent member was not asked for by name"
    assert told(meter("m-2") + meter("m-3") + asked) == [("m-2", None, [1])], "group and meter must both fit"
    assert errors(meter("m-3") + asked) == (
        "FAILED",
        [("5.7", ("Meter", "m-3")), ("5.7", ("EndDeviceGroup", "g"))],
    )


def test_a_group_of_usage_points(group, link, daily, told):
    group("UsagePointGroup", "g", "UsagePoints", "p-1", "p-2")
    link("create", 2, Meter="m", UsagePoint="p-1")
    daily("m", 1, 3)
    daily(None, 1, 1, point="p-2")
    daily(None, 1, 1, point="p-3")
    asked = "<UsagePointGroup><mRID>g</mRID></UsagePointGroup>"
    assert sorted(told(asked), key=lambda item: item[1]) == [("m", "p-1", [2, 3]), (None, "p-2", [1])]


def test_the_usage_points_of_a_transformer(link, daily, told, errors):
    link("create", 1, TransformerTank="t", UsagePoint="p")
    link("create", 2, Meter="m", UsagePoint="p")
    daily("m", 1, 3)
    assert told("<TransformerTank><mRID>t</mRID></TransformerTank>") == [("m", "p", [2, 3])]
    assert errors("<TransformerTank><mRID>none</mRID></TransformerTank>") == (
        "FAILED",
        [("2.15", ("TransformerTank", "none"))],
    )


def test_groups_nobody_has_told_of(errors):
    for kind in ("EndDeviceGroup", "UsagePointGroup"):
        assert errors(f"<{kind}><mRID>g</mRID></{kind}>") == ("FAILED", [("2.15", (kind, "g"))])
