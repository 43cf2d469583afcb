"""Says of whom and of what a get finds nothing (5.7).

Where all of an answer is there, that shows in it. A stream says all of it beforehand; the first part of an answer
in parts does so of reading types, and each part of its own objects. The index knows, where it can; else one looks
until something is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cim_adapter.envelope import ID, Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.finding import OpenBlock, pieces_from
from cim_adapter.nouns.readings.targets import Target, Targets
from cim_adapter.store import reading_counts
from cim_adapter.store.transaction import Reader

_A_LOOK = 500  # readings that are opened to see whether one of them fits


def missing(pieces: list[OpenBlock], targets: Targets) -> list[Error]:
    """An Error (5.7) for each object asked for by name that brought nothing."""
    meters, points = {piece.found.meter_id for piece in pieces}, {piece.usage_point for piece in pieces}
    return [
        nothing(write_id(target.kind, target.identity))
        for target in targets.asked
        if target.ids.isdisjoint(meters if target.of_meters else points)
    ]


def missing_types(pieces: list[OpenBlock], wanted: ReadingFilter) -> list[Error]:
    """An Error (5.7) for each reading type that nobody brought, where anybody brought anything."""
    brought = {piece.found.reading_type for piece in pieces}
    absent = [name for name in dict.fromkeys(wanted.reading_types) if name not in brought] if pieces else []
    return [nothing(ID(value=name, object_type="ReadingType", kind="name")) for name in absent]


def nothing(identifier: ID | None = None) -> Error:
    return Error(code="5.7", level="WARNING", reason="no readings fit this request", id=identifier)


# ---------------------------------------------------------------------------------------- foresight


def absent(reader: Reader, wanted: ReadingFilter, targets: Targets) -> Iterator[Error]:
    """An Error (5.7) for each object asked for by name, and for each reading type, that brings nothing."""
    certain = _certain(reader, wanted, targets)
    for target in targets.asked:
        if target.ids.isdisjoint(certain) and not _any(reader, wanted, _narrowed(targets, target)):
            yield nothing(write_id(target.kind, target.identity))
    yield from absent_types(reader, wanted, targets)


def absent_types(reader: Reader, wanted: ReadingFilter, targets: Targets) -> Iterator[Error]:
    """An Error (5.7) for each reading type that brings nothing."""
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
    return not targets.nobody and bool(pieces_from(reader, wanted, targets, None, size=_A_LOOK)[0])
