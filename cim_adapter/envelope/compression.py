"""Payload/Compressed: base64 of gzip of a document; with Format BINARY, base64 alone (facts/envelope.md §5.3).
Answers are compressed for who compresses, and for who asks for it: nothing public says how, so by an Option.

A few bytes can inflate to very many, so inflating stops as soon as too much has come out: more than what
the message may hold, or more than any real document gives for the bytes that went in.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable, Iterator

from lxml import etree
from msgspec.structs import replace

from cim_adapter.envelope.dialect import MESSAGE_NS
from cim_adapter.envelope.message import Message, Payload, Reply
from cim_adapter.errors import OverBudget, Refused, Unreadable
from cim_adapter.xmltree import children, namespace

COMPRESSED = "Compressed"
"""The noun of some messages (REE's) whose real noun is that of the document inside."""

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 256 * 1024  # bytes inflated at once
_FREE = 1024 * 1024  # bytes that may come out of however few


def wants_compressed(message: Message) -> bool:
    """Whether the payload of the answer is to be compressed: that of ``message`` is, or an Option named
    ``compressed`` asks for it.
    """
    if message.payload is not None and message.payload.compressed is not None:
        return True
    options = message.request.options if message.request else ()
    return any(name == "compressed" and (value or "").strip() in ("true", "1") for name, value in options)


def packed(reply: Reply) -> Reply:
    """``reply`` with its payload compressed, where that is one document: several have no place in Compressed."""
    if len(reply.payload) != 1:
        return reply
    document = etree.tostring(reply.payload[0], xml_declaration=True, encoding="UTF-8", with_tail=False)
    text = base64.b64encode(gzip.compress(document, mtime=0)).decode()
    return replace(reply, payload=(), compressed=text)


def unpack(payload: Payload, *, at_most: int, ratio: int) -> bytes:
    """The document in Payload/Compressed: at most ``at_most`` bytes, ``ratio`` for each compressed one.

    Raises Refused (5.2) for a Format that is not read here, Unreadable for what is not base64 or not one
    whole gzip member, OverBudget for what is too much.
    """
    form = (payload.format or "XML").strip().upper()
    if form not in ("XML", "BINARY"):
        raise Refused(
            f"Payload/Compressed of the Format {payload.format} is not read here; send XML (base64 of gzip) or "
            "BINARY (base64 alone)",
            code="5.2",
        )
    try:
        data = base64.b64decode("".join((payload.compressed or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"Payload/Compressed is not base64: {error}") from error
    if not data:
        raise Unreadable("Payload/Compressed is empty")
    if form == "XML":
        return inflate(data, at_most=at_most, ratio=ratio, what="Payload/Compressed")
    if len(data) > at_most:
        raise _too_much("Payload/Compressed", f"{at_most:,} bytes")
    return data


def put_in_place(carrier: etree._Element, document: etree._Element) -> None:
    """Put ``document`` into the Payload of ``carrier`` where Compressed stood: from here on the message is
    as if it had come that way.
    """
    payload = next(child for name, child in children(carrier) if name == "Payload")
    own = (MESSAGE_NS, namespace(payload), "")
    parts = {name: child for name, child in children(payload) if namespace(child) in own}
    payload.replace(parts["Compressed"], document)
    if "Format" in parts:
        payload.remove(parts["Format"])


def inflate(data: bytes, *, at_most: int, ratio: int, what: str) -> bytes:
    """What is in one whole gzip member: at most ``at_most`` bytes, ``ratio`` for each compressed one beyond the
    first MiB. ``what`` it is, errors say. Raises Unreadable, OverBudget.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in inflated([data], ratio=ratio, what=what):
        pieces.append(piece)
        size += len(piece)
        if size > at_most:
            raise _too_much(what, f"{at_most:,} bytes")
    return b"".join(pieces)


def inflated(pieces: Iterable[bytes], *, ratio: int, what: str) -> Iterator[bytes]:
    """``inflate`` of any size, piece by piece."""
    inflater = zlib.decompressobj(_GZIP)
    taken = size = 0
    for data in pieces:
        if inflater.eof:
            raise _goes_on(what)
        rest = data
        while not inflater.eof:
            try:
                piece = inflater.decompress(rest, _PIECE)
            except zlib.error as error:
                raise Unreadable(f"{what} is not gzip: {error}") from error
            taken += len(rest) - len(inflater.unconsumed_tail)
            rest = inflater.unconsumed_tail
            size += len(piece)
            if size > max(_FREE, ratio * taken):
                raise _too_much(what, f"{ratio} bytes for each compressed one")
            if piece:
                yield piece
            elif not rest:
                break
    if not inflater.eof:
        raise Unreadable(f"{what} is cut off: its gzip data has no end")
    if inflater.unused_data:
        raise _goes_on(what)


def _goes_on(what: str) -> Unreadable:
    return Unreadable(f"{what} goes on after its gzip member; send one member, and nothing after it")


def _too_much(what: str, limit: str) -> OverBudget:
    return OverBudget(f"{what} holds more than {limit}; this message may not. Send several messages")
