"""Messages, made of plain dicts, and what is answered to them."""

from __future__ import annotations

import base64
import gzip
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from lxml import etree

ATTRIBUTES = ("ref", "idType", "idAuthority", "objectType", "kind")
HEADER = (
    "Verb",
    "Noun",
    "Revision",
    "ReplayDetection",
    "Context",
    "Timestamp",
    "Source",
    "AsyncReplyFlag",
    "ReplyAddress",
    "AckRequired",
    "User",
    "MessageID",
    "CorrelationID",
    "Comment",
    "Property",
)
TEXT = "_value_1"  # as zeep calls the text of an element that has attributes too


@dataclass
class Answer:
    """A SOAP answer, taken apart. ``message`` is the ResponseMessage, or the FaultMessage in a fault."""

    status: int
    headers: httpx.Headers
    content: bytes
    soap: str
    fault: str = ""
    text: str = ""
    message: etree._Element | None = None
    header: dict = field(default_factory=dict)
    result: str = ""
    errors: list[dict] = field(default_factory=list)
    ids: list = field(default_factory=list)
    payload: etree._Element | None = None

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.errors]

    @property
    def said(self) -> str:
        """All that is said about what is wrong."""
        return "\n".join(error.get("reason", "") + " " + error.get("details", "") for error in self.errors)


