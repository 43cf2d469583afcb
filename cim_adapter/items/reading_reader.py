"""MeterReadings as readings of REST."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import TypeAlias

import msgspec

from cim_adapter.codes import CodeLists, MalformedCode, ReadingType
from cim_adapter.instants import Instants
from cim_adapter.items.reading import INTERVALS, Reading
from cim_adapter.items.reading_query import ReadingQuery
from cim_adapter.items.tokens import as_token
from cim_adapter.items.vocabulary import QualityWords, Quantity, ReadingWords
from cim_adapter.nouns.readings import model
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


Key: TypeAlias = tuple[str, str, int, str, str]
"""Where a reading stands in the order of answers: meter, usage point, instant, i for an interval or r for a
register, and code. Plain tuples: there is one for each reading, and to make one with names takes longer than to
read what it names.
"""

Spot: TypeAlias = tuple[Key, model.Reading, Reading]
"""Its place in the order, what was stored, and what it has in common with those around it."""


class ReadingReader:
    """Reads MeterReadings. Safe to share between threads."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = ReadingWords(lists)
        self._qualities = QualityWords(lists)

    def fitting(self, found: list[MeterReading], wanted: ReadingQuery) -> list[MeterReading]:
        """Those of ``found`` that are asked for by what a query profile cannot say: parts of types, qualities."""
        if not wanted.parts and not wanted.qualities:
            return found
        known: dict[tuple[str, bool], bool] = {}

        def fits(block: model.Block) -> bool:
            if block.kind is Kind.EVENTS:
                return False
            same = block.reading_type, block.kind is Kind.INTERVALS
            if same not in known:
                known[same] = wanted.fits(self.quantity(*same))
            return known[same]

        kept = []
        for item in found:
            blocks = [self._of_quality(block, wanted.qualities) for block in item.blocks if fits(block)]
            if blocks := [block for block in blocks if block.readings]:
                kept.append(MeterReading(item.meter, item.usage_point, blocks))
        return kept

    def spots(self, found: Iterable[MeterReading]) -> Iterator[Spot]:
        """Where the readings are; only those of a page need be made of them."""
        known: dict[tuple[str, bool], Quantity] = {}
        moments = Instants()

        def quantity(code: str, interval: bool) -> Quantity:
            if (code, interval) not in known:
                known[code, interval] = self.quantity(code, interval)
            return known[code, interval]

        for item in found:
            yield from self._of_meter(item, quantity, moments)

    def quantity(self, code: str, interval: bool) -> Quantity:
        """What ``code`` says of a reading that stands among intervals, or registers. The place says which it is:
        some partners send intervals as registers.
        """
        try:
            words = self._words.words(ReadingType.parse(code, self._lists))
        except MalformedCode:
            return Quantity(reading_type=INTERVALS if interval else "registerReads", unit="")
        if interval or words.reading_type == INTERVALS:
            return msgspec.structs.replace(words, reading_type=INTERVALS if interval else "registerReads")
        return words

    def _of_quality(self, block: model.Block, qualities: frozenset[str]) -> model.Block:
        """The block with those of its readings that have one of these qualities; all, where there are none."""
        if not qualities:
            return block
        readings = [
            reading
            for reading in block.readings
            if any(self._qualities.word(quality.type) in qualities for quality in reading.qualities)
        ]
        return msgspec.structs.replace(block, readings=readings)

    def readings(self, spots: Iterable[Spot]) -> list[Reading]:
        """The readings that are there."""
        words: dict[tuple[model.Quality, ...], tuple[str | None, list[str]]] = {(): (None, [])}
        is_number, made = _JSON_NUMBER.fullmatch, []
        for key, stored, common in spots:
            if stored.qualities not in words:
                codes = [quality.type for quality in stored.qualities]
                words[stored.qualities] = self._qualities.word(codes[0]), codes
            reading, value = copy(common), stored.value or ""
            reading.id = as_token(key)
            reading.reading_date_time = _moment(stored)
            reading.value = msgspec.Raw(value.encode()) if is_number(value) else value
            reading.quality, reading.quality_codes = words[stored.qualities]
            reading.reported_date_time = stored.reported
            reading.source = stored.source
            reading.reason = stored.reason
            made.append(reading)
        return made

    @staticmethod
    def _of_meter(
        item: MeterReading, quantity: Callable[[str, bool], Quantity], moments: Instants
    ) -> Iterator[Spot]:
        meter, point = _called(item.meter), _called(item.usage_point)
        for block in item.blocks:
            if block.kind is Kind.EVENTS:
                continue
            code, interval = block.reading_type, block.kind is Kind.INTERVALS
            words = quantity(code, interval)
            kind, common = "i" if interval else "r", _common(meter, point, code, words)
            for reading in block.readings:
                at = moments[reading.timestamp or _moment(reading)]
                yield (meter, point, at, kind, code), reading, common


def _common(meter: str, point: str, code: str, words: Quantity) -> Reading:
    """A reading without what is its own."""
    return Reading(
        meter_id=meter or None,
        usage_point_id=point or None,
        reading_type=words.reading_type,
        reading_date_time="",
        value="",
        unit=words.unit,
        multiplier=words.multiplier,
        phase=words.phase,
        energy_direction=words.energy_direction,
        interval_length=words.interval_length,
        reading_type_code=code,
    )


def _called(identity: Identity | None) -> str:
    """What REST calls an object: its mRID, else its first name; nothing where there is none."""
    if identity is None:
        return ""
    return identity.mrid or next((name.name for name in identity.names), "")


def _moment(reading: model.Reading) -> str:
    """When a reading is of: its timestamp, else the end or the start of its period."""
    if reading.timestamp is not None:
        return reading.timestamp
    return (reading.period.end or reading.period.start or "") if reading.period is not None else ""
