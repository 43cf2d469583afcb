"""The codec of MeterReadings: domain objects, XML, and domain objects again."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.instants import Instants
from cim_adapter.nouns.readings.model import Around, Block, MeterReading, Pending, Period, Quality, Reading
from cim_adapter.nouns.readings.xml import NAMESPACE, read_meter_readings, write_meter_readings
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.readings import Kind

patient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=12)
words = texts.map(str.strip).filter(bool)
maybe = st.none() | texts
numbers = st.integers(-999, 999).map(str)
zones = st.sampled_from(["", "Z", "+00:00", "-05:30", "+14:00"])
clocks = st.sampled_from(["00:00:00", "23:59:59.5", "12:30:00.1234567", "24:00:00"])
times = st.builds("{:%Y-%m-%dT}{}{}".format, st.dates(min_value=date(1970, 1, 1)), clocks, zones)
periods = st.builds(Period, start=st.none() | times, end=st.none() | times)
qualities = st.builds(Quality, type=words, comment=maybe, source=maybe, timestamp=st.none() | times)


def readings(**more):
    return st.builds(
        Reading,
        timestamp=st.none() | times,
        value=maybe,
        qualities=st.lists(qualities, max_size=2).map(tuple),
        reported=st.none() | times,
        source=maybe,
        period=st.none() | periods,
        **more,
    )


pendings = st.builds(
    Pending,
    reading_type=words,
    multiply_before_add=st.none() | st.sampled_from(["true", "0"]),
    offset=st.none() | numbers,
    scalar_denominator=st.none() | numbers,
    scalar_float=st.none() | st.sampled_from(["1.50", "1e-3", "INF"]),
    scalar_numerator=st.none() | numbers,
)
described = st.tuples(texts, maybe)
names = st.one_of(
    st.builds(Name, texts),
    st.builds(lambda n, t: Name(n, t[0], None, t[1], None), texts, described),
    st.builds(lambda n, t, a: Name(n, t[0], a[0], t[1], a[1]), texts, described, described),
)
identities = st.builds(Identity, st.none() | words, st.lists(names, max_size=2).map(tuple))
interval_blocks = st.builds(
    Block,
    kind=st.just(Kind.INTERVALS),
    reading_type=words,
    readings=st.lists(readings(reason=st.none()), max_size=3),
    pending=st.none() | pendings,
)
registers = st.tuples(words, readings(reason=st.sampled_from([None, "billing", "other", "serviceDisconnect"])))
arounds = st.builds(
    Around,
    is_coincident_trigger=st.none() | st.sampled_from(["true", "false", "1"]),
    values_interval=st.none() | periods,
    meter_status=st.none() | st.tuples(st.none() | times, maybe, maybe, maybe),
)


@st.composite
def meter_readings(draw):
    """A MeterReading as a reader makes it: registers grouped by type, numbered in their order."""
    blocks = draw(st.lists(interval_blocks, max_size=3))
    by_type = {}
    for position, (reading_type, reading) in enumerate(draw(st.lists(registers, max_size=4))):
        reading.position = position
        by_type.setdefault(reading_type, Block(Kind.REGISTERS, reading_type, [])).readings.append(reading)
    blocks.extend(by_type.values())
    meter = draw(st.none() | identities)
    around = draw(arounds)
    if meter is None:
        around = Around(around.is_coincident_trigger, around.values_interval)
    for block in blocks:
        block.around = None if around == Around() else around
    return MeterReading(meter=meter, usage_point=draw(st.none() | identities), blocks=blocks)


@patient
@given(st.lists(meter_readings(), max_size=3))
def test_what_is_written_is_valid_and_is_read_back_equal(contract, items):
    written = etree.fromstring(etree.tostring(write_meter_readings(items)))
    contract.check(written)
    assert read_meter_readings(written) == items


@patient
@given(st.lists(meter_readings(), min_size=1, max_size=3))
def test_reading_and_writing_again_changes_no_byte(items):
    once = etree.tostring(write_meter_readings(items), method="c14n")
    assert etree.tostring(write_meter_readings(read_meter_readings(etree.fromstring(once))), method="c14n") == once


EVENT = """<m:EndDeviceEvents xmlns:m="{0}"><m:mRID>e-1</m:mRID>
  <m:createdDateTime> 2026-03-01T00:00:00Z </m:createdDateTime><m:reason>power &lt; limit</m:reason>
  <m:EndDeviceEventType ref="3.26.0.185"/><m:Names><m:name>n</m:name></m:Names></m:EndDeviceEvents>"""


@pytest.fixture
def read():
    """The MeterReadings under a root with this content."""

    def run(content):
        return read_meter_readings(
            etree.fromstring(f'<MeterReadings xmlns="{NAMESPACE}">{content}</MeterReadings>')
        )

    return run


def test_events_are_kept_as_they_came(contract, read):
    event = EVENT.format(NAMESPACE)
    (item,) = read(f"<MeterReading>{event}<Meter><mRID>m</mRID></Meter></MeterReading>")
    (block,) = item.blocks
    assert (block.kind, block.reading_type) == (Kind.EVENTS, "3.26.0.185")
    assert [reading.timestamp for reading in block.readings] == ["2026-03-01T00:00:00Z"]
    written = write_meter_readings([item])
    contract.check(etree.fromstring(etree.tostring(written)))
    (kept,) = written.iter(f"{{{NAMESPACE}}}EndDeviceEvents")
    assert etree.tostring(kept, method="c14n") == etree.tostring(etree.fromstring(event), method="c14n")


def test_order_of_registers_is_kept_across_types(read):
    readings = "".join(
        f'<Readings><value>{n}</value><ReadingType ref="{kind}"/></Readings>' for n, kind in enumerate("abaab")
    )
    (item,) = read(f"<MeterReading>{readings}</MeterReading>")
    assert [(block.reading_type, [r.value for r in block.readings]) for block in item.blocks] == [
        ("a", ["0", "2", "3"]),
        ("b", ["1", "4"]),
    ]
    written = write_meter_readings([item])
    assert [element.text for element in written.iter(f"{{{NAMESPACE}}}value")] == list("01234")


def test_white_space_around_times_goes_and_that_of_values_stays(read):
    (item,) = read(
        "<MeterReading><IntervalBlocks><IntervalReadings><timeStamp>\n 2026-03-01T00:00:00Z </timeStamp>"
        '<value> 1.50 </value></IntervalReadings><ReadingType ref="t"/></IntervalBlocks></MeterReading>'
    )
    (reading,) = item.blocks[0].readings
    assert (reading.timestamp, reading.value) == ("2026-03-01T00:00:00Z", " 1.50 ")


def test_type_definitions_are_no_readings(read):
    assert read("<ReadingType><Names><name>t</name></Names></ReadingType>") == []


# ---------------------------------------------------------------------------------------- instants


@pytest.mark.parametrize(
    ("reading", "at"),
    [
        (Reading(), None),
        (Reading(timestamp="1970-01-01T00:00:01Z", period=Period("1970-01-01T00:00:05Z")), 1_000_000),
        (Reading(period=Period("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z")), 2_000_000),
        (Reading(period=Period("1970-01-01T00:00:01Z")), 1_000_000),
        (Reading(period=Period()), None),
    ],
)
def test_the_instant_of_a_reading(reading, at):
    assert reading.at(Instants()) == at


def test_bounds_of_a_block():
    block = Block(Kind.INTERVALS, "t", [Reading(timestamp=f"1970-01-01T00:00:0{n}Z") for n in (2, 1, 3)])
    assert block.bounds(Instants()) == (1_000_000, 3_000_000)


def test_a_reading_nobody_could_find_again():
    with pytest.raises(ValueError, match="neither timeStamp nor timePeriod"):
        Block(Kind.INTERVALS, "t", [Reading(timestamp="1970-01-01T00:00:00Z"), Reading(value="1")]).bounds(
            Instants()
        )


def test_a_block_without_readings_is_called_that():
    with pytest.raises(ValueError, match=r"no readings|empty"):
        Block(Kind.INTERVALS, "t", []).bounds(Instants())


@pytest.mark.parametrize(
    ("period", "window"),
    [
        (Period(), (-(2**62), 2**62)),
        (Period("1970-01-01T00:00:01Z"), (1_000_000, 2**62)),
        (Period(None, "1970-01-01T00:00:01Z"), (-(2**62), 1_000_000)),
    ],
)
def test_a_period_may_be_open(period, window):
    assert period.window() == window
