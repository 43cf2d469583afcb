"""What the journal keeps of readings that came over REST is the message that SOAP would carry: it is valid, and
read back it brings what was stored.
"""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import MESSAGE, read_message
from cim_adapter.errors import Invalid
from cim_adapter.items.reading import Reading
from cim_adapter.items.vocabulary import QualityWords, ReadingWords
from cim_adapter.nouns.readings.xml import read_meter_readings
from cim_adapter.schema import Budget, Catalogue
from cim_adapter.schema.bridge import Bridge
from cim_adapter.transports.rest.addresses import Addresses
from cim_adapter.transports.rest.bodies import Sent
from cim_adapter.transports.rest.reading_message import ReadingMessage
from cim_adapter.transports.rest.reading_writer import ReadingWriter

WRITER, MESSAGES = ReadingWriter(CodeLists()), ReadingMessage()
CATALOGUE = Catalogue([Path(__file__).parents[3] / "xsd"])
BRIDGE = Bridge(CATALOGUE)

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=250)
moments = st.sampled_from(
    [
        "2026-03-01T00:15:00Z",
        "2026-03-01T24:00:00+01:00",
        "2026-03-01T00:15:00.123456789-13:59",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
    ]
)
values = st.one_of(
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["+1", ".5", "1e9"]),
)
# Names with white space around them are the same in the store; XML keeps that of a name, too.
names = st.one_of(texts, st.uuids().map(str))
readings = st.builds(
    Reading,
    meter_id=names,
    usage_point_id=st.none() | names,
    reading_type=st.sampled_from(ReadingWords.TYPES),
    reading_date_time=moments,
    value=values,
    unit=st.sampled_from(ReadingWords.UNITS),
    phase=st.none() | st.sampled_from(ReadingWords.PHASES),
    quality=st.none() | st.sampled_from(QualityWords.WORDS),
    quality_codes=st.lists(st.sampled_from(["1.0.0", "3.8.0", "2.5.259"]), max_size=2),
    reported_date_time=st.none() | moments,
    source=st.none() | texts,
    reason=st.none() | st.sampled_from(["billing", "moveIn"]),
)


REGISTER = Reading(
    meter_id="M-7", reading_type="registerReads", reading_date_time="2026-03-01T00:15:00Z", value="1", unit="Wh"
)


@settings(max_examples=150, deadline=None)
@example([REGISTER, replace(REGISTER, reading_type="intervalData")])
@given(st.lists(readings, min_size=1, max_size=6))
def test_it_says_what_is_stored(items):
    brought = WRITER.write(Sent(items, "/readings"), Addresses({}))
    body = MESSAGES.write("create", "id-1", brought)
    root = BRIDGE.read(body, MESSAGE, Budget())
    CATALOGUE.check(root)
    message = read_message(root)
    (payload,) = message.payload.elements
    CATALOGUE.check(payload)
    assert (message.header.verb, message.header.noun, message.header.message_id) == (
        "create",
        "MeterReadings",
        "id-1",
    )
    assert read_meter_readings(payload) == brought


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"meter_id": ""}, "/readings/1/meterId"),
        ({"meter_id": "M\u0001"}, "/readings/1/meterId"),
        ({"usage_point_id": "p" * 251}, "/readings/1/usagePointId"),
        ({"reading_date_time": "2026-03-01T00:15:00Z\n"}, "/readings/1/readingDateTime"),
        ({"reading_date_time": "2026-03-01T00:15:00+14:01"}, "/readings/1/readingDateTime"),
        ({"reading_date_time": "0000-03-01T00:15:00Z"}, "/readings/1/readingDateTime"),
        ({"reported_date_time": "2026-02-30T00:15:00Z"}, "/readings/1/reportedDateTime"),
        ({"value": "NaN"}, "/readings/1/value"),
        ({"value": True}, "/readings/1/value"),
        ({"quality": "fair"}, "/readings/1/quality"),
        ({"reason": "whim"}, "/readings/1/reason"),
    ],
)
def test_what_the_schema_would_refuse_is_refused_here(members, pointer):
    good = {
        "meter_id": "M",
        "reading_type": "registerReads",
        "reading_date_time": "2026-03-01T00:15:00Z",
        "value": 1,
        "unit": "kWh",
    }
    with pytest.raises(Invalid) as refused:
        WRITER.write(Sent([Reading(**good), Reading(**good | members)], "/readings"), Addresses({}))
    assert [finding.path for finding in refused.value.findings] == [pointer]
