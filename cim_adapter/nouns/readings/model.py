"""Readings as domain objects, and how they lie in a sealed block (facts/metering.md §2.2).

Texts stay as they came: ``1.50`` stays ``1.50``, a timestamp keeps its offset. What a database must
compare is computed from them.
"""

from __future__ import annotations

import msgspec

from cim_adapter.instants import Instants, instant
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind


class Period(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A DateTimeInterval; either end may be open."""

    start: str | None = None
    end: str | None = None

    def window(self) -> tuple[int, int]:
        """Its instants; an open end reaches to the end of time."""
        first = -(2**62) if self.start is None else instant(self.start)
        last = 2**62 if self.end is None else instant(self.end)
        return first, last


class Quality(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ReadingQuality. ``type`` is the ``ref`` of its ReadingQualityType, such as ``1.0.0``."""

    type: str
    comment: str | None = None
    source: str | None = None
    timestamp: str | None = None


class Reading(msgspec.Struct, array_like=True, gc=False):
    """An IntervalReading or a Reading; only the latter has ``reason`` and ``position`` in its message."""

    timestamp: str | None = None
    value: str | None = None
    qualities: tuple[Quality, ...] = ()
    reported: str | None = None
    source: str | None = None
    period: Period | None = None
    reason: str | None = None
    position: int = 0

    def at(self, moments: Instants) -> int | None:
        """The instant the reading stands at: its timestamp, else the end (or start) of its period."""
        text = self.timestamp
        if text is None and self.period is not None:
            text = self.period.end or self.period.start
        return None if text is None else moments[text]


class Around(msgspec.Struct, frozen=True, array_like=True):
    """What a MeterReading says beside its values."""

    is_coincident_trigger: str | None = None
    values_interval: Period | None = None
    meter_status: tuple[str | None, ...] | None = None
    """dateTime, reason, remark, value."""


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """A PendingCalculation; numbers as sent."""

    reading_type: str
    multiply_before_add: str | None = None
    offset: str | None = None
    scalar_denominator: str | None = None
    scalar_float: str | None = None
    scalar_numerator: str | None = None


class Block(msgspec.Struct, array_like=True):
    """The readings of one meter and one reading type in one message: what is sealed together.

    ``events`` holds the XML of EndDeviceEvents that came inside the MeterReading (kind EVENTS).
    """

    kind: Kind
    reading_type: str
    readings: list[Reading]
    around: Around | None = None
    pending: Pending | None = None
    events: list[bytes] = []

    def bounds(self, moments: Instants) -> tuple[int, int]:
        """First and last instant. Raises ValueError where a reading has neither timestamp nor period."""
        found = [reading.at(moments) for reading in self.readings]
        if not found:
            raise ValueError(f"a block of {self.reading_type or 'no ReadingType'} has no readings")
        known = [moment for moment in found if moment is not None]
        if len(known) < len(found):
            raise ValueError("a reading has neither timeStamp nor timePeriod, so nobody could find it again")
        return min(known), max(known)


class MeterReading(msgspec.Struct):
    """One MeterReading: whose readings, and the blocks of them."""

    meter: Identity | None
    usage_point: Identity | None
    blocks: list[Block]

    @property
    def objects(self) -> tuple[tuple[str, Identity | None], tuple[str, Identity | None]]:
        """Whose readings these are: meter and usage point, each with its kind."""
        return ("Meter", self.meter), ("UsagePoint", self.usage_point)
