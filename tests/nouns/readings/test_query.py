"""What a get answers: which readings are visible, in which order, and what is said of the rest."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cim_adapter import Adapter
from cim_adapter.envelope import Result
from cim_adapter.nouns.readings.model import Block, MeterReading, Period, Quality, Reading
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind

VALID, ESTIMATED = Quality("1.0.0", comment="fine"), Quality("3.8.1", source="MDM")


def meter(*mrids):
    return "".join(f"<EndDevice><mRID>{mrid}</mRID></EndDevice>" for mrid in mrids)


def point(mrid):
    return f"<UsagePoint><mRID>{mrid}</mRID></UsagePoint>"


def reading_type(*names):
    return "".join(f"<ReadingType><Names><name>{name}</name></Names></ReadingType>" for name in names)


def schedule(start, end):
    return (
        f"<TimeSchedule><scheduleInterval><end>2026-03-01T{end}:00Z</end>"
        f"<start>2026-03-01T{start}:00Z</start></scheduleInterval></TimeSchedule>"
    )


def quality(name):
    named = f"<Names><name>{name}</name></Names>"
    return f"<ReadingQuality><ReadingQualityType>{named}</ReadingQualityType></ReadingQuality>"


@pytest.fixture
def stored_values(exchange, values_of):
    """(time of day, value) of what a get finds."""
    return lambda profile="": [(stamp[11:16], value) for stamp, value in values_of(exchange.stored(profile))]


@pytest.fixture
def errors(exchange):
    """Result, and (code, about) of each error of a get."""

    def run(profile):
        reply = exchange.get(profile).reply
        return reply.result.value, [(e.code, e.id and (e.id.object_type, e.id.value)) for e in reply.errors]

    return run


def test_the_later_value_of_a_timestamp_wins(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:15", "1"), ("00:30", "1"), ("00:45", "1")))
    exchange.create(intervals("m-1", ("00:30", "2"), ("01:00", "2")))
    exchange.create(intervals("m-1", ("00:30", "3"), reading_type="other"))
    assert stored_values(reading_type("kWh")) == [("00:15", "1"), ("00:30", "2"), ("00:45", "1"), ("01:00", "2")]


def test_within_a_message_the_last_value_of_a_timestamp_wins(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:15", "1"), ("00:30", "2"), ("00:15", "3")))
    assert stored_values() == [("00:30", "2"), ("00:15", "3")]


def test_an_instant_is_the_same_whatever_its_offset(exchange, intervals, values_of):
    exchange.create(intervals("m-1", ("00:15", "1")))
    shifted = intervals("m-1", ("00:15", "2"))
    shifted.blocks[0].readings[0].timestamp = "2026-03-01T02:15:00.000+02:00"
    exchange.create(shifted)
    assert values_of(exchange.stored()) == [("2026-03-01T02:15:00.000+02:00", "2")]


def test_a_correction_without_usage_point_wins_for_the_usage_point_too(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:15", "wrong"), point="p-1"))
    exchange.create(intervals("m-1", ("00:15", "right")))
    assert ("00:15", "wrong") not in stored_values(point("p-1"))
    assert stored_values(meter("m-1")) == [("00:15", "right")]


def test_meters_do_not_replace_each_other(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:15", "1")), intervals("m-2", ("00:15", "2")))
    assert stored_values() == [("00:15", "1"), ("00:15", "2")]
    assert stored_values(meter("m-2")) == [("00:15", "2")]


def test_a_usage_point_without_meter_is_a_series_of_its_own(exchange, intervals, stored_values):
    exchange.create(intervals(None, ("00:15", "1"), point="p-1"))
    exchange.create(intervals(None, ("00:15", "2"), point="p-1"), intervals(None, ("00:15", "3"), point="p-2"))
    assert stored_values(point("p-1")) == [("00:15", "2")]


def test_order_of_one_message_is_kept(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:45", "1"), ("00:15", "2"), ("00:30", "3")))
    assert stored_values() == [("00:45", "1"), ("00:15", "2"), ("00:30", "3")]


def test_several_messages_are_put_in_the_order_of_time(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", ("00:45", "1"), ("00:15", "1")))
    exchange.create(intervals("m-1", ("01:00", "2"), ("00:30", "2")))
    assert stored_values() == [("00:15", "1"), ("00:30", "2"), ("00:45", "1"), ("01:00", "2")]


def test_windows_hold_both_their_ends(exchange, intervals, stored_values):
    exchange.create(intervals("m-1", *((f"0{n}:00", str(n)) for n in range(9))))
    assert [value for _, value in stored_values(schedule("02:00", "03:00"))] == ["2", "3"]
    both = schedule("01:00", "02:00") + schedule("07:30", "23:00")
    assert [value for _, value in stored_values(both)] == ["1", "2", "8"]


def test_qualities_are_asked_of_what_is_visible(exchange, intervals, stored_values):
    """A value that was replaced is not found by the quality it had."""
    exchange.create(intervals("m-1", ("00:15", "1", ESTIMATED), ("00:30", "1", ESTIMATED, VALID)))
    exchange.create(intervals("m-1", ("00:15", "2", VALID)))
    assert stored_values(quality("3.8.1")) == [("00:30", "1")]
    assert stored_values(quality("1.0.0")) == [("00:15", "2"), ("00:30", "1")]


def test_reading_types_are_a_choice(exchange, intervals, stored_values):
    for name, value in (("a", "1"), ("b", "2"), ("c", "3")):
        exchange.create(intervals("m-1", ("00:15", value), reading_type=name))
    assert [value for _, value in stored_values(reading_type("a", "c"))] == ["1", "3"]


def test_meter_and_usage_point_must_both_fit(exchange, intervals, stored_values):
    exchange.create(
        intervals("m-1", ("00:15", "1"), point="p-1"),
        intervals("m-1", ("00:30", "2"), point="p-2"),
        intervals("m-2", ("00:45", "3"), point="p-1"),
    )
    assert stored_values(meter("m-1") + point("p-1")) == [("00:15", "1")]


def test_reason_source_and_time_of_a_reading(exchange, values_of):
    readings = [
        Reading(timestamp="2026-03-01T00:15:00Z", value="1", reason="billing", source="HES", position=0),
        Reading(timestamp="2026-03-01T00:30:00Z", value="2", reason="moveIn", source="HES", position=1),
        Reading(timestamp="2026-03-01T00:45:00Z", value="3", reason="billing", source="MDM", position=2),
    ]
    item = MeterReading(Identity("m-1"), None, [Block(Kind.REGISTERS, "kWh", readings)])
    exchange.create(item)
    assert exchange.stored() == [item]
    for selector, expected in {
        "<reason>billing</reason>": ["1", "3"],
        "<reason>billing</reason><source>HES</source>": ["1"],
        "<timePeriod><start>2026-03-01T00:30:00Z</start></timePeriod>": ["2", "3"],
    }.items():
        assert [v for _, v in values_of(exchange.stored(f"<Reading>{selector}</Reading>"))] == expected


# ------------------------------------------------------------------------------------------ errors


def test_what_is_said_of_those_who_have_nothing(exchange, intervals, errors):
    exchange.create(intervals("m-1", ("00:15", "1"), point="p-1"), intervals("m-2", ("12:00", "1")))
    window = schedule("00:00", "01:00")
    assert errors(meter("m-1")) == ("OK", [("0.0", None)])
    assert errors(meter("nobody")) == ("FAILED", [("2.4", ("Meter", "nobody"))])
    assert errors(point("nowhere")) == ("FAILED", [("2.12", ("UsagePoint", "nowhere"))])
    assert errors(meter("m-2") + window) == ("FAILED", [("5.7", ("Meter", "m-2"))])
    assert errors(meter("m-1", "nobody", "m-2") + window) == (
        "PARTIAL",
        [("2.4", ("Meter", "nobody")), ("5.7", ("Meter", "m-2"))],
    )
    assert errors(meter("m-1") + reading_type("kWh", "kvarh")) == (
        "PARTIAL",
        [("5.7", ("ReadingType", "kvarh"))],
    )
    assert errors(schedule("22:00", "23:00")) == ("FAILED", [("5.7", None)])


def test_an_answer_larger_than_a_request_may_be_is_given_again(exchange, settings, intervals):
    """The budget bounds what partners send; what we answered before is ours."""
    for day in range(1, 5):
        exchange.create(intervals("m-1", *((f"{hour:02}:00", "1") for hour in range(24)), day=day))
    with Adapter(replace(settings, max_elements=200)) as adapter:
        small = type(exchange)(adapter)
        first, again = (small.send("get", request="<ID>m-1</ID>", message_id="id-1") for _ in range(2))
    assert first.reply.result is Result.OK
    assert again.header == first.header


# ------------------------------------------------------------------------- what goes in comes out

texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=8)
maybe = st.none() | texts
stamps = st.lists(st.integers(0, 10**6), min_size=1, max_size=4, unique=True)
zones = st.sampled_from(["Z", "+00:00", "", ".000Z", ".0Z"])
a_quality = st.builds(Quality, texts.map(str.strip).filter(bool), maybe, maybe)


@st.composite
def block(draw, kind, name):
    """A block with readings at different instants, in any order."""
    made = []
    for second in draw(stamps):
        stamp = (
            f"2026-03-{1 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        )
        made.append(
            Reading(
                timestamp=stamp + draw(zones),
                value=draw(maybe),
                qualities=tuple(draw(st.lists(a_quality, max_size=2))),
                reported=draw(st.sampled_from([None, "2026-03-01T00:00:00+01:00"])),
                source=draw(maybe),
                period=draw(st.sampled_from([None, Period("2026-03-01T00:00:00Z", None)])),
                reason=draw(st.sampled_from([None, "billing"])) if kind is Kind.REGISTERS else None,
                position=len(made),
            )
        )
    if kind is Kind.INTERVALS:
        for reading in made:
            reading.position = 0
    return Block(kind, name, made)


@st.composite
def one_meter(draw, mrid):
    blocks = [
        draw(block(kind, name))
        for kind, name in ((Kind.INTERVALS, "a"), (Kind.REGISTERS, "r"))
        if draw(st.booleans())
    ]
    return MeterReading(
        meter=Identity(mrid),
        usage_point=draw(st.sampled_from([None, Identity(f"point of {mrid}")])),
        blocks=blocks or [draw(block(Kind.INTERVALS, "a"))],
    )


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_goes_in_comes_out(exchange, data):
    """Values keep their text, timestamps theirs; qualities and order survive."""
    mrids = [f"{uuid4()}" for _ in range(data.draw(st.integers(1, 3)))]  # meters that no other example has
    items = [data.draw(one_meter(mrid)) for mrid in mrids]
    assert exchange.create(*items).reply.result is Result.OK
    found = {item.meter.mrid: item for item in exchange.stored(meter(*mrids))}
    assert [found[mrid] for mrid in mrids] == items
