"""SOAP requests: one is built with lxml, the rest are made from it.

Meters come from a population of 1,000; when all of them had their turn, the next day begins, so that no two
messages carry the same thing. A meter is new once in its life, and the message that brings it costs more
than all that follow: the warm-up lasts until every meter was seen.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from lxml import etree

from benchmarks.http import Reply
from benchmarks.messages.kind import Kind, Own, child

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
FIRST_DAY = date(2020, 1, 1)

# Placeholders have the width of what replaces them, so that every request has the same Content-Length.
_TEMPLATE = Own(tail="#tail-in-twenty-eight-chars#", batch="#batch", day="yyyy-mm-dd")
_TAIL, _BATCH, _DAY = _TEMPLATE.tail.encode(), _TEMPLATE.batch.encode(), _TEMPLATE.day.encode()


@dataclass(frozen=True)
class Dialect:
    """The namespaces a server expects: the operation with its Header and Payload, their content, the profile.

    `{noun}` in them stands for the noun.
    """

    operation: str
    header: str
    payload: str


IEC = Dialect(
    operation="http://iec.ch/TC57/2011/{noun}Message",
    header="http://iec.ch/TC57/2011/schema/message",
    payload="http://iec.ch/TC57/2011/{noun}#",
)


def request(dialect: Dialect, kind: Kind, size: int, own: Own) -> bytes:
    """One SOAP 1.1 request that carries `size` items, in the element order of the XSD."""
    typed, profile = dialect.operation.format(noun=kind.noun), dialect.payload.format(noun=kind.noun)
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    operation = etree.SubElement(child(envelope, "Body"), f"{{{typed}}}{kind.operation}", nsmap=_default(typed))
    header = etree.SubElement(operation, f"{{{typed}}}Header", nsmap={"msg": dialect.header})
    for name, text in (
        ("Verb", kind.verb),
        ("Noun", kind.noun),
        ("Timestamp", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Source", "bench"),
        ("MessageID", own.message_id),
    ):
        etree.SubElement(header, f"{{{dialect.header}}}{name}").text = text
    payload = child(operation, "Payload")
    kind.fill(etree.SubElement(payload, f"{{{profile}}}{kind.noun}", nsmap=_default(profile)), size, own)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _default(namespace: str) -> dict[Any, str]:  # None stands for no prefix
    return {None: namespace}


class Requests:
    """An endless supply of different requests of one kind and size, ready to be written to a socket.

    The message is serialised once and then only filled in at byte level: identifiers, meters, day. That is
    legitimate because it happens on the client's side, which is not what is measured and shares the
    machine with what is; the server receives a different, complete document every time, with a fresh
    MessageID, and cannot tell.
    """

    def __init__(
        self, dialect: Dialect, kind: Kind, size: int, path: str, host: str, headers: dict[str, str]
    ) -> None:
        self.batches = kind.batches(size)
        self._body = request(dialect, kind, size, _TEMPLATE)
        lines = {
            "Host": host,
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"http://iec.ch/TC57/2011/{kind.noun}/{kind.operation}"',
            "Content-Length": str(len(self._body)),
            **headers,
        }
        head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        self._head = "\r\n".join(head).encode()
        self._run = f"{uuid4()}"[8:24]  # a run of its own inside every identifier
        self._count = 0
        self._parts: list[bytes] = []

    def next(self) -> tuple[bytes, bytes]:
        """The next MessageID and the whole HTTP request that carries it."""
        day, batch = divmod(self._count, self.batches)
        if batch == 0:
            self._turn_to(FIRST_DAY + timedelta(days=day))
        own = Own(tail=f"{self._run}{self._count:012x}", batch=f"{batch:06}", day="")
        filled = {_TAIL: own.tail.encode(), _BATCH: own.batch.encode()}
        self._count += 1
        return own.message_id.encode(), b"".join([filled.get(part, part) for part in self._parts])

    def good(self, reply: Reply, named: bytes) -> bool:
        """Whether the reply says OK to the message of that id."""
        return reply.status == 200 and b"Result>OK<" in reply.body and named in reply.body

    def _turn_to(self, day: date) -> None:
        request = self._head + self._body.replace(_DAY, day.isoformat().encode())
        self._parts = re.split(b"(%b|%b)" % (re.escape(_TAIL), re.escape(_BATCH)), request)
