"""Readings, as a get of MeterReadings finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import Error
from cim_adapter.export.source import get
from cim_adapter.items.addresses import addresses
from cim_adapter.items.query import Parameters
from cim_adapter.items.reading import Reading
from cim_adapter.items.reading_query import ReadingQuery
from cim_adapter.items.reading_reader import ReadingReader
from cim_adapter.nouns.readings.filter import ReadingFilter, read_filter
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.readings.query import parts
from cim_adapter.nouns.readings.xml import write_meter_readings
from cim_adapter.store import reading_counts
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader

_AT_ONCE = 10_000  # readings; of one meter all that share a moment more


@dataclass(frozen=True, slots=True)
class _Readings:
    """The readings of some meters, or of one for some time."""

    found: list[MeterReading]
    reader: ReadingReader

    @property
    def size(self) -> int:
        return sum(len(block.readings) for item in self.found for block in item.blocks)

    def rows(self) -> Sequence[Reading]:
        return self.reader.readings(sorted(self.reader.spots(self.found), key=itemgetter(0)))

    def document(self) -> etree._Element:
        return write_meter_readings(self.found)


class Readings:
    """Meters in an order that stays the same, the readings of each in that of time."""

    noun, unit, row = "MeterReadings", "readings", Reading

    def __init__(self, given: Parameters, lists: CodeLists) -> None:
        """Raises UnusableParameter."""
        self._wanted = ReadingQuery.read(given)
        self._reader = ReadingReader(lists)

    def named(self, reader: Reader) -> list[tuple[str, Identity]]:
        return addresses(reader, self._wanted.named).all(self._wanted.named)

    def total(self, reader: Reader) -> int:
        wanted = self._filter(reader)
        if wanted.targets or self._wanted.parts or self._wanted.qualities:
            return 0
        return reading_counts.total(reader, reading_types=wanted.reading_types, window=wanted.hull)

    def empty(self) -> etree._Element:
        return write_meter_readings([])

    def batches(self, reader: Reader, errors: list[Error]) -> Iterator[_Readings]:
        for found in parts(reader, self._filter(reader), size=_AT_ONCE, errors=errors):
            if fitting := self._reader.fitting(found, self._wanted):
                yield _Readings(fitting, self._reader)

    def _filter(self, reader: Reader) -> ReadingFilter:
        known = addresses(reader, self._wanted.named)
        return read_filter(get(self.noun, self._wanted.as_profile(known)))
