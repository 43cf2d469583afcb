"""An adapter that is talked to without a transport: elements in, messages out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree
from msgspec.structs import replace

from cim_adapter import Adapter, Message, Settings
from cim_adapter.access import Credentials
from cim_adapter.envelope import MESSAGE_NS, ShapeReader, read_message
from cim_adapter.errors import AdapterError
from cim_adapter.nouns.readings.model import Block, MeterReading, Reading
from cim_adapter.nouns.readings.xml import read_meter_readings, write_meter_readings
from cim_adapter.schema import Catalogue
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind
from cim_adapter.wire import Answer, Arrival

QUERY_NS = "http://iec.ch/TC57/2011/GetMeterReadings#"


class BareWire:
    """A transport without an envelope of its own."""

    name = "bare"

    def open(self, document: etree._Element) -> etree._Element:
        return document

    def close(self, message: etree._Element, _text: bytes) -> Answer:
        return Answer(body=etree.tostring(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return Answer(body=etree.tostring(message), status=500)


@dataclass
class Exchange:
    """Requests to an adapter and what came of them."""

    adapter: Adapter

    def send(
        self,
        verb: str,
        *,
        noun: str = "MeterReadings",
        request: str = "",
        payload: str = "",
        header: str = "",
        message_id: str | None = None,
    ) -> Message:
        """The reply to a RequestMessage with this content of Request and Payload.

        ``header`` is what stands between Noun and MessageID.
        """
        parts = f"<Header><Verb>{verb}</Verb><Noun>{noun}</Noun>{header}"
        parts += f"<MessageID>{message_id or uuid.uuid4()}</MessageID></Header>"
        parts += f"<Request>{request}</Request>" if request else ""
        parts += f"<Payload>{payload}</Payload>" if payload else ""
        return self.take(f'<RequestMessage xmlns="{MESSAGE_NS}">{parts}</RequestMessage>')

    def document(self, xml: str) -> etree._Element:
        """The answer as it is written."""
        arrival = Arrival(body=xml.encode(), credentials=Credentials(), remote=None, wire=BareWire(), streams=True)
        answer = asyncio.run(self._whole(arrival))
        assert answer.status == 200, answer.body.decode()
        return etree.fromstring(answer.body)

    def take(self, xml: str) -> Message:
        message = self.document(xml)
        if etree.QName(message).namespace == MESSAGE_NS:
            _, message = ShapeReader().recognise(message)
        return read_message(message)  # a typed response is its own carrier

    async def _whole(self, arrival: Arrival) -> Answer:
        answer = await self.adapter.pipeline.take(arrival)
        if answer.stream is None:
            return answer
        return replace(answer, body=b"".join([part async for part in answer.stream]), stream=None)

    def create(self, *items: MeterReading, verb: str = "create", message_id: str | None = None) -> Message:
        payload = etree.tostring(write_meter_readings(items)).decode()
        return self.send(verb, payload=payload, message_id=message_id)

    def get(self, profile: str = "", request: str = "") -> Message:
        """``profile`` is the content of GetMeterReadings, ``request`` what stands before it."""
        return self.send(
            "get", request=f'{request}<GetMeterReadings xmlns="{QUERY_NS}">{profile}</GetMeterReadings>'
        )

    def delete(self, *ids: str, request: str = "", message_id: str | None = None) -> Message:
        return self.send("delete", request=request + "".join(ids), message_id=message_id)

    def stored(self, profile: str = "", request: str = "") -> list[MeterReading]:
        return found(self.get(profile, request))


def found(message: Message) -> list[MeterReading]:
    """The MeterReadings of a reply; none where it has no payload."""
    return [
        item
        for element in (message.payload.elements if message.payload else ())
        for item in read_meter_readings(element)
    ]


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database=database, open=True)


@pytest.fixture
def exchange(adapter: Adapter) -> Exchange:
    return Exchange(adapter)


@pytest.fixture
def ask(exchange: Exchange) -> Callable[..., Message]:
    """``ask(verb, noun, payload="…", request="…")`` → the reply; payload and request are inner XML.

    ``reply`` makes the message a typed one, with this Reply part.
    """

    def send(
        verb: str,
        noun: str,
        payload: str | None = None,
        request: str = "",
        base: str = "http://iec.ch/TC57/2011/",
        message_id: str | None = None,
        correlation_id: str | None = None,
        reply: str = "",
    ) -> Message:
        head = f"<Verb>{verb}</Verb><Noun>{noun}</Noun><MessageID>{message_id or uuid.uuid4()}</MessageID>"
        head += f"<CorrelationID>{correlation_id}</CorrelationID>" if correlation_id else ""
        inside = None if payload is None else f'<{noun} xmlns="{base}{noun}#">{payload}</{noun}>'
        if reply:
            root, outer = f"{verb.capitalize()}{noun}", f"{base}{noun}Message"
            body = f'<t:Header xmlns="{MESSAGE_NS}">{head}</t:Header>'
            body += f'<t:Reply xmlns="{MESSAGE_NS}">{reply}</t:Reply>'
            body += "" if inside is None else f"<t:Payload>{inside}</t:Payload>"
            return exchange.take(f'<t:{root} xmlns:t="{outer}">{body}</t:{root}>')
        body = f"<Header>{head}</Header>"
        body += f"<Request>{request}</Request>" if request else ""
        body += "" if inside is None else f"<Payload>{inside}</Payload>"
        return exchange.take(f'<RequestMessage xmlns="{MESSAGE_NS}">{body}</RequestMessage>')

    return send


@pytest.fixture(scope="session")
def exchange_on() -> type[Exchange]:
    """An exchange with an adapter of the test's own."""
    return Exchange


@pytest.fixture(scope="session")
def contract() -> Catalogue:
    return Catalogue([Path(__file__).parents[2] / "xsd"])


@pytest.fixture(scope="session")
def readings_of() -> Callable[[Message], list[MeterReading]]:
    return found


@pytest.fixture(scope="session")
def values_of() -> Callable[[list[MeterReading]], list[tuple[str | None, str | None]]]:
    """(timestamp, value) of every reading, in order."""
    return lambda items: [(r.timestamp, r.value) for item in items for b in item.blocks for r in b.readings]


@pytest.fixture(scope="session")
def intervals() -> Callable[..., MeterReading]:
    """A MeterReading with one IntervalBlock: ``intervals("m-1", ("00:15", "1.0"), ("00:30", "2.0"))``; a
    reading is a time on 2026-03-01 (UTC) with a value and, if need be, qualities.
    """

    def make(
        meter: str | None,
        *given: Sequence[object],
        point: str | None = None,
        reading_type: str = "kWh",
        day: int = 1,
    ) -> MeterReading:
        made = [
            Reading(timestamp=f"2026-03-{day:02}T{time}:00Z", value=value, qualities=tuple(qualities))
            for time, value, *qualities in given
        ]
        return MeterReading(
            meter=None if meter is None else Identity(meter),
            usage_point=None if point is None else Identity(point),
            blocks=[Block(Kind.INTERVALS, reading_type, made)],
        )

    return make
