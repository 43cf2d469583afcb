"""POST /messages: the envelope in JSON or XML, for every noun and verb, answered as ``Accept`` asks.

A message in JSON has no root to name: it is the object with Header, Request, Reply and Payload. The answer
has the HTTP status that fits what it says, so that clients and proxies that know HTTP alone see a failure.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

import msgspec
from lxml import etree

from cim_adapter.envelope import MESSAGE, carrier_of
from cim_adapter.errors import AdapterError
from cim_adapter.schema import Budget, Catalogue, parse
from cim_adapter.schema.bridge import Bridge
from cim_adapter.transports.rsgi import Request, Response
from cim_adapter.wire import Answer

#: HTTP statuses of what FAILED, by reply code (facts/envelope.md §5.7); of the others 422.
_STATUSES = {"2.15": 409, "3.1": 413, "3.2": 429, "5.3": 500, "7.2": 401, "7.4": 401, "7.5": 403}


class Form(StrEnum):
    """How a message is written. The value is its media type."""

    JSON = "application/json"
    XML = "application/xml"

    @classmethod
    def of(cls, media: str) -> Form | None:
        """The form of a media type, parameters aside; None for what we do not speak."""
        name = media.partition(";")[0].strip().lower()
        if name == cls.JSON or name.endswith("+json"):
            return cls.JSON
        return cls.XML if name in (cls.XML, "text/xml") or name.endswith("+xml") else None


class MessageWire:
    """One exchange: a form for the request and one for its answer."""

    name = "messages"

    def __init__(self, bridge: Bridge, sent: Form, wanted: Form) -> None:
        self._bridge = bridge
        self._sent = sent
        self._wanted = wanted

    @property
    def content_type(self) -> str:
        return self._wanted if self._wanted is Form.JSON else f"{self._wanted}; charset=utf-8"

    @property
    def streams(self) -> bool:
        """JSON is made of the whole message."""
        return self._wanted is Form.XML

    def read(self, body: bytes, budget: Budget) -> etree._Element:
        """The document in ``body``. Raises Fault."""
        return self._bridge.read(body, MESSAGE, budget) if self._sent is Form.JSON else parse(body, budget)

    def open(self, document: etree._Element) -> etree._Element:
        """The document itself."""
        return document

    def close(self, message: etree._Element, text: bytes) -> Answer:
        return Answer(body=self._written(message), status=_status(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        status = error.http_status if error.http_status >= 400 else _status(message)
        return Answer(body=self._written(message), status=status)

    def _written(self, message: etree._Element) -> bytes:
        if self._wanted is Form.XML:
            return etree.tostring(message, xml_declaration=True, encoding="UTF-8")
        carrier = carrier_of(message)
        if carrier is None:  # a FaultMessage, which has no Header
            return self._bridge.write(message)
        return self._bridge.write(carrier, carrier.tag if self._bridge.knows(carrier.tag) else MESSAGE)


class Messages:
    """What /messages does beside the pipeline: which forms an exchange has, and the JSON Schemas."""

    def __init__(self, bridge: Bridge, catalogue: Catalogue) -> None:
        self._bridge = bridge
        profiles = (schema for schema in catalogue if schema.namespace.endswith("#"))
        self._roots = {root: f"{{{schema.namespace}}}{root}" for schema in profiles for root in schema.roots}
        self._roots["Message"] = MESSAGE

    def exchange(self, request: Request) -> MessageWire | Response:
        """The wire for ``request``, or 415 or 406 where it speaks what we do not."""
        sent = Form.of(request.content_type)
        if sent is None:
            said = request.content_type[:80] or "none"
            return _refused(415, f"Content-Type is {said}; send application/json or application/xml")
        wanted = _wanted(request.headers.get("accept", "*/*"), sent)
        if wanted is None:
            return _refused(406, "nothing in Accept can be given; ask for application/json or application/xml")
        return MessageWire(self._bridge, sent, wanted)

    async def schema(self, request: Request, path: str) -> Response:
        """GET /messages/schema/{Root}: the JSON Schema of a message, or of a profile in its Payload."""
        folder, _, root = path.partition("/")
        if request.method not in ("GET", "HEAD") or not path:
            return _refused(405, "POST a message here; GET /messages/schema/Message", ("allow", "POST"))
        if folder != "schema" or root not in self._roots:
            return _refused(404, f"GET /messages/schema/ and one of: {', '.join(sorted(self._roots))}")
        # The first time, the XSD is compiled: up to 200 ms that others need not wait for.
        schema = await asyncio.to_thread(self._bridge.schema_of, self._roots[root])
        return Response(content_type="application/schema+json", body=msgspec.json.encode(schema))


def _wanted(accept: str, sent: Form) -> Form | None:
    """The form that ``accept`` likes best; what was sent, where it likes both."""
    best: tuple[float, bool, Form] | None = None
    for item in accept.split(","):
        media, _, parameters = item.partition(";")
        name = media.strip().lower()
        form = sent if name in ("*/*", "application/*", "") else Form.of(name)
        liking = _quality(parameters)
        if form is not None and liking > 0 and (best is None or (liking, form is sent) > best[:2]):
            best = (liking, form is sent, form)
    return best[2] if best else None


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _status(message: etree._Element) -> int:
    """The HTTP status that says what the Reply of ``message`` says."""
    reply = next(message.iter("{*}Reply"), None)
    if reply is None or reply.findtext("{*}Result") != "FAILED":
        return 200
    return _STATUSES.get(reply.findtext("{*}Error/{*}code") or "", 422)


def _refused(status: int, reason: str, *headers: tuple[str, str]) -> Response:
    return Response(status=status, body=f"{reason}\n".encode(), headers=headers)
