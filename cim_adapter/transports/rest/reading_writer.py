"""Readings of REST as a MeterReadings profile (facts/metering.md §2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.codes import CodeLists, MalformedCode, ReadingType
from cim_adapter.store.objects import Identity
from cim_adapter.transports.rest.addresses import Addresses
from cim_adapter.transports.rest.bodies import Findings, Sent
from cim_adapter.transports.rest.profile_xml import ProfileXml
from cim_adapter.transports.rest.reading import Reading
from cim_adapter.transports.rest.vocabulary import Impossible, QualityWords, Quantity, ReadingWords

NAMESPACE = "http://iec.ch/TC57/2011/MeterReadings#"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_REASONS = (
    *("billing", "demandReset", "inquiry", "installation", "loadManagement", "loadResearch", "moveIn", "moveOut"),
    *("other", "removal", "serviceConnect", "serviceDisconnect"),
)
INTERVALS = "intervalData"


@dataclass(slots=True)
class _Group:
    """The readings of one meter at one usage point."""

    meter: Identity | None
    usage_point: Identity | None
    intervals: dict[str, list[Reading]] = field(default_factory=dict)
    registers: list[tuple[Reading, str]] = field(default_factory=list)


class ReadingWriter:
    """Makes profiles. Safe to share between threads."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = ReadingWords(lists)
        self._qualities = QualityWords(lists)
        self._xml = ProfileXml(NAMESPACE)

    def write(self, sent: Sent[Reading], addresses: Addresses) -> etree._Element:
        """The profile. Raises Invalid."""
        findings = Findings()
        codes: dict[Any, tuple[str, str]] = {}
        groups: dict[tuple[str | None, str | None], _Group] = {}
        for number, reading in enumerate(sent.items):
            key = (
                reading.reading_type_code,
                reading.reading_type,
                reading.unit,
                reading.multiplier,
                reading.phase,
                reading.energy_direction,
                reading.interval_length,
            )
            found = codes.get(key)
            if found is None:
                found = codes[key] = self._code(reading, sent.pointer(number), findings)
            code, kind = found
            whose = (reading.meter_id, reading.usage_point_id)
            group = groups.get(whose)
            if group is None:
                group = groups[whose] = self._group(reading, addresses, sent.pointer(number), findings)
            self._check(reading, sent, number, findings)
            if kind == INTERVALS:
                group.intervals.setdefault(code, []).append(reading)
            else:
                group.registers.append((reading, code))
        findings.check()
        root = self._xml.root("MeterReadings")
        for group in groups.values():
            self._write_group(self._xml.add(root, "MeterReading"), group)
        return root

    def _code(self, reading: Reading, pointer: str, findings: Findings) -> tuple[str, str]:
        """The reading type, and which kind of reading it is."""
        if reading.reading_type_code is not None:
            return self._given_code(reading, reading.reading_type_code, pointer, findings)
        for name, value in (("readingType", reading.reading_type), ("unit", reading.unit)):
            if value is None:
                advice = "readingTypeCode may say it all, too."
                findings.add(pointer, f"no {name}", f"a member {name}", advice, code="1.7")
        if reading.reading_type is None or reading.unit is None:
            return "", ""
        try:
            return str(
                self._words.code(_quantity(reading, reading.reading_type, reading.unit))
            ), reading.reading_type
        except Impossible as error:
            expected = f"one of {', '.join(error.possible)}" if error.possible else "no such member here"
            findings.add(f"{pointer}/{error.member}", str(error.found), expected, f"{error}.", code="2.6")
            return "", ""

    def _given_code(self, reading: Reading, given: str, pointer: str, findings: Findings) -> tuple[str, str]:
        """``given``, which no word beside it may contradict."""
        try:
            told = self._words.words(ReadingType.parse(given, self._lists))
        except MalformedCode as error:
            findings.add(f"{pointer}/readingTypeCode", given, "18 numbers joined by dots", f"{error}", code="2.6")
            return "", ""
        for name, said, meant in (
            ("unit", reading.unit, told.unit),
            ("multiplier", reading.multiplier, told.multiplier),
            ("phase", reading.phase, told.phase),
            ("energyDirection", reading.energy_direction, told.energy_direction),
            ("intervalLength", reading.interval_length, told.interval_length),
        ):
            if said is not None and said != meant:
                expected = f"{meant}, as readingTypeCode says" if meant is not None else "no such member here"
                findings.add(f"{pointer}/{name}", str(said), expected, code="2.6")
        if reading.reading_type not in (None, *self._words.TYPES):
            possible = f"one of {', '.join(self._words.TYPES)}"
            findings.add(f"{pointer}/readingType", str(reading.reading_type), possible, code="2.6")
        return given, reading.reading_type or told.reading_type

    @staticmethod
    def _group(reading: Reading, addresses: Addresses, pointer: str, findings: Findings) -> _Group:
        if reading.meter_id is None and reading.usage_point_id is None:
            findings.add(pointer, "no meterId", "a member meterId, or usagePointId", code="1.7")
        identities: list[Identity | None] = []
        for kind, name, text in (
            ("Meter", "meterId", reading.meter_id),
            ("UsagePoint", "usagePointId", reading.usage_point_id),
        ):
            found = addresses.of(kind, text) if text is not None else [None]
            if len(found) > 1:
                several = ", ".join(str(identity) for identity in found[:5])
                findings.add(f"{pointer}/{name}", str(text), f"an mRID: it is the name of {several}", code="2.4")
            identities.append(found[0])
        meter, usage_point = identities
        return _Group(meter, usage_point)

    def _check(self, reading: Reading, sent: Sent[Reading], number: int, findings: Findings) -> None:
        """What the struct could not say: values and times that are none, words without a code."""
        if not _NUMBER.fullmatch(_digits(reading.value)):
            findings.add(f"{sent.pointer(number)}/value", reading.value, "a number")
        for name, moment in (
            ("readingDateTime", reading.reading_date_time),
            ("reportedDateTime", reading.reported_date_time),
        ):
            if moment is not None:
                try:
                    instants.instant(moment)
                except ValueError:
                    findings.add(f"{sent.pointer(number)}/{name}", moment, "a date and time that exist")
        if reading.quality is not None and reading.quality not in self._qualities.WORDS:
            possible = f"one of {', '.join(self._qualities.WORDS)}"
            findings.add(f"{sent.pointer(number)}/quality", reading.quality, possible, code="2.6")
        if reading.reason is not None and reading.reason not in _REASONS:
            findings.add(f"{sent.pointer(number)}/reason", reading.reason, f"one of {', '.join(_REASONS)}")
        for place, code in enumerate(reading.quality_codes):
            try:
                self._qualities.parse(code)
            except MalformedCode as error:
                findings.add(
                    f"{sent.pointer(number)}/qualityCodes/{place}", code, "3 numbers joined by dots", f"{error}"
                )

    def _write_group(self, parent: etree._Element, group: _Group) -> None:
        xml = self._xml
        for code, readings in group.intervals.items():
            block = xml.add(parent, "IntervalBlocks")
            for reading in readings:
                self._write_reading(xml.add(block, "IntervalReadings"), reading)
            xml.ref(block, "ReadingType", code)
        if group.meter is not None:
            xml.identity(parent, "Meter", group.meter)
        for reading, code in group.registers:
            element = xml.add(parent, "Readings")
            xml.text(element, "reason", reading.reason)
            self._write_reading(element, reading)
            xml.ref(element, "ReadingType", code)
        if group.usage_point is not None:
            xml.identity(parent, "UsagePoint", group.usage_point)

    def _write_reading(self, element: etree._Element, reading: Reading) -> None:
        xml = self._xml
        xml.text(element, "reportedDateTime", reading.reported_date_time)
        xml.text(element, "source", reading.source)
        xml.add(element, "timeStamp", reading.reading_date_time)
        xml.add(element, "value", _digits(reading.value))
        codes = reading.quality_codes or ([self._qualities.code(reading.quality)] if reading.quality else ())
        for code in codes:
            xml.ref(xml.add(element, "ReadingQualities"), "ReadingQualityType", code)


def _digits(value: Any) -> str:
    """The text of a value: a text, a whole number, or JSON as it came; empty for what is none of these."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else ""


def _quantity(reading: Reading, reading_type: str, unit: str) -> Quantity:
    return Quantity(
        reading_type=reading_type,
        unit=unit,
        multiplier=reading.multiplier or 0,
        phase=reading.phase,
        energy_direction=reading.energy_direction,
        interval_length=reading.interval_length,
    )
