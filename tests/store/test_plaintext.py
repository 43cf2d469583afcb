"""Encryption at rest: what is personal is not on the disk."""

import asyncio

import pytest
from lxml import etree

from cim_adapter import Settings
from cim_adapter.access import Credentials
from cim_adapter.store.store import Store
from cim_adapter.wire import Answer, Arrival

MARKERS = ("4711.0815", "Kitchenette", "ContractOfMrSmith", "HumanRemark", "DescriptionOfType")
MESSAGE = f"""\
<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message">
  <Header><Verb>create</Verb><Noun>MeterReadings</Noun><MessageID>m-1</MessageID></Header>
  <Payload><MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading>
    <IntervalBlocks>
      <IntervalReadings><timeStamp>2026-03-01T00:15:00Z</timeStamp><value>{MARKERS[0]}</value>
        <ReadingQualities><comment>{MARKERS[3]}</comment><ReadingQualityType ref="1.0.0"/></ReadingQualities>
      </IntervalReadings>
      <ReadingType ref="0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"/>
    </IntervalBlocks>
    <Meter><mRID>meter-mrid</mRID><Names><name>{MARKERS[1]}</name>
      <NameType><description>{MARKERS[4]}</description><name>Place</name></NameType></Names></Meter>
    <UsagePoint><Names><name>{MARKERS[2]}</name></Names></UsagePoint>
  </MeterReading></MeterReadings></Payload>
</RequestMessage>"""


class BareWire:
    name = "bare"

    def open(self, document):
        return document

    def close(self, message, _text):
        return Answer(body=etree.tostring(message))

    fault = None


@pytest.fixture
def take(adapter):
    async def run(body):
        return await adapter.pipeline.take(
            Arrival(body=body, credentials=Credentials(), remote=None, wire=BareWire())
        )

    return lambda body: asyncio.run(run(body.encode())).body


@pytest.fixture
def settings(database, tmp_path):
    return Settings(data=tmp_path / "data", database=database, open=True)


def test_names_and_values_are_not_on_the_disk(backend, adapter, settings, take):
    get = (
        '<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>get</Verb>'
        "<Noun>MeterReadings</Noun></Header><Request><ID>meter-mrid</ID></Request></RequestMessage>"
    )
    assert b">OK<" in take(MESSAGE)
    assert MARKERS[0].encode() in take(get)
    if backend == "sqlite":
        stored = b"".join(path.read_bytes() for path in settings.data.iterdir())
    else:
        stored = dump(adapter.store)
    assert b"meter-mrid" in stored  # we are looking in the right place: mRIDs may be in clear
    assert [marker for marker in MARKERS if marker.encode() in stored] == []


def dump(store: Store) -> bytes:
    return store.read_now(
        lambda reader: b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in store.tables.metadata.sorted_tables
            for row in reader.select(table.select())
            for value in row
        )
    )
