"""Cuts an answer with too many readings into parts: some meters or usage points at a time, and a while at a
time of one that has too many alone.

Parts follow the ids of the objects and, within one of them, time. What is stored meanwhile is told if its
part is still to come; no reading is told twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import msgspec

from cim_adapter.nouns.readings.filter import ReadingFilter, Window
from cim_adapter.nouns.readings.targets import Targets, placements
from cim_adapter.store import reading_counts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader

_ALWAYS = FOREVER[0]
_AT_ONCE = 500  # objects that are counted together


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a part begins: at this object, or the next one that there is, with its readings from ``since`` on."""

    of_meters: bool
    object_id: int = 0
    since: int = _ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part tells of: these objects, in this window. ``following``: where the next part begins.

    ``without_meters``: of usage points only what names no meter, because meters have told the rest.
    """

    targets: Targets
    window: Window
    following: Position | None
    without_meters: bool


class Cutter:
    """Cuts one answer into parts of ``size`` readings: more only where one block begins as others do."""

    def __init__(self, reader: Reader, wanted: ReadingFilter, targets: Targets, size: int) -> None:
        self._reader = reader
        self._wanted = wanted
        self._targets = targets
        self._size = size
        self._everyone = targets.meters is None and targets.usage_points is None

    def first(self) -> Position:
        return Position(of_meters=self._targets.usage_points is None)

    def part(self, at: Position) -> Part:
        """The part that begins at ``at``."""
        chosen: list[int] = []
        total = 0
        for object_id, readings in self._counted(at, self._size + 1):
            total += readings
            since = at.since if object_id == at.object_id else _ALWAYS
            if total <= self._size and since == _ALWAYS:
                chosen.append(object_id)
            elif chosen:
                return self._part(at, chosen, self._wanted.hull, Position(at.of_meters, object_id))
            else:
                return self._piece(at, object_id, since)
        last = chosen[-1] if chosen else at.object_id
        return self._part(at, chosen, self._wanted.hull, self._after(at, last))

    def _piece(self, at: Position, object_id: int, since: int) -> Part:
        """As much of one object as a part holds, from ``since`` on."""
        first, last = max(since, self._wanted.hull[0]), self._wanted.hull[1]
        only = self._only(at, [object_id])
        meters: Collection[int] = only.meters or ()
        if only.usage_points and not self._without_meters(at):
            meters = placements(self._reader, only, (first, last))
        blocks = reading_counts.starts(
            self._reader,
            meters=sorted(meters),
            usage_points=sorted(only.usage_points or ()),
            reading_types=self._wanted.reading_types,
            window=(first, last),
        )
        total, reached = 0, first
        for start, readings in blocks:
            if total >= self._size and start > reached:
                # Whatever is stamped before this block begins is in those before it.
                return self._part(at, [object_id], (first, start - 1), Position(at.of_meters, object_id, start))
            total, reached = total + readings, max(start, reached)
        return self._part(at, [object_id], (first, last), self._after(at, object_id))

    def _part(self, at: Position, chosen: Collection[int], window: Window, following: Position | None) -> Part:
        return Part(
            targets=self._only(at, chosen),
            window=window,
            following=following,
            without_meters=self._without_meters(at),
        )

    def _only(self, at: Position, chosen: Collection[int]) -> Targets:
        """These objects. Those asked for by name and told of as a whole are among ``asked``."""
        ids, beginning = frozenset(chosen), at == self.first()
        asked = tuple(t for t in self._targets.asked if t.ids <= ids and (t.ids or beginning))
        if at.of_meters:
            return replace(self._targets, asked=asked, meters=ids)
        return replace(self._targets, asked=asked, usage_points=ids)

    def _without_meters(self, at: Position) -> bool:
        return self._everyone and not at.of_meters

    def _after(self, at: Position, object_id: int) -> Position | None:
        """Where the next part begins when all of ``object_id`` is told; None where nothing is left."""
        candidates = [Position(at.of_meters, object_id + 1)]
        if self._everyone and at.of_meters:
            candidates.append(Position(of_meters=False))
        return next((place for place in candidates if any(self._counted(place, 1))), None)

    # ---------------------------------------------------------------------------------- counting

    def _counted(self, at: Position, at_most: int) -> Iterator[tuple[int, int]]:
        """(object id, readings at most) from ``at`` on, in the order of ids."""
        ids = self._targets.meters if at.of_meters else self._targets.usage_points
        if ids is None:
            yield from reading_counts.count_from(
                self._reader,
                at.object_id,
                by_meter=at.of_meters,
                reading_types=self._wanted.reading_types,
                window=self._wanted.hull,
                at_most=at_most,
            )
            return
        left = sorted(object_id for object_id in ids if object_id >= at.object_id)
        for first in range(0, len(left), _AT_ONCE):
            together = left[first : first + _AT_ONCE]
            readings = self._count(together, by_meter=at.of_meters)
            if not at.of_meters:
                self._add_linked(readings, together)
            yield from ((object_id, readings.get(object_id, 0)) for object_id in together)

    def _count(self, ids: Collection[int], *, by_meter: bool) -> dict[int, int]:
        return reading_counts.count_of(
            self._reader,
            sorted(ids),
            by_meter=by_meter,
            reading_types=self._wanted.reading_types,
            window=self._wanted.hull,
        )

    def _add_linked(self, readings: dict[int, int], points: Collection[int]) -> None:
        """Add what the meters linked to these usage points have."""
        linked = replace(self._targets, asked=(), usage_points=frozenset(points))
        places = placements(self._reader, linked, self._wanted.hull)
        of_meters = self._count(places, by_meter=True)
        for meter, placed in places.items():
            for point in {place.usage_point for place in placed}:
                readings[point] = readings.get(point, 0) + of_meters.get(meter, 0)
