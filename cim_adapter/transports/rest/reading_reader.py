"""A MeterReadings profile as readings of REST."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.codes import CodeLists, MalformedCode, ReadingType
from cim_adapter.transports.rest.profile_xml import called
from cim_adapter.transports.rest.query import as_token
from cim_adapter.transports.rest.reading import Reading
from cim_adapter.transports.rest.reading_writer import INTERVALS
from cim_adapter.transports.rest.vocabulary import QualityWords, Quantity, ReadingWords
from cim_adapter.xmltree import children

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Key(NamedTuple):
    """Where a reading stands in the order of answers. ``kind`` is i for an interval, r for a register."""

    meter: str
    usage_point: str
    at: int
    kind: str
    code: str


class Spot(NamedTuple):
    """Where a reading stands: its place in the order, its element, and what is measured."""

    key: Key
    element: etree._Element
    words: Quantity


class ReadingReader:
    """Reads profiles. Safe to share between threads."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = ReadingWords(lists)
        self._qualities = QualityWords(lists)

    def spots(self, profile: etree._Element, fits: Callable[[Quantity], bool]) -> Iterator[Spot]:
        """Where the readings are whose quantity ``fits``; only those of a page need be made of them."""
        known: dict[tuple[str, bool], Quantity | None] = {}

        def quantity(code: str, interval: bool) -> Quantity | None:
            if (code, interval) not in known:
                found = self.quantity(code, interval)
                known[code, interval] = found if fits(found) else None
            return known[code, interval]

        for name, element in children(profile):
            if name == "MeterReading":
                yield from self._of_meter(element, quantity)

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

    def qualities(self, spot: Spot) -> list[str]:
        """The words of its qualities."""
        return [self._qualities.word(code) for code in _quality_codes(spot.element)]

    def reading(self, spot: Spot) -> Reading:
        """The reading that is there."""
        meter, point, _, _, code = spot.key
        own: dict[str, str] = {}
        for child in spot.element:
            tag = child.tag
            own[tag[tag.rfind("}") + 1 :]] = child.text or ""
        codes = _quality_codes(spot.element) if "ReadingQualities" in own else []
        value, words = own.get("value", ""), spot.words
        return Reading(
            id=as_token(spot.key),
            meter_id=meter or None,
            usage_point_id=point or None,
            reading_type=words.reading_type,
            reading_date_time=_moment(spot.element),
            value=msgspec.Raw(value.encode()) if _JSON_NUMBER.fullmatch(value) else value,
            unit=words.unit,
            multiplier=words.multiplier,
            phase=words.phase,
            energy_direction=words.energy_direction,
            interval_length=words.interval_length,
            quality=self._qualities.word(codes[0]) if codes else None,
            quality_codes=codes,
            reading_type_code=code,
            reported_date_time=own.get("reportedDateTime"),
            source=own.get("source"),
            reason=own.get("reason"),
        )

    @staticmethod
    def _of_meter(element: etree._Element, quantity: Callable[[str, bool], Quantity | None]) -> Iterator[Spot]:
        parts = list(children(element))
        owners = {name: called(child) or "" for name, child in parts if name in ("Meter", "UsagePoint")}
        meter, point = owners.get("Meter", ""), owners.get("UsagePoint", "")
        for name, child in parts:
            if name not in ("IntervalBlocks", "Readings"):
                continue
            interval = name == "IntervalBlocks"
            inside = list(children(child))
            code = next((item.get("ref", "") for part, item in inside if part == "ReadingType"), "")
            words = quantity(code, interval)
            if words is None:
                continue
            kind = "i" if interval else "r"
            for item in [item for part, item in inside if part == "IntervalReadings"] if interval else [child]:
                yield Spot(Key(meter, point, instants.instant(_moment(item)), kind, code), item, words)


def _moment(element: etree._Element) -> str:
    """When a reading is of: its timestamp, else the end or the start of its period."""
    period: dict[str, str] = {}
    for name, child in children(element):
        if name == "timeStamp" and child.text:
            return child.text
        if name == "timePeriod":
            period = {part: item.text or "" for part, item in children(child)}
    return period.get("end") or period.get("start") or ""


def _quality_codes(element: etree._Element) -> list[str]:
    return [
        item.get("ref", "")
        for name, child in children(element)
        if name == "ReadingQualities"
        for part, item in children(child)
        if part == "ReadingQualityType"
    ]
