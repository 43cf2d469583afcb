"""Answers a get with one reply of any size, some readings at a time: none of them is held longer than it takes to
write them.

What is wrong with a request stands before the payload, so it is known before the first reading is told: who
brings nothing at all (5.7) is seen in the index where that says it for sure, else by looking until something
is found. Each piece is read in a snapshot of its own, for a slow reader must keep none open: what is stored or
deleted meanwhile shows in what is still to come, as it does in an answer in parts. No reading is told twice.
"""

from __future__ import annotations

from functools import partial

from msgspec import structs

from cim_adapter.envelope import Error, Piece, Reply
from cim_adapter.nouns.readings.absence import absent, nothing
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.finding import pieces_from
from cim_adapter.nouns.readings.joining import together
from cim_adapter.nouns.readings.parts import Position
from cim_adapter.nouns.readings.query import as_profile, nobody, whole
from cim_adapter.nouns.readings.targets import Targets, read_targets
from cim_adapter.store.transaction import Reader

_AT_ONCE = 4_000  # readings of one piece; some 1.5 MB of XML


def answer(reader: Reader, wanted: ReadingFilter) -> Reply:
    """The reply to a get: with its payload where that is small, else with the first piece of it."""
    errors: list[Error] = []
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return nobody(errors, targets)
    reply = whole(reader, wanted, targets, errors, at_most=_AT_ONCE, write=lambda found: as_profile(found, wanted))
    if reply is not None:
        return reply
    errors += absent(reader, wanted, targets)
    first = _piece(wanted, targets, None, reader)
    if not first.count:
        return Reply.of(errors or [nothing()], any_done=False)
    return structs.replace(Reply.of(errors, any_done=True), piece=first)


def _piece(wanted: ReadingFilter, targets: Targets, at: Position | None, reader: Reader) -> Piece:
    """The next readings from ``at`` on. Where all were replaced or deleted there are none, and nothing follows."""
    found, place = pieces_from(reader, wanted, targets, at, size=_AT_ONCE)
    told = together(reader, found)
    return Piece(
        elements=as_profile(told, wanted),
        count=sum(len(block.readings) for reading in told for block in reading.blocks),
        following=None if place is None else partial(_piece, wanted, targets, place),
    )
