"""Answers a get: finds blocks, lets later data win, filters, and puts readings together again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.errors import OverBudget, Refused
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.reading_filter import ReadingFilter
from cim_adapter.nouns.readings import Around, Block, MeterReading, Pending, Reading
from cim_adapter.nouns.readings_xml import write_meter_readings
from cim_adapter.store import objects, readings
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Erasure, Found, Kind
from cim_adapter.store.transaction import Reader

_Series = tuple[int | None, int | None, Kind, str]


@dataclass(slots=True)
class _Piece:
    """A block as found, with the instants of its readings and those of them that are wanted."""

    found: Found
    block: Block
    instants: list[int]
    wanted: list[int]

    @property
    def series(self) -> _Series:
        """What a later reading of the same timestamp replaces: that of the same meter (of the usage
        point, where no meter is given), kind and reading type.
        """
        meter, point = self.found.meter_id, self.found.usage_point_id
        return meter, point if meter is None else None, self.found.kind, self.found.reading_type


def answer(reader: Reader, wanted: ReadingFilter, *, at_most: int) -> Reply:
    """The reply to a get. Raises Refused (3.1) where it would hold more than ``at_most`` readings."""
    errors: list[Error] = []
    meters = _resolve(reader, "Meter", wanted.meters, errors)
    points = _resolve(reader, "UsagePoint", wanted.usage_points, errors)
    if (wanted.meters and not meters) or (wanted.usage_points and not points):
        return Reply.of(errors, any_done=False)
    pieces = _find(reader, wanted, list(meters), list(points), at_most)
    if points and (found := {p.found.meter_id for p in pieces if p.found.meter_id is not None}):
        # What a meter sent later without its usage point replaces what it sent with it.
        known = {piece.found.id for piece in pieces}
        pieces += [p for p in _find(reader, wanted, list(found), [], at_most) if p.found.id not in known]
    _let_later_win(pieces)
    if points:
        pieces = [piece for piece in pieces if piece.found.usage_point_id in points]
    _apply_erasures(pieces, readings.erasures(reader, {i for p in pieces for i in _objects_of(p)}))
    for piece in pieces:
        piece.wanted = [
            n for n in piece.wanted if wanted.fits(piece.block, piece.block.readings[n], piece.instants[n])
        ]
    pieces = [piece for piece in pieces if piece.wanted]
    errors += _missing(pieces, meters, points, wanted)
    if not pieces:
        return Reply.of(errors or [_nothing()], any_done=False)
    return Reply.of(errors, any_done=True, payload=(write_meter_readings(_together(reader, pieces)),))


def _resolve(
    reader: Reader, kind: str, identities: Iterable[Identity], errors: list[Error]
) -> dict[int, Identity]:
    known: dict[int, Identity] = {}
    for identity in identities:
        ids = objects.find(reader, kind, identity)
        known.update(dict.fromkeys(ids, identity))
        if not ids:
            errors.append(unknown(kind, identity))
    return known


def _find(
    reader: Reader, wanted: ReadingFilter, meters: Sequence[int], points: Sequence[int], at_most: int
) -> list[_Piece]:
    pieces: list[_Piece] = []
    decoder = msgspec.msgpack.Decoder(Block)
    total = 0
    for found in readings.blocks(
        reader, meters=meters, usage_points=points, reading_types=wanted.reading_types, window=wanted.hull
    ):
        total += found.readings
        if total > at_most:
            raise Refused(
                f"more than {at_most} readings fit this request; ask for fewer meters or a shorter time",
                code=OverBudget.code,
            )
        block = decoder.decode(found.content)
        instants = [moment for reading in block.readings if (moment := reading.at()) is not None]
        pieces.append(_Piece(found, block, instants, list(range(len(block.readings)))))
    return pieces


def _let_later_win(pieces: list[_Piece]) -> None:
    by_series: dict[_Series, list[_Piece]] = defaultdict(list)
    for piece in pieces:
        by_series[piece.series].append(piece)
    for series, parts in by_series.items():
        if series[2] is Kind.EVENTS:
            continue  # events are told, not measured: none replaces another
        seen: set[int] = set()
        for piece in sorted(parts, key=lambda part: part.found.id, reverse=True):
            kept = []
            for n in reversed(range(len(piece.instants))):
                if piece.instants[n] not in seen:
                    seen.add(piece.instants[n])
                    kept.append(n)
            piece.wanted = kept[::-1]


def _apply_erasures(pieces: list[_Piece], erasures: list[Erasure]) -> None:
    by_object: dict[int, list[Erasure]] = defaultdict(list)
    for erasure in erasures:
        by_object[erasure.object_id].append(erasure)
    for piece in pieces:
        for erasure in (e for i in _objects_of(piece) for e in by_object.get(i, ())):
            if piece.found.id < erasure.before and erasure.reading_type in (None, piece.found.reading_type):
                piece.wanted = [n for n in piece.wanted if not erasure.start <= piece.instants[n] <= erasure.end]


def _objects_of(piece: _Piece) -> list[int]:
    return [i for i in (piece.found.meter_id, piece.found.usage_point_id) if i is not None]


def _missing(
    pieces: list[_Piece], meters: dict[int, Identity], points: dict[int, Identity], wanted: ReadingFilter
) -> list[Error]:
    """An Error (5.7) for each object and reading type asked for by name that brought nothing."""
    errors = []
    for kind, asked, found in (
        ("Meter", meters, {piece.found.meter_id for piece in pieces}),
        ("UsagePoint", points, {piece.found.usage_point_id for piece in pieces}),
    ):
        served = {asked[i] for i in asked if i in found}
        errors += [
            _nothing(write_id(kind, identity))
            for identity in dict.fromkeys(asked.values())
            if identity not in served
        ]
    if pieces:
        brought = {piece.found.reading_type for piece in pieces}
        absent = [name for name in dict.fromkeys(wanted.reading_types) if name not in brought]
        errors += [_nothing(ID(value=name, object_type="ReadingType", kind="name")) for name in absent]
    return errors


def _nothing(identifier: ID | None = None) -> Error:
    return Error(code="5.7", level="WARNING", reason="no readings fit this request", id=identifier)


def _together(reader: Reader, pieces: list[_Piece]) -> list[MeterReading]:
    """One MeterReading for each meter, usage point and surroundings; in it, one block for each type."""
    known = objects.identities(reader, {i for piece in pieces for i in _objects_of(piece)})
    groups: dict[tuple[int | None, int | None, Around | None], list[_Piece]] = defaultdict(list)
    # One message comes back in its own order, several in that of time.
    one = len({piece.found.journal_uid for piece in pieces}) == 1
    for piece in sorted(pieces, key=lambda p: (0 if one else p.found.start, p.found.id)):
        groups[piece.found.meter_id, piece.found.usage_point_id, piece.block.around].append(piece)
    return [
        MeterReading(
            meter=None if meter is None else known[meter],
            usage_point=None if point is None else known[point],
            blocks=_blocks(parts),
        )
        for (meter, point, _), parts in groups.items()
    ]


def _blocks(pieces: list[_Piece]) -> list[Block]:
    parts: dict[tuple[Kind, str, Pending | None], list[_Piece]] = defaultdict(list)
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
    registers: list[Reading] = [r for b in blocks if b.kind is Kind.REGISTERS for r in b.readings]
    for position, reading in enumerate(sorted(registers, key=lambda reading: reading.at() or 0)):
        reading.position = position
