"""CreateMeterReadings requests: one is built with lxml, the rest are made from it.

A message carries a day of quarter hours per meter: 1 reading is one meter with one value, 96 is one meter
with a whole day, 10,000 is 105 meters. Meters come from a population of 1,000; when all of them had their
turn, the next day begins, so that no two messages carry the same reading. The warm-up sees every meter once:
a meter is new once in its life, and that message costs more than all that follow.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
READING_TYPE = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
SOAP_ACTION = "http://iec.ch/TC57/2011/MeterReadings/CreateMeterReadings"
POPULATION = 1_000
PER_METER = 96
FIRST_DAY = date(2020, 1, 1)

# Placeholders have the width of what replaces them, so that every request has the same Content-Length.
_MESSAGE_ID = "#message-id-in-thirty-six-characters"
_BATCH = "#batch"
_DAY = "yyyy-mm-dd"


@dataclass(frozen=True)
class Dialect:
    """The namespaces a server expects: the operation with its Header and Payload, their content, the profile."""

    operation: str
    header: str
    payload: str


IEC = Dialect(
    operation="http://iec.ch/TC57/2011/MeterReadingsMessage",
    header="http://iec.ch/TC57/2011/schema/message",
    payload="http://iec.ch/TC57/2011/MeterReadings#",
)


def request(dialect: Dialect, readings: int, message_id: str, batch: str, day: str) -> bytes:
    """One SOAP 1.1 request of `readings` readings on `day`, in the element order of the XSD."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    operation = etree.SubElement(
        body, f"{{{dialect.operation}}}CreateMeterReadings", nsmap=_default(dialect.operation)
    )
    header = etree.SubElement(operation, f"{{{dialect.operation}}}Header", nsmap={"msg": dialect.header})
    for name, text in (
        ("Verb", "create"),
        ("Noun", "MeterReadings"),
        ("Timestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Source", "bench"),
        ("MessageID", message_id),
    ):
        etree.SubElement(header, f"{{{dialect.header}}}{name}").text = text
    payload = etree.SubElement(operation, f"{{{dialect.operation}}}Payload")
    root = etree.SubElement(payload, f"{{{dialect.payload}}}MeterReadings", nsmap=_default(dialect.payload))
    for first in range(0, readings, PER_METER):
        _meter_reading(root, f"{{{dialect.payload}}}", first, min(PER_METER, readings - first), batch, day)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _default(namespace: str) -> dict[Any, str]:  # None stands for no prefix
    return {None: namespace}


def _meter_reading(root: etree._Element, ns: str, first: int, count: int, batch: str, day: str) -> None:
    meter_reading = etree.SubElement(root, f"{ns}MeterReading")
    block = etree.SubElement(meter_reading, f"{ns}IntervalBlocks")
    for quarter in range(count):
        reading = etree.SubElement(block, f"{ns}IntervalReadings")
        etree.SubElement(reading, f"{ns}timeStamp").text = f"{day}T{quarter // 4:02}:{quarter % 4 * 15:02}:00Z"
        etree.SubElement(reading, f"{ns}value").text = f"{(first + quarter) * 7919 % 1_000_003 / 1000:.3f}"
    etree.SubElement(block, f"{ns}ReadingType", ref=READING_TYPE)
    meter = etree.SubElement(meter_reading, f"{ns}Meter")
    etree.SubElement(meter, f"{ns}mRID").text = f"6f1d2c3b-5a49-4e88-{batch}-{first // PER_METER:06}"


class Requests:
    """An endless supply of different requests of one size, ready to be written to a socket.

    The message is serialised once and then only filled in at byte level: message id, meters, day. That is
    legitimate because it happens on the client's side, which is not what is measured and shares the
    machine with what is; the server receives a different, complete document every time, with a fresh
    MessageID, and cannot tell.
    """

    def __init__(self, dialect: Dialect, readings: int, path: str, host: str, headers: dict[str, str]) -> None:
        self._batches = POPULATION // -(-readings // PER_METER) or 1
        self._body = request(dialect, readings, _MESSAGE_ID, _BATCH, _DAY)
        lines = {
            "Host": host,
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{SOAP_ACTION}"',
            "Content-Length": str(len(self._body)),
            **headers,
        }
        head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        self._head = "\r\n".join(head).encode()
        self._run = f"{uuid4()}"[:24]  # a run of its own inside the MessageID
        self._count = 0
        self._before: bytes = b""
        self._after: list[bytes] = []

    def next(self) -> tuple[bytes, bytes]:
        """The next MessageID and the whole HTTP request that carries it."""
        day, batch = divmod(self._count, self._batches)
        if batch == 0:
            self._turn_to(FIRST_DAY + timedelta(days=day))
        message_id = f"{self._run}{self._count:012x}".encode()
        self._count += 1
        return message_id, self._before + message_id + f"{batch:06}".encode().join(self._after)

    def _turn_to(self, day: date) -> None:
        body = self._body.replace(_DAY.encode(), day.isoformat().encode())
        before, after = body.split(_MESSAGE_ID.encode())
        self._before = self._head + before
        self._after = after.split(_BATCH.encode())
