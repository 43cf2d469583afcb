"""Readings that are asked for by what they came with: an event, or readings of another type at the same instants.

What ``MeterReadings`` in a GetMeterReadings means is inferred from its names alone (facts/metering.md §2.3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from cim_adapter.nouns.readings.filter import ReadingFilter, Tie
from cim_adapter.nouns.readings.model import Block
from cim_adapter.store.readings import Found, Kind


class Piece(Protocol):
    """A block with the instants of its readings, and the numbers of those that are wanted."""

    found: Found
    block: Block
    instants: list[int]
    wanted: list[int]


P = TypeVar("P", bound=Piece)


def tied(pieces: list[P], filter: ReadingFilter, find: Callable[[ReadingFilter], Iterable[P]]) -> list[P]:
    """Those of ``pieces`` that are tied to what ``filter.tie`` names, narrowed to the readings that are. ``find``
    finds what another filter asks for, of the same meters and usage points.
    """
    tie = filter.tie
    if tie is None or not pieces:
        return pieces
    untied = replace(filter, tie=None, qualities=frozenset())
    if tie.trigger is not None:
        pieces = [piece for piece in pieces if _is_trigger(piece.block) == tie.trigger]
    if tie.event_types:
        events = find(replace(untied, reading_types=tie.event_types, windows=(), selectors=()))
        told = {_message(piece.found) for piece in events if piece.found.kind is Kind.EVENTS}
        pieces = [piece for piece in pieces if _message(piece.found) in told]
    return _coincident(pieces, find(_beside(untied, tie))) if tie.reading_types else pieces


def _beside(untied: ReadingFilter, tie: Tie) -> ReadingFilter:
    selectors = () if tie.selector is None else (tie.selector,)
    return replace(untied, reading_types=tie.reading_types, selectors=selectors)


def _coincident(pieces: list[P], others: Iterable[P]) -> list[P]:
    """Only the readings at instants at which the same meter has one of ``others``."""
    moments: dict[tuple[int | None, int | None], set[int]] = defaultdict(set)
    for other in others:
        if other.found.kind is not Kind.EVENTS:
            moments[_owner(other.found)].update(other.instants[n] for n in other.wanted)
    for piece in pieces:
        own = moments[_owner(piece.found)]
        piece.wanted = [n for n in piece.wanted if piece.instants[n] in own]
    return [piece for piece in pieces if piece.wanted]


def _is_trigger(block: Block) -> bool:
    return block.around is not None and block.around.is_coincident_trigger in ("true", "1")


def _message(found: Found) -> tuple[str, int | None, int | None]:
    """A MeterReading of a message: what it says of one meter or usage point."""
    return found.journal_uid, found.meter_id, found.usage_point_id


def _owner(found: Found) -> tuple[int | None, int | None]:
    """Whose reading it is: the meter's, or the usage point's where no meter is given."""
    return found.meter_id, found.usage_point_id if found.meter_id is None else None
