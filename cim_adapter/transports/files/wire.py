"""Files as they are dropped: an envelope, a SOAP capture, or a profile with nothing around it."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, ShapeReader
from cim_adapter.errors import AdapterError, Unrecognised
from cim_adapter.schema import Budget, Catalogue, parse
from cim_adapter.transports.files.contents import Content
from cim_adapter.transports.files.numbering import give_number, number_of
from cim_adapter.wire import Answer, Wire
from cim_adapter.xmltree import adopt, children, local


class FileWire:
    """One message of a file. What it was, and what was answered, is kept for the report.

    ``soap`` makes a wire for a SOAP capture; ``verb`` is what a profile without an envelope means.
    """

    name = "files"

    def __init__(
        self,
        file: str,
        content: Content,
        *,
        soap: Callable[[], Wire],
        shapes: ShapeReader,
        catalogue: Catalogue,
        verb: str,
    ) -> None:
        self._file = file
        self._content = content
        self._soap = soap
        self._shapes = shapes
        self._catalogue = catalogue
        self._verb = verb
        self._inner: Wire | None = None
        self.header: dict[str, str] = {}
        self.reply_wanted = True
        self.message: etree._Element | None = None
        self.error: AdapterError | None = None

    def read(self, body: bytes, budget: Budget) -> etree._Element:
        """The document of the file. Raises Fault, also for what was wrong with the file itself."""
        if self._content.error is not None:
            raise self._content.error
        return parse(body, budget)

    def open(self, document: etree._Element) -> etree._Element:
        """The message in ``document``, with a MessageID. Raises Fault."""
        self._inner = self._soap() if local(document) == "Envelope" else None
        root = document if self._inner is None else self._inner.open(document)
        try:
            _, carrier = self._shapes.recognise(root)
        except Unrecognised:
            if self._inner is not None or not self._catalogue.homes_of(local(root)):
                raise
            root = carrier = self._enveloped(root)
        self._note(carrier)
        return root

    def close(self, message: etree._Element, text: bytes) -> Answer:
        self.message, self.error = message, None
        return Answer(body=_serialised(message)) if self._inner is None else self._inner.close(message, text)

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        self.message, self.error = message, error
        if self._inner is None:
            return Answer(body=_serialised(message), status=error.http_status)
        return self._inner.fault(error, message)

    def _note(self, carrier: etree._Element) -> None:
        """Keep what the message calls itself. One that wants no answer is answered all the same: the report must
        say what became of it.
        """
        for name, header in children(carrier):
            if name == "Header":
                give_number(header, number_of(self._file, self._content.member, self._content.body))
                self.header = {part: (child.text or "").strip() for part, child in children(header)}
                for part, child in children(header):
                    if part == "AckRequired" and (child.text or "").strip() in ("false", "0"):
                        self.reply_wanted, child.text = False, "true"

    def _enveloped(self, profile: etree._Element) -> etree._Element:
        """A message around ``profile``; a query asks, everything else tells."""
        noun, asks = local(profile), local(profile).startswith("Get")
        root = etree.Element(_tag("Message"), nsmap={"msg": MESSAGE_NS})
        header = etree.SubElement(root, _tag("Header"))
        etree.SubElement(header, _tag("Verb")).text = "get" if asks else self._verb
        etree.SubElement(header, _tag("Noun")).text = noun.removeprefix("Get")
        adopt(etree.SubElement(root, _tag("Request" if asks else "Payload")), profile)
        return root


def _tag(name: str) -> str:
    return f"{{{MESSAGE_NS}}}{name}"


def _serialised(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")
