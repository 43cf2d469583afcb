"""Finds the blocks that a get asks for, lets later data win, and filters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cim_adapter.instants import Instants
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.model import Block
from cim_adapter.nouns.readings.parts import Cutter, Position
from cim_adapter.nouns.readings.sealing import opened
from cim_adapter.nouns.readings.targets import Placement, Targets, placements
from cim_adapter.nouns.readings.ties import tied
from cim_adapter.store import readings
from cim_adapter.store.readings import Erasure, Found, Kind
from cim_adapter.store.transaction import Reader

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


class TooMany(Exception):
    """More readings than one reply holds."""


def pieces(
    reader: Reader,
    wanted: ReadingFilter,
    targets: Targets,
    *,
    at_most: int | None = None,
    without_meters: bool = False,
) -> list[OpenBlock]:
    """The blocks with readings that are asked for. Raises TooMany."""
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


def pieces_from(
    reader: Reader, wanted: ReadingFilter, targets: Targets, at: Position | None, *, size: int
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
    """Add the blocks that are not known yet. Raises TooMany where they hold more than ``at_most`` readings."""
    moments = Instants()
    total = sum(piece.found.readings for piece in known.values())
    fresh: dict[int, Found] = {}
    for found in blocks:
        if found.id in known or found.id in fresh:
            continue
        total += found.readings
        if at_most is not None and total > at_most:
            raise TooMany
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
