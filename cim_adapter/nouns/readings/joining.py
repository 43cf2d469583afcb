"""Puts the readings that were found together again, as messages tell them."""

from __future__ import annotations

from collections import defaultdict
from copy import copy

from cim_adapter.instants import Instants
from cim_adapter.nouns.readings.finding import OpenBlock
from cim_adapter.nouns.readings.model import Around, Block, MeterReading, Pending, Reading
from cim_adapter.store import objects
from cim_adapter.store.readings import Kind
from cim_adapter.store.transaction import Reader


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
