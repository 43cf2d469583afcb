"""Answers a get: finds blocks, lets later data win, filters, and puts readings together again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from lxml import etree

from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.instants import Instants
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.model import Around, Block, MeterReading, Pending, Reading
from cim_adapter.nouns.readings.parts import Cutter, Position
from cim_adapter.nouns.readings.sealing import opened
from cim_adapter.nouns.readings.targets import Placement, Targets, placements, read_targets
from cim_adapter.nouns.readings.ties import tied
from cim_adapter.nouns.readings.xml import write_meter_readings
from cim_adapter.store import objects, readings
from cim_adapter.store.readings import Erasure, Found, Kind
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import move_to_namespace, namespace

_Series = tuple[int | None, int | None, Kind, str]


@dataclass(slots=True)
class OpenBlock:
    """A block as found, with the instants of its readings and those of them that are wanted.

    ``usage_point`` is the one it is told under: that of its message, or the one its meter is linked to.
    """

    found: Found
    block: Block
    instants: list[int]
    wanted: list[int]
    usage_point: int | None

    @property
    def series(self) -> _Series:
        """What a later reading of the same timestamp replaces: that of the same meter (of the usage
        point, where no meter is given), kind and reading type.
        """
        meter, point = self.found.meter_id, self.found.usage_point_id
        return meter, point if meter is None else None, self.found.kind, self.found.reading_type


class _TooMany(Exception):
    """More readings than one reply holds."""


Payload = tuple[etree._Element, ...]


def answer(
    reader: Reader,
    wanted: ReadingFilter,
    *,
    at_most: int,
    at: Position | None = None,
    write: Callable[[list[MeterReading]], Payload],
) -> tuple[Reply, Position | None]:
    """The reply to a get, and where the next part of it begins; None where this is all. ``write`` makes its
    payload of what is found.

    ``at_most`` readings are in it, or somewhat more where they cannot be cut. ``at`` is the part that is
    asked for; None for a request that is new.
    """
    errors: list[Error] = []
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return nobody(errors, targets), None
    if at is None:
        reply = whole(reader, wanted, targets, errors, at_most=at_most, write=write)
        if reply is not None:
            return reply, None
    cutter = Cutter(reader, wanted, targets, at_most)
    at = at or cutter.first()
    told = errors if at == cutter.first() else []
    found, following = _part(reader, wanted, cutter, at, told)
    return Reply.of(told, any_done=True, payload=write(found) if found else ()), following


def parts(
    reader: Reader, wanted: ReadingFilter, *, size: int, errors: list[Error]
) -> Iterator[list[MeterReading]]:
    """All that a get finds, in the order of an answer in parts of ``size`` readings; a part is held at a time.
    Errors are added as they are met: for each object that is not known, and for some that brought nothing.
    """
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return
    cutter = Cutter(reader, wanted, targets, size)
    at: Position | None = cutter.first()
    while at is not None:
        found, at = _part(reader, wanted, cutter, at, errors)
        if found:
            yield found


def _part(
    reader: Reader, wanted: ReadingFilter, cutter: Cutter, at: Position, errors: list[Error]
) -> tuple[list[MeterReading], Position | None]:
    """What the part at ``at`` tells, and where the next one begins."""
    part = cutter.part(at)
    found = pieces(reader, wanted.within(part.window), part.targets, without_meters=part.without_meters)
    if part.window == wanted.hull:
        errors += _missing(found, part.targets)
    return together(reader, found), part.following


def nobody(errors: list[Error], targets: Targets) -> Reply:
    """The reply where nobody is asked for; ``errors`` say who is not known."""
    return Reply.of(errors or _missing([], targets), any_done=False)


def whole(
    reader: Reader,
    wanted: ReadingFilter,
    targets: Targets,
    errors: Sequence[Error],
    *,
    at_most: int,
    write: Callable[[list[MeterReading]], Payload],
) -> Reply | None:
    """The reply with all that is asked for, where that is not more than ``at_most`` readings; else None.
    ``errors`` say who is not known.
    """
    try:
        found = pieces(reader, wanted, targets, at_most=at_most)
    except _TooMany:
        return None
    told = [*errors, *_missing(found, targets), *_missing_types(found, wanted)]
    if not found:
        return Reply.of(told or [nothing()], any_done=False)
    return Reply.of(told, any_done=True, payload=write(together(reader, found)))


def as_profile(found: list[MeterReading], wanted: ReadingFilter) -> Payload:
    """What is found as a MeterReadings element, in the revision that is asked for."""
    profile = write_meter_readings(found)
    if wanted.namespace is not None and wanted.namespace != namespace(profile):
        move_to_namespace(profile, wanted.namespace)
    return (profile,)


def pieces(
    reader: Reader,
    wanted: ReadingFilter,
    targets: Targets,
    *,
    at_most: int | None = None,
    without_meters: bool = False,
) -> list[OpenBlock]:
    """The blocks with readings that are asked for. Raises _TooMany."""
    found = _find(reader, wanted, targets, at_most, without_meters)
    _apply_erasures(found, readings.erasures(reader, {i for p in found for i in _objects_of(p)}))
    for piece in found:
        if wanted.fits_all(piece.found.start, piece.found.end):
            continue
        piece.wanted = [
            n for n in piece.wanted if wanted.fits(piece.block, piece.block.readings[n], piece.instants[n])
        ]
    return tied(
        [piece for piece in found if piece.wanted],
        wanted,
        lambda other: pieces(reader, other, targets, without_meters=without_meters),
    )


def _find(
    reader: Reader, wanted: ReadingFilter, targets: Targets, at_most: int | None, without_meters: bool
) -> list[OpenBlock]:
    """The blocks of whoever is asked for, with those of their readings that no later one replaces."""
    meters, points = sorted(targets.meters or ()), targets.usage_points
    types, hull = wanted.reading_types, wanted.hull
    known: dict[int, OpenBlock] = {}
    own = readings.blocks(
        reader,
        meters=meters,
        usage_points=sorted(points or ()),
        reading_types=types,
        window=hull,
        without_meter=without_meters,
    )
    _open(known, own, at_most)
    if not points or without_meters:
        _let_later_win(known.values())
        return list(known.values())
    if reporting := {p.found.meter_id for p in known.values() if p.found.meter_id is not None}:
        # What a meter sent later without its usage point replaces what it sent with it.
        theirs = readings.blocks(reader, meters=sorted(reporting), reading_types=types, window=hull)
        _open(known, theirs, at_most)
    places = placements(reader, targets, hull)
    spans = [(place.meter, place.within(hull)) for placed in places.values() for place in placed]
    _open(known, readings.blocks_within(reader, spans, reading_types=types), at_most)
    _let_later_win(known.values())
    return [told for piece in known.values() for told in _at_usage_points(piece, points, places)]


def _open(known: dict[int, OpenBlock], blocks: Iterable[Found], at_most: int | None) -> None:
    """Add the blocks that are not known yet. Raises _TooMany where they hold more than ``at_most`` readings."""
    moments = Instants()
    total = sum(piece.found.readings for piece in known.values())
    fresh: dict[int, Found] = {}
    for found in blocks:
        if found.id in known or found.id in fresh:
            continue
        total += found.readings
        if at_most is not None and total > at_most:
            raise _TooMany
        fresh[found.id] = found
    for found in fresh.values():
        block = opened(found.content)
        instants = [moment for reading in block.readings if (moment := reading.at(moments)) is not None]
        known[found.id] = OpenBlock(found, block, instants, list(range(len(block.readings))), found.usage_point_id)


def _at_usage_points(
    piece: OpenBlock, asked: Collection[int], places: Mapping[int, Sequence[Placement]]
) -> Iterator[OpenBlock]:
    """The piece as the usage points asked for tell it: what its message said of its usage point is so; where
    that said nothing, the links of its meter say it.
    """
    if piece.usage_point in asked:
        yield piece
    elif piece.usage_point is None and piece.found.meter_id is not None:
        kind = piece.found.kind
        for place in places.get(piece.found.meter_id, ()):
            if wanted := [n for n in piece.wanted if place.holds(kind, piece.instants[n])]:
                yield replace(piece, wanted=wanted, usage_point=place.usage_point)


def _let_later_win(pieces: Iterable[OpenBlock]) -> None:
    by_series: dict[_Series, list[OpenBlock]] = defaultdict(list)
    for piece in pieces:
        by_series[piece.series].append(piece)
    for series, parts in by_series.items():
        if series[2] is Kind.EVENTS:
            continue  # events are told, not measured: none replaces another
        seen: set[int] = set()
        for piece in sorted(parts, key=lambda part: part.found.id, reverse=True):
            own = set(piece.instants)
            if len(own) == len(piece.instants) and seen.isdisjoint(own):
                seen |= own  # as nearly all are: nothing in it is replaced
                continue
            kept = []
            for n in reversed(range(len(piece.instants))):
                if piece.instants[n] not in seen:
                    seen.add(piece.instants[n])
                    kept.append(n)
            piece.wanted = kept[::-1]


def _apply_erasures(pieces: list[OpenBlock], erasures: list[Erasure]) -> None:
    by_object: dict[int, list[Erasure]] = defaultdict(list)
    for erasure in erasures:
        by_object[erasure.object_id].append(erasure)
    for piece in pieces:
        for erasure in (e for i in _objects_of(piece) for e in by_object.get(i, ())):
            if piece.found.id < erasure.before and erasure.reading_type in (None, piece.found.reading_type):
                piece.wanted = [n for n in piece.wanted if not erasure.start <= piece.instants[n] <= erasure.end]


def _objects_of(piece: OpenBlock) -> list[int]:
    return [i for i in (piece.found.meter_id, piece.found.usage_point_id) if i is not None]


def _missing(pieces: list[OpenBlock], targets: Targets) -> list[Error]:
    """An Error (5.7) for each object asked for by name that brought nothing."""
    meters, points = {piece.found.meter_id for piece in pieces}, {piece.usage_point for piece in pieces}
    return [
        nothing(write_id(target.kind, target.identity))
        for target in targets.asked
        if target.ids.isdisjoint(meters if target.of_meters else points)
    ]


def _missing_types(pieces: list[OpenBlock], wanted: ReadingFilter) -> list[Error]:
    """An Error (5.7) for each reading type that nobody brought, where anybody brought anything."""
    brought = {piece.found.reading_type for piece in pieces}
    absent = [name for name in dict.fromkeys(wanted.reading_types) if name not in brought] if pieces else []
    return [nothing(ID(value=name, object_type="ReadingType", kind="name")) for name in absent]


def nothing(identifier: ID | None = None) -> Error:
    return Error(code="5.7", level="WARNING", reason="no readings fit this request", id=identifier)


def together(reader: Reader, pieces: list[OpenBlock]) -> list[MeterReading]:
    """One MeterReading for each meter, usage point and surroundings; in it, one block for each type."""
    named = {i for piece in pieces for i in (piece.found.meter_id, piece.usage_point) if i is not None}
    known = objects.identities(reader, named)
    groups: dict[tuple[int | None, int | None, Around | None], list[OpenBlock]] = defaultdict(list)
    # One message comes back in its own order, several in that of time.
    one = len({piece.found.journal_uid for piece in pieces}) == 1
    for piece in sorted(pieces, key=lambda p: (0 if one else p.found.start, p.found.id)):
        groups[piece.found.meter_id, piece.usage_point, piece.block.around].append(piece)
    return [
        MeterReading(
            meter=None if meter is None else known[meter],
            usage_point=None if point is None else known[point],
            blocks=_blocks(parts),
        )
        for (meter, point, _), parts in groups.items()
    ]


def _blocks(pieces: list[OpenBlock]) -> list[Block]:
    parts: dict[tuple[Kind, str, Pending | None], list[OpenBlock]] = defaultdict(list)
    for piece in pieces:
        parts[piece.found.kind, piece.found.reading_type, piece.block.pending].append(piece)
    # Within one message the order of its blocks and readings is kept; readings of several messages
    # are put in the order of time.
    of_one_message = len({piece.found.journal_uid for piece in pieces}) == 1
    blocks = []
    for (kind, reading_type, pending), same in parts.items():
        chosen = [(p.instants[n], p.block.readings[n]) for p in same for n in p.wanted]
        if not of_one_message:
            chosen.sort(key=lambda pair: pair[0])
        events = [event for piece in same for event in piece.block.events]
        around = same[0].block.around
        blocks.append(Block(kind, reading_type, [r for _, r in chosen], around, pending, events))
    if not of_one_message:
        _number(blocks)
    return blocks


def _number(blocks: list[Block]) -> None:
    registers: list[Reading] = []
    known = Instants()
    for block in (block for block in blocks if block.kind is Kind.REGISTERS):
        block.readings = [copy(reading) for reading in block.readings]  # two usage points may tell the same one
        registers += block.readings
    for position, reading in enumerate(sorted(registers, key=lambda reading: reading.at(known) or 0)):
        reading.position = position
