"""Answers a get with one reply of any size, some readings at a time: none of them is held longer than it takes to
write them.

What is wrong with a request stands before the payload, so it is known before the first reading is told: who
brings nothing at all (5.7) is seen in the index where that says it for sure, else by looking until something
is found. Each piece is read in a snapshot of its own, for a slow reader must keep none open: what is stored or
deleted meanwhile shows in what is still to come, as it does in an answer in parts. No reading is told twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from msgspec import structs

from cim_adapter.envelope import ID, Error, Piece, Reply
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.absence import nothing
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.finding import OpenBlock, pieces
from cim_adapter.nouns.readings.joining import together
from cim_adapter.nouns.readings.parts import Cutter, Position
from cim_adapter.nouns.readings.query import as_profile, nobody, whole
from cim_adapter.nouns.readings.targets import Target, Targets, read_targets
from cim_adapter.store import reading_counts
from cim_adapter.store.transaction import Reader

_AT_ONCE = 4_000  # readings of one piece; some 1.5 MB of XML
_A_LOOK = 500  # readings that are opened to see whether one of them fits


def answer(reader: Reader, wanted: ReadingFilter) -> Reply:
    """The reply to a get: with its payload where that is small, else with the first piece of it."""
    errors: list[Error] = []
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return nobody(errors, targets)
    reply = whole(reader, wanted, targets, errors, at_most=_AT_ONCE, write=lambda found: as_profile(found, wanted))
    if reply is not None:
        return reply
    errors += _absent(reader, wanted, targets)
    first = _piece(wanted, targets, None, reader)
    if not first.count:
        return Reply.of(errors or [nothing()], any_done=False)
    return structs.replace(Reply.of(errors, any_done=True), piece=first)


def _piece(wanted: ReadingFilter, targets: Targets, at: Position | None, reader: Reader) -> Piece:
    """The next readings from ``at`` on. Where all were replaced or deleted there are none, and nothing follows."""
    found, place = _found(reader, wanted, targets, at, _AT_ONCE)
    told = together(reader, found)
    (element,) = as_profile(told, wanted)
    return Piece(
        element=element,
        count=sum(len(block.readings) for reading in told for block in reading.blocks),
        following=None if place is None else partial(_piece, wanted, targets, place),
    )


def _found(
    reader: Reader, wanted: ReadingFilter, targets: Targets, at: Position | None, size: int
) -> tuple[list[OpenBlock], Position | None]:
    """What is found from ``at`` on (None: from the beginning), some ``size`` readings, and where it goes on."""
    cutter = Cutter(reader, wanted, targets, size)
    place: Position | None = at or cutter.first()
    while place is not None:
        part = cutter.part(place)
        place = part.following
        within = wanted.within(part.window)
        if found := pieces(reader, within, part.targets, without_meters=part.without_meters):
            return found, place
    return [], None


# ---------------------------------------------------------------------------------------- foresight


def _absent(reader: Reader, wanted: ReadingFilter, targets: Targets) -> Iterator[Error]:
    """An Error (5.7) for each object asked for by name, and for each reading type, that brings nothing."""
    certain = _certain(reader, wanted, targets)
    for target in targets.asked:
        if target.ids.isdisjoint(certain) and not _any(reader, wanted, _narrowed(targets, target)):
            yield nothing(write_id(target.kind, target.identity))
    for name in dict.fromkeys(wanted.reading_types):
        if not _any(reader, replace(wanted, reading_types=(name,)), targets):
            yield nothing(ID(value=name, object_type="ReadingType", kind="name"))


def _certain(reader: Reader, wanted: ReadingFilter, targets: Targets) -> set[int]:
    """The meters that bring something whatever is in their blocks. Of others the index cannot tell."""
    if targets.usage_points is not None or targets.meters is None:
        return set()  # what usage points are told of is a matter of links, too
    if wanted.tie is not None or wanted.qualities or wanted.selectors:
        return set()
    return reading_counts.undoubted(
        reader,
        sorted(targets.meters),
        reading_types=wanted.reading_types,
        windows=wanted.windows or (wanted.hull,),
    )


def _narrowed(targets: Targets, target: Target) -> Targets:
    """``targets``, of which nothing but ``target`` is asked for."""
    if target.of_meters:
        return replace(targets, asked=(), meters=target.ids & (targets.meters or frozenset()))
    return replace(targets, asked=(), usage_points=target.ids & (targets.usage_points or frozenset()))


def _any(reader: Reader, wanted: ReadingFilter, targets: Targets) -> bool:
    """Whether any reading fits."""
    return not targets.nobody and bool(_found(reader, wanted, targets, None, _A_LOOK)[0])
