"""Messages whose payload is written piece by piece: all that stands around it is made before any of it.

The message is written once with a mark where the profile's contents belong, and cut there. Namespaces, shape
and SOAP version are then those of any other message, for they are made in the same way.
"""

from __future__ import annotations

import base64
import uuid
import zlib

from lxml import etree
from msgspec.structs import replace

from cim_adapter.envelope.message import Piece, Reply
from cim_adapter.envelope.shapes import Shape

_GZIP = 16 + zlib.MAX_WBITS


class PieceWriter:
    """Writes one message: ``begin``, ``write`` each piece, ``end``. ``compressed``: in Payload/Compressed."""

    def __init__(self, first: Piece, shape: Shape, *, compressed: bool) -> None:
        self._tag = first.element.tag
        self._prefixes = {prefix: name for prefix, name in first.element.nsmap.items() if prefix}
        self._shape = shape
        self._mark = uuid.uuid4().hex
        self._before = self._after = b""
        self._packer = _Packer() if compressed else None

    def hollow(self, reply: Reply) -> Reply:
        """``reply`` with the mark in the place of what its payload holds."""
        if self._packer is not None:
            return replace(reply, piece=None, compressed=self._mark)
        return replace(reply, piece=None, payload=(self._marked(),))

    def emptied(self, text: bytes) -> bytes:
        """A hollow message, without its mark."""
        return text.replace(self._mark.encode(), b"")

    def begin(self, hollow: bytes) -> bytes:
        """What comes first. ``hollow`` is the message with the mark in it, as it goes to the caller."""
        before, self._after = hollow.split(self._mark.encode())
        if self._packer is None:
            return before
        document = etree.tostring(self._marked(), xml_declaration=True, encoding="UTF-8")
        opening, closing = document.split(self._mark.encode())
        self._packer.closing = closing
        return before + self._packer.pack(opening)

    def write(self, element: etree._Element) -> bytes:
        """The contents of a piece."""
        children = list(element)
        if self._packer is None:
            children = [self._shape.dressed_part(child) for child in children]
        text = b"".join(etree.tostring(child, encoding="UTF-8", with_tail=False) for child in children)
        return text if self._packer is None else self._packer.pack(text)

    def end(self) -> bytes:
        return self._after if self._packer is None else self._packer.end() + self._after

    def _marked(self) -> etree._Element:
        root = etree.Element(self._tag, nsmap=self._prefixes)
        root.text = self._mark
        return root


class _Packer:
    """base64 of gzip, as it grows."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(wbits=_GZIP)
        self._left = b""
        self.closing = b""

    def pack(self, text: bytes) -> bytes:
        return self._encoded(self._gzip.compress(text))

    def end(self) -> bytes:
        text = self._encoded(self._gzip.compress(self.closing) + self._gzip.flush())
        return text + base64.b64encode(self._left)

    def _encoded(self, packed: bytes) -> bytes:
        ready = self._left + packed
        whole = len(ready) - len(ready) % 3
        self._left = ready[whole:]
        return base64.b64encode(ready[:whole])