class Messages:
    """Builds messages from plain dicts, and takes answers apart into such dicts again."""

    MSG = "http://iec.ch/TC57/2011/schema/message"
    ABSTRACT = "http://iec.ch/TC57/2011/abstract"
    READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
    QUERY = "http://iec.ch/TC57/2011/GetMeterReadings#"
    TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"
    TYPED_GET = "http://iec.ch/TC57/2011/GetMeterReadingsMessage"
    SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
    DELTA = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
    REGISTER = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"

    def element(self, namespace: str, name: str, content) -> etree._Element:
        """dict: children in order, attributes by their names; list: repeated; else text."""
        made = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
        if not isinstance(content, dict):
            made.text = content
            return made
        for key, value in content.items():
            if key == TEXT:
                made.text = value
            elif key in ATTRIBUTES:
                made.set(key, value)
            else:
                for item in value if isinstance(value, list) else [value]:
                    made.append(item if isinstance(item, etree._Element) else self.element(namespace, key, item))
        return made

    def plain(self, element: etree._Element):
        """The dict that ``element`` was made of; what stands there once is no list."""
        found: dict = dict(element.attrib)
        for child in element.iterchildren("*"):
            name, value = etree.QName(child).localname, self.plain(child)
            if name in found:
                before = found[name]
                found[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                found[name] = value
        if not found:
            return element.text or ""
        if element.text and element.text.strip():
            found[TEXT] = element.text
        return found

    def message(
        self,
        verb: str,
        *,
        shape: str = "A",
        payload: etree._Element | None = None,
        query=None,
        start: str | None = None,
        end: str | None = None,
        options: dict | None = None,
        ids: list | None = None,
        header: dict | None = None,
    ) -> etree._Element:
        """A message about MeterReadings in the wire shape A, B, C or typed."""
        tense = verb.endswith("d")
        typed = self.TYPED_GET if verb == "get" else self.TYPED
        outer = typed if shape == "typed" else self.MSG
        root = {
            "A": "EventMessage" if tense else "RequestMessage",
            "B": "Request",
            "C": "message",
            "typed": f"{verb.capitalize()}MeterReadings",
        }[shape]
        made = etree.Element(f"{{{outer}}}{root}", nsmap={None: outer})
        own = {"Verb": verb, "Noun": "MeterReadings", "MessageID": str(uuid.uuid4()), **(header or {})}
        kept = {name: own[name] for name in HEADER if own.get(name) is not None}
        self._put(made, outer, "Header", self.MSG, kept)
        named = [  # its parts are the envelope's, whoever's Option itself is
            {"name": self.element(self.MSG, "name", name), "value": self.element(self.MSG, "value", value)}
            for name, value in (options or {}).items()
        ]
        asked = {"StartTime": start, "EndTime": end, "Option": named or None, "ID": ids}
        asked = {name: value for name, value in asked.items() if value is not None}
        if query is not None:
            asked["query"] = self.element(self.QUERY, "GetMeterReadings", query)
        if asked:
            self._put(made, outer, "Request", typed if (shape, verb) == ("typed", "get") else self.MSG, asked)
        if payload is not None:
            etree.SubElement(made, f"{{{outer}}}Payload").append(payload)
        if shape == "C":
            abstract = etree.Element(f"{{{self.ABSTRACT}}}{'PublishEvent' if tense else 'Request'}")
            abstract.append(made)
            return abstract
        return made

    def _put(self, parent: etree._Element, outer: str, name: str, inner: str, content: dict) -> None:
        part = etree.SubElement(parent, f"{{{outer}}}{name}")
        for child in self.element(inner, name, content):
            part.append(child)

    def readings(self, *meter_readings: dict) -> etree._Element:
        return self.element(self.READINGS, "MeterReadings", {"MeterReading": list(meter_readings)})

    def create(self, *meter_readings: dict, **options) -> etree._Element:
        return self.message("create", payload=self.readings(*meter_readings), **options)

    def get(self, query=None, **options) -> etree._Element:
        return self.message("get", query=query, **options)

    def operation(
        self, number: int, verb: str | None, document: etree._Element | None = None, **more: str
    ) -> dict:
        """One Operation for ``operation_set``; ``more`` are noun and elementOperation."""
        parts = {"operationId": str(number), "noun": more.get("noun", "MeterReadings"), "verb": verb, "": document}
        order = ("operationId", "noun", "verb", "elementOperation", "")
        return {name: (parts | more)[name] for name in order if (parts | more).get(name) is not None}

    def operation_set(self, *operations: dict, verb: str = "execute", header: dict | None = None, **flags: str):
        """A message with these operations. ``flags``: enforceMsgSequence, enforceTransactionalIntegrity."""
        made = self.element(self.MSG, "OperationSet", {**flags, "Operation": list(operations)})
        return self.message(verb, header={"Noun": "OperationSet", **(header or {})}, payload=made)

    def compressed(self, body: etree._Element, data: bytes | None = None, form: str | None = None):
        """``body`` with its payload compressed, or with ``data`` (base64 of it, gzip or not) in its place."""
        payload = next(body.iter("{*}Payload"))
        outer = etree.QName(payload).namespace
        if data is None:
            (document,) = payload
            text = etree.tostring(document, with_tail=False)
            data = text if form == "BINARY" else gzip.compress(text)
        for child in list(payload):
            payload.remove(child)
        etree.SubElement(payload, f"{{{outer}}}Compressed").text = base64.b64encode(data).decode()
        if form is not None:
            etree.SubElement(payload, f"{{{outer}}}Format").text = form
        return body

    def meter(self, name: str | None = None, count: int = 1, *, day: int = 1, value: str = "1.50") -> dict:
        """A MeterReading: ``count`` quarter hours of a meter from the given day of March 2026 on."""
        start = datetime(2026, 3, day, tzinfo=UTC)
        stamps = [start + timedelta(minutes=15 * n) for n in range(1, count + 1)]
        readings = [{"timeStamp": f"{stamp:%Y-%m-%dT%H:%M:%SZ}", "value": value} for stamp in stamps]
        block = {"IntervalReadings": readings if count > 1 else readings[0], "ReadingType": {"ref": self.DELTA}}
        return {"IntervalBlocks": block, "Meter": {"mRID": name or str(uuid.uuid4())}}

    def envelope(
        self, body: etree._Element | None, soap: str = SOAP11, blocks: tuple[etree._Element, ...] = ()
    ) -> etree._Element:
        made = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap})
        if blocks:
            etree.SubElement(made, f"{{{soap}}}Header").extend(blocks)
        inside = etree.SubElement(made, f"{{{soap}}}Body")
        if body is not None:
            inside.append(deepcopy(body))  # the same message may be sent again
        return made

    def content_type(self, soap: str = SOAP11) -> str:
        return f"{'text/xml' if soap == self.SOAP11 else 'application/soap+xml'}; charset=utf-8"

    def send(
        self,
        client: httpx.Client,
        body: etree._Element,
        *,
        soap: str = SOAP11,
        path: str = "/soap",
        **headers: str,
    ) -> Answer:
        """Wrap, post, and open the answer."""
        content = etree.tostring(self.envelope(body, soap), xml_declaration=True, encoding="UTF-8")
        sent = {"Content-Type": self.content_type(soap), **headers}
        return self.open(client.post(path, content=content, headers=sent))

    def open(self, response: httpx.Response) -> Answer:
        envelope = etree.fromstring(response.content)
        soap = etree.QName(envelope).namespace or ""
        answer = Answer(response.status_code, response.headers, response.content, soap)
        body = envelope.find(f"{{{soap}}}Body")
        assert etree.QName(envelope).localname == "Envelope"
        assert body is not None
        (message,) = body
        if etree.QName(message).localname == "Fault":
            code, text_, detail = (
                ("faultcode", "faultstring", "detail")
                if soap == self.SOAP11
                else (f"{{{soap}}}Code/{{{soap}}}Value", f"{{{soap}}}Reason/{{{soap}}}Text", f"{{{soap}}}Detail")
            )
            prefix, _, answer.fault = message.findtext(code).partition(":")
            assert message.nsmap[prefix] == soap
            answer.text = message.findtext(text_)
            (message,) = message.find(detail)
        answer.message = message
        for part in message.iter("{*}Header"):
            answer.header = self.plain(part)
        for part in message.iter("{*}Reply"):
            answer.result = part.findtext("{*}Result")
            answer.errors = [self.plain(error) for error in part.iterchildren("{*}Error")]
            answer.ids = [self.plain(item) for item in part.iterchildren("{*}ID")]
        answer.payload = next((found for part in message.iter("{*}Payload") for found in part), None)
        return answer


@pytest.fixture(scope="session")
def messages() -> Messages:
    return Messages()
