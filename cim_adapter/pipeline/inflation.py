"""Messages whose payload came compressed: opened, they are as any other (facts/envelope.md §5.3)."""

from __future__ import annotations

from lxml import etree
from msgspec.structs import replace

from cim_adapter.envelope import (
    COMPRESSED,
    OPERATION_SET,
    Message,
    Payload,
    Verb,
    put_in_place,
    read_message,
    unpack,
)
from cim_adapter.errors import Invalid
from cim_adapter.schema import Budget, parse
from cim_adapter.xmltree import local

# How a body that holds the element says so in its bytes, in UTF-8 and in either UTF-16.
_MARKS = (COMPRESSED.encode(), COMPRESSED.encode("utf-16-le")[:-1])


def may_be_compressed(body: bytes) -> bool:
    """Whether a small body may hold a large message. True also where the word only occurs in a text."""
    return any(mark in body for mark in _MARKS)


class Inflater:
    """Opens payloads within the budget of the message they came in. ``ratio``: see ``envelope.unpack``."""

    def __init__(self, budget: Budget, ratio: int) -> None:
        self._budget = budget
        self._ratio = ratio

    def open(self, message: Message, carrier: etree._Element, body: bytes) -> Message:
        """``message`` of ``carrier``, with its document in the place of Compressed; in the tree as well.

        The noun Compressed gives way to that of the document. Raises what ``unpack`` and ``parse`` raise.
        """
        payload = message.payload
        if payload is None or payload.compressed is None:
            return message
        if payload.elements or payload.operation_set is not None:
            raise Invalid("Payload holds Compressed and something beside it; send one of them")
        left = self._budget.after(body)
        put_in_place(carrier, parse(unpack(payload, at_most=left.max_bytes, ratio=self._ratio), left))
        opened = read_message(carrier)
        if message.header.noun != COMPRESSED:
            return opened
        return replace(opened, header=replace(opened.header, noun=_noun_of(opened)))


def _noun_of(message: Message) -> str:
    """What the document in a message is about; a query is about what it asks for."""
    payload = message.payload or Payload()
    if payload.operation_set is not None:
        return OPERATION_SET
    noun = local(payload.elements[0]) if payload.elements else COMPRESSED
    return noun.removeprefix("Get") if message.header.verb == Verb.GET else noun
