"""Readings of REST as those of MeterReadings (facts/metering.md §2.2): what their XML would be read as.

No element is made of them. Ten thousand in one request took 55 µs each with a tree between the two, most of it
to make the tree, check it and take it apart again; now the words are checked here, and no other rule of the
XSD is left to break.
"""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

import msgspec

from cim_adapter.codes import CodeLists, MalformedCode, ReadingType
from cim_adapter.items.addresses import Addresses
from cim_adapter.items.findings import Findings
from cim_adapter.items.members import is_moment, is_text
from cim_adapter.items.reading import INTERVALS, Reading
from cim_adapter.items.vocabulary import Impossible, QualityWords, Quantity, ReadingWords
from cim_adapter.nouns.readings import model
from cim_adapter.nouns.readings.model import Block, MeterReading, Quality
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind
from cim_adapter.transports.rest.bodies import Sent

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_REASONS = (
    *("billing", "demandReset", "inquiry", "installation", "loadManagement", "loadResearch", "moveIn", "moveOut"),
    *("other", "removal", "serviceConnect", "serviceDisconnect"),
)
_MOMENT_EXPECTED = "a date and time that exist, with their offset, such as 2026-03-01T00:15:00Z"
_REMEMBERED = 50_000
#: What readings of one block have in common: whose they are, and what they measure.
_SAME = attrgetter(
    *("meter_id", "usage_point_id", "reading_type_code", "reading_type", "unit", "multiplier"),
    *("phase", "energy_direction", "interval_length"),
)


