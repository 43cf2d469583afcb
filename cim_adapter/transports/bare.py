"""XML over HTTP without SOAP: the message is the whole body, and so is its answer (facts/envelope.md §3).

A partner who has no SOAP stack posts it to the same address as the others. ``text/xml`` is what SOAP 1.1 is
sent as, too, so only the document element tells which it is.
"""

from __future__ import annotations

from typing import Protocol

from lxml import etree

from cim_adapter.envelope import ShapeReader
from cim_adapter.errors import AdapterError, Unrecognised
from cim_adapter.wire import Answer, Wire
from cim_adapter.xmltree import local


class BareWire:
    """One exchange of bare messages. A fault is a FaultMessage, with the HTTP status of its error."""

    name = "xml"
    streams = True

    def __init__(self, content_type: str) -> None:
        given = content_type.partition(";")[0].strip().lower()
        self.content_type = f"{'application/xml' if given == 'application/xml' else 'text/xml'}; charset=utf-8"

    def open(self, document: etree._Element) -> etree._Element:
        """The document itself."""
        return document

    def close(self, message: etree._Element, text: bytes) -> Answer:
        return Answer(body=_serialised(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return Answer(body=_serialised(message), status=error.http_status)


class HttpWire(Wire, Protocol):
    """A wire that knows the media type of its answers. ``streams``: see ``Arrival``."""

    @property
    def content_type(self) -> str: ...

    @property
    def streams(self) -> bool: ...


class EitherWire:
    """SOAP or bare, as the document turns out to be; before it is read, as its Content-Type has it.

    What is neither an Envelope nor a message is answered in SOAP, unless it came as ``application/xml``.
    """

    streams = True

    def __init__(self, soap: HttpWire, bare: BareWire, shapes: ShapeReader) -> None:
        self._soap = soap
        self._bare = bare
        self._shapes = shapes
        self._chosen: HttpWire = bare if bare.content_type.startswith("application/xml") else soap

    @property
    def name(self) -> str:
        return self._chosen.name

    @property
    def content_type(self) -> str:
        return self._chosen.content_type

    def open(self, document: etree._Element) -> etree._Element:
        if local(document) == "Envelope":
            self._chosen = self._soap
        elif self._is_message(document):
            self._chosen = self._bare
        return self._chosen.open(document)

    def close(self, message: etree._Element, text: bytes) -> Answer:
        return self._chosen.close(message, text)

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return self._chosen.fault(error, message)

    def _is_message(self, document: etree._Element) -> bool:
        try:
            self._shapes.recognise(document)
        except Unrecognised:
            return False
        return True


def _serialised(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")
