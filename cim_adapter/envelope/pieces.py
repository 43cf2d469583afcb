"""Messages that are told piece by piece: all that stands around what they tell is made before any of it.

The message is written once with marks where Errors, IDs and profiles belong, and cut there. Namespaces, shape
and SOAP version are then those of any other message, for they are made in the same way.
"""

from __future__ import annotations

import base64
import uuid
import zlib
from collections.abc import Iterable, Iterator
from enum import IntEnum

from lxml import etree

from cim_adapter.envelope.encode import write_compressed, write_remarks
from cim_adapter.envelope.message import ID, Error, Piece, Reply
from cim_adapter.envelope.shapes import Shape, carrier_of
from cim_adapter.envelope.words import ReplyWords
from cim_adapter.xmltree import children

_GZIP = 16 + zlib.MAX_WBITS
_DONE = (Error(code="0.0"),)


class _Slot(IntEnum):
    """Where in a message something is told, in the order of the schema."""

    ERRORS = 0
    IDS = 1
    PAYLOAD = 2


class PieceWriter:
    """Writes one message: ``mark`` it, ``begin``, ``write`` each piece, ``end``. ``compressed``: what its payload
    holds is to be, where that is one document.
    """

    def __init__(self, reply: Reply, shape: Shape, words: ReplyWords, *, compressed: bool) -> None:
        self._is_silent = not reply.errors
        self._shape = shape
        self._words = words
        self._compressed = compressed
        self._marks = [uuid.uuid4().hex for _ in _Slot]
        self._slot = _Slot.ERRORS
        self._between: list[bytes] = []
        self._roots: _Roots | None = None

    def mark(self, answer: etree._Element) -> None:
        """Mark the places in the message where something will be told."""
        carrier = carrier_of(answer)
        parts = {} if carrier is None else dict(children(carrier))
        errors, ids, payload = self._marks
        reply = parts["Reply"]
        last = [child for name, child in children(reply) if name != "ID"][-1]
        last.tail = errors
        reply[-1].tail = (reply[-1].tail or "") + ids
        parts["Payload"].text = payload

    def unmarked(self, text: bytes) -> bytes:
        """A marked message, without the marks."""
        for mark in self._marks:
            text = text.replace(mark.encode(), b"")
        return text

    def begin(self, marked: bytes) -> bytes:
        """What comes first. ``marked`` is the message with the marks in it, as it goes to the caller."""
        for mark in self._marks:
            before, marked = marked.split(mark.encode())
            self._between.append(before)
        self._between.append(marked)
        return self._between[0]

    def write(self, piece: Piece) -> bytes:
        """What a piece tells."""
        text = b""
        if piece.errors:
            text += self._reach(_Slot.ERRORS) + self._remarks(errors=piece.errors)
            self._is_silent = False
        if piece.ids:
            text += self._reach(_Slot.IDS) + self._remarks(ids=piece.ids)
        if piece.elements:
            text += self._reach(_Slot.PAYLOAD)
            if self._roots is None:
                packed = self._compressed and piece.one_document
                self._roots = _Packed(self._shape) if packed else _Roots(self._shape)
                text += self._roots.begin()
            text += self._roots.write(piece)
        return text

    def end(self) -> bytes:
        text = self._reach(_Slot.PAYLOAD)
        return text + (b"" if self._roots is None else self._roots.end()) + self._between[-1]

    def _reach(self, slot: _Slot) -> bytes:
        """What stands between what was told last and ``slot``."""
        if slot < self._slot:
            raise ValueError(f"{slot.name} come before {self._slot.name} in a message")
        text = b""
        if self._slot is _Slot.ERRORS and slot > self._slot and self._is_silent:
            text = self._remarks(errors=_DONE)
        text += b"".join(self._between[self._slot + 1 : slot + 1])
        self._slot = slot
        return text

    def _remarks(self, errors: tuple[Error, ...] = (), ids: tuple[ID, ...] = ()) -> bytes:
        elements = write_remarks(self._words.complete_errors(errors), ids, self._shape)
        return b"".join(map(_serialised, elements))


class _Roots:
    """Profile elements, one behind the other."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._tag = ""
        self._closing = b""

    def begin(self) -> bytes:
        return b""

    def write(self, piece: Piece) -> bytes:
        """What a piece tells; the root stays open."""
        return b"".join(self._texts(piece.elements, whole=piece.whole))

    def end(self) -> bytes:
        return self._closed()

    def _texts(self, elements: Iterable[etree._Element], *, whole: bool) -> Iterator[bytes]:
        for element in elements:
            if whole or element.tag != self._tag:
                yield self._closed()
            if whole:
                yield _serialised(self._dressed(element))
                continue
            contents = list(element)
            if element.tag != self._tag:
                yield self._opened(element)
            yield from (_serialised(self._dressed(child)) for child in contents)

    def _opened(self, element: etree._Element) -> bytes:
        """The start of a root like ``element``."""
        self._tag = element.tag
        mark = uuid.uuid4().hex
        prefixes = {prefix: name for prefix, name in element.nsmap.items() if prefix}
        root = etree.Element(element.tag, nsmap=prefixes)
        root.text = mark
        opening, self._closing = self._document(self._dressed(root)).split(mark.encode())
        return opening

    def _closed(self) -> bytes:
        """The end of the root that is open, if one is."""
        closing, self._closing, self._tag = self._closing, b"", ""
        return closing

    def _dressed(self, element: etree._Element) -> etree._Element:
        return self._shape.dressed_part(element)

    def _document(self, root: etree._Element) -> bytes:
        return _serialised(root)


class _Packed(_Roots):
    """One profile element in Payload/Compressed: base64 of gzip, as it grows."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self._gzip = zlib.compressobj(wbits=_GZIP)
        self._left = b""
        self._after = b""

    def begin(self) -> bytes:
        mark = uuid.uuid4().hex
        around = b"".join(map(_serialised, write_compressed(mark, self._shape)))
        before, self._after = around.split(mark.encode())
        return before

    def write(self, piece: Piece) -> bytes:
        return self._encoded(self._gzip.compress(super().write(piece)))

    def end(self) -> bytes:
        text = self._encoded(self._gzip.compress(super().end()) + self._gzip.flush())
        return text + base64.b64encode(self._left) + self._after

    def _dressed(self, element: etree._Element) -> etree._Element:
        return element  # a dialect is of messages, and this is a document

    def _document(self, root: etree._Element) -> bytes:
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def _encoded(self, packed: bytes) -> bytes:
        ready = self._left + packed
        whole = len(ready) - len(ready) % 3
        self._left = ready[whole:]
        return base64.b64encode(ready[:whole])


def _serialised(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", with_tail=False)
