"""A chunk of a message that is taken in parts, made ready to be stored."""

from __future__ import annotations

from itertools import count
from typing import Any

from msgspec.structs import replace

from cim_adapter.errors import AdapterError, Finding, Invalid
from cim_adapter.nouns.registry import Call, Handler
from cim_adapter.pipeline.passage import Passage, Understood
from cim_adapter.pipeline.progress import Part
from cim_adapter.pipeline.understanding import Understanding
from cim_adapter.schema.cutting import Chunk, Head
from cim_adapter.schema.faults import line_of
from cim_adapter.steps import finish
from cim_adapter.tolerance import Use
from cim_adapter.xmltree import children

_NUMBERS = 24  # bits for the numbers within a chunk: it has no more elements


class Flawed(Exception):
    """What is wrong with a chunk, in a document in which ``lines`` line feeds stand before it."""

    def __init__(self, error: AdapterError, lines: int) -> None:
        super().__init__()
        self.error = error
        self.lines = lines


def prepare(understanding: Understanding, frame: Passage, known: Understood, head: Head, chunk: Chunk) -> Part:
    """A chunk of the message whose ``frame`` was ``known``, made ready. Raises Flawed."""
    first, handler = chunk.index << _NUMBERS, known.handler
    call = replace(known.call, wanted=set(), keys=set(), first=first, positions=count(first))
    try:
        prepared = None if handler.quick is None else handler.quick(call, head, chunk)
    except AdapterError as error:
        raise Flawed(error, 0) from None
    uses: tuple[Use, ...] = ()
    if prepared is None:
        body = head.data + chunk.data + head.closing
        arrival = replace(frame.arrival, body=body)
        passage = Passage(arrival, frame.identity, uid=known.call.uid, first=first)
        call, handler, prepared = _understood(understanding, passage, head, chunk)
        uses = passage.uses
    return Part(
        end=chunk.end,
        units=chunk.data.count(b"</" + head.prefix + head.unit.encode() + b">"),
        lines=chunk.data.count(b"\n"),
        call=call,
        handler=handler,
        prepared=prepared,
        uses=uses,
    )


def _understood(
    understanding: Understanding, passage: Passage, head: Head, chunk: Chunk
) -> tuple[Call, Handler, Any]:
    """A chunk as a message of its own. Raises Flawed."""
    try:
        call, handler, prepared = finish(understanding.prepare(passage))
        if chunk.index:
            _forbid_others(call, head)
    except AdapterError as error:
        raise Flawed(error, head.lines) from None
    return call, handler, prepared


def _forbid_others(call: Call, head: Head) -> None:
    """Behind a unit only units may stand, where more of them follow. Raises Invalid."""
    for name, child in children(call.payload):
        if name != head.unit:
            finding = Finding(
                line=line_of(child),
                path=f"{head.local}/{name}",
                found=f"{name} between two elements {head.unit}",
                expected=f"all elements {head.unit} one after the other",
                advice=f"Write each {name} where the XSD has it.",
            )
            raise Invalid(f"{head.local} breaks its XSD.", [finding])