class ReadingWriter:
    """Makes MeterReadings. Safe to share between threads."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = ReadingWords(lists)
        self._qualities = QualityWords(lists)
        self.moments: set[Any] = {None}
        self.codes: dict[tuple[Any, ...], tuple[str, str]] = {}

    def write(self, sent: Sent[Reading], addresses: Addresses) -> list[MeterReading]:
        """One for each meter at each usage point, in the order in which they come. Raises Invalid.

        Times and reading types that were good are remembered: of all meters they are the same few.
        """
        if len(self.moments) > _REMEMBERED:
            self.moments = {None}
        if len(self.codes) > _REMEMBERED:
            self.codes = {}
        return _Sorting(self, sent, addresses).sorted()

    def code(self, reading: Reading, pointer: str, findings: Findings) -> tuple[str, str]:
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

    def qualities(self, reading: Reading, pointer: str, findings: Findings) -> tuple[Quality, ...]:
        """The codes of ``quality``, unless ``qualityCodes`` say more."""
        word = reading.quality
        if word is not None and word not in self._qualities.WORDS:
            possible = f"one of {', '.join(self._qualities.WORDS)}"
            findings.add(f"{pointer}/quality", word, possible, code="2.6")
            return ()
        for place, code in enumerate(reading.quality_codes):
            try:
                self._qualities.parse(code)
            except MalformedCode as error:
                findings.add(f"{pointer}/qualityCodes/{place}", code, "3 numbers joined by dots", f"{error}")
        codes = reading.quality_codes or ([self._qualities.code(word)] if word else ())
        return tuple(Quality(code) for code in codes)


class _Sorting:
    """The readings of one request on their way into blocks. What is the same for many of them is worked out
    once: whose they are and what they measure, a quality, a time.
    """

    def __init__(self, writer: ReadingWriter, sent: Sent[Reading], addresses: Addresses) -> None:
        self._writer = writer
        self._sent = sent
        self._addresses = addresses
        self._findings = Findings(by_line=bool(sent.lines))
        self._meter_readings: dict[tuple[str | None, str | None], MeterReading] = {}
        self._registers: dict[int, int] = {}
        self._codes = writer.codes
        self._blocks: dict[tuple[Any, ...], tuple[MeterReading, Block]] = {}
        self._words: dict[str | None, tuple[Quality, ...]] = {None: ()}
        self._moments = writer.moments

    def sorted(self) -> list[MeterReading]:
        """See ``ReadingWriter.write``."""
        known, qualities, moments, is_number = self._blocks, self._words, self._moments, _NUMBER.fullmatch
        for number, reading in enumerate(self._sent.items):
            same = _SAME(reading)
            whose, block = known.get(same) or self._block(reading, same, number)
            value, moment, reported = reading.value, reading.reading_date_time, reading.reported_date_time
            digits = value if type(value) is str else _digits(value)
            if not is_number(digits):
                self._findings.add(f"{self._sent.pointer(number)}/value", value, "a number")
            if moment not in moments or reported not in moments:
                self._check_moments(reading, number)
            quality = None if reading.quality_codes else qualities.get(reading.quality)
            if quality is None:
                quality = self._quality(reading, number)
            made = model.Reading(moment, digits, quality, reported, reading.source)
            if reading.reason is not None or block.kind is not Kind.INTERVALS:
                self._complete(made, reading, whose, block, number)
            block.readings.append(made)
        self._findings.check()
        for whole in self._meter_readings.values():
            whole.blocks.sort(key=lambda block: block.kind)  # as the XSD has them, and as whoever reads them does
        return list(self._meter_readings.values())

    def _complete(
        self, made: model.Reading, reading: Reading, whose: MeterReading, block: Block, number: int
    ) -> None:
        """What only a register has: its reason and its place (facts/metering.md §2.2)."""
        if reading.reason is not None and reading.reason not in _REASONS:
            expected = f"one of {', '.join(_REASONS)}"
            self._findings.add(f"{self._sent.pointer(number)}/reason", reading.reason, expected)
        if block.kind is not Kind.INTERVALS:
            made.reason = reading.reason
            made.position = self._registers[id(whose)]
            self._registers[id(whose)] += 1

    def _quality(self, reading: Reading, number: int) -> tuple[Quality, ...]:
        found = self._writer.qualities(reading, self._sent.pointer(number), self._findings)
        if found and not reading.quality_codes:
            self._words[reading.quality] = found
        return found

    def _check_moments(self, reading: Reading, number: int) -> None:
        for name, moment in (
            ("readingDateTime", reading.reading_date_time),
            ("reportedDateTime", reading.reported_date_time),
        ):
            if moment is None or is_moment(moment):
                self._moments.add(moment)
            else:
                self._findings.add(f"{self._sent.pointer(number)}/{name}", moment, _MOMENT_EXPECTED)

    def _block(self, reading: Reading, same: tuple[Any, ...], number: int) -> tuple[MeterReading, Block]:
        """Where readings go that have ``same`` in common. Different words may say the same: one block then."""
        pointer = self._sent.pointer(number)
        what = same[2:]
        found = self._codes.get(what)
        if found is None:
            before = len(self._findings.listed)
            found = self._writer.code(reading, pointer, self._findings)
            if len(self._findings.listed) == before and found[0]:
                self._codes[what] = found
        code, word = found
        kind = Kind.INTERVALS if word == INTERVALS else Kind.REGISTERS
        whose = self._meter_readings.get(same[:2])
        if whose is None:
            whose = self._meter_readings[same[:2]] = self._whose(reading, pointer)
            self._registers[id(whose)] = 0
        block = next((b for b in whose.blocks if b.kind is kind and b.reading_type == code), None)
        if block is None:
            block = Block(kind, code, [])
            whose.blocks.append(block)
        self._blocks[same] = whose, block
        return whose, block

    def _whose(self, reading: Reading, pointer: str) -> MeterReading:
        if reading.meter_id is None and reading.usage_point_id is None:
            self._findings.add(pointer, "no meterId", "a member meterId, or usagePointId", code="1.7")
        return MeterReading(
            self._identity("Meter", f"{pointer}/meterId", reading.meter_id),
            self._identity("UsagePoint", f"{pointer}/usagePointId", reading.usage_point_id),
            [],
        )

    def _identity(self, kind: str, pointer: str, text: str | None) -> Identity | None:
        if text is None:
            return None
        if not is_text(text):
            self._findings.add(pointer, text, "1 to 250 characters that XML can carry")
            return None
        found = self._addresses.of(kind, text)
        if len(found) > 1:
            several = ", ".join(str(identity) for identity in found[:5])
            self._findings.add(pointer, text, f"an mRID: it is the name of {several}", code="2.4")
        return found[0]


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
