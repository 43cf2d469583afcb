"""Any identifier in words: which one a text is, its fields, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cim_adapter.codes.end_device_type import EndDeviceControlType, EndDeviceEventType, EndDeviceType
from cim_adapter.codes.identifier import Identifier, MalformedCode
from cim_adapter.codes.lists import CodeLists
from cim_adapter.codes.reading_quality_type import ReadingQualityType
from cim_adapter.codes.reading_type import ReadingType

_NUMBERS = re.compile(r"-?[0-9]+(\.-?[0-9]+)*")
_REPLY_CODE = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_OLD_READING_TYPE: Final = 11
_FORMS: Final = (
    "18 numbers joined by dots (ReadingType), 4 (EndDeviceEventType or EndDeviceControlType), "
    "3 (ReadingQualityType) or 2 (reply code)"
)


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One number of an identifier. ``known`` is False where no list of ours has it; that is legal."""

    field: str
    number: int
    name: str
    description: str
    known: bool = True
    vendor: bool = False


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One thing that a text may stand for. ``identifier`` is its name in the standard."""

    identifier: str
    sentence: str
    fields: tuple[ExplainedField, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The fields whose numbers are in no list of ours."""
        return tuple(field.field for field in self.fields if not field.known)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text stands for, the likeliest interpretation first; there is always one."""

    text: str
    interpretations: tuple[Interpretation, ...]

    @property
    def ambiguous(self) -> bool:
        """Whether the form leaves more than one interpretation."""
        return len(self.interpretations) > 1

    @property
    def sentence(self) -> str:
        """One line of words, of the likeliest interpretation."""
        return self.interpretations[0].sentence

    @property
    def fields(self) -> tuple[ExplainedField, ...]:
        """The fields of the likeliest interpretation."""
        return self.interpretations[0].fields


def explain(text: str, lists: CodeLists | None = None) -> Explanation:
    """Which identifier ``text`` is, by its form, and what it says. Raises MalformedCode."""
    lists = lists or CodeLists()
    text = text.strip()
    parts = text.count(".") + 1 if _NUMBERS.fullmatch(text) else 0
    if parts == len(ReadingType.FIELDS):
        return Explanation(text, (_interpretation(ReadingType.parse(text, lists)),))
    if parts == len(EndDeviceType.FIELDS):
        return Explanation(text, tuple(map(_interpretation, _end_device(text, lists))))
    if parts == len(ReadingQualityType.FIELDS):
        return Explanation(text, (_interpretation(ReadingQualityType.parse(text, lists)),))
    if _REPLY_CODE.fullmatch(text):
        return Explanation(text, (_reply_code(text, lists),))
    raise MalformedCode(_malformed(text, parts))


def explain_text(text: str, lists: CodeLists | None = None) -> str:
    """``explain`` as a table for a terminal; ends without a line break. Raises MalformedCode."""
    explanation = explain(text, lists)
    return "\n\n".join("\n".join(_lines(explanation.text, reading)) for reading in explanation.interpretations)


def _interpretation(code: Identifier) -> Interpretation:
    fields = (
        ExplainedField(place.label, row.number, row.name, row.description, row.known, row.vendor)
        for place, row in zip(code.FIELDS, code.rows, strict=True)
    )
    return Interpretation(type(code).__name__, code.describe(), tuple(fields))


def _end_device(text: str, lists: CodeLists) -> list[EndDeviceType]:
    """Event and control, or the one of them that the last number and the catalogues leave."""
    both: list[EndDeviceType] = [EndDeviceEventType.parse(text, lists), EndDeviceControlType.parse(text, lists)]
    plausible = [code for code in both if code.plausible] or both
    return sorted(plausible, key=lambda code: code.catalogued is None)


def _reply_code(text: str, lists: CodeLists) -> Interpretation:
    major, minor = map(int, text.split("."))
    row, group = lists.reply_codes[f"{major}.{minor}"], lists.table("reply_code_groups")[major]
    fields = (
        ExplainedField("group", major, group.name, group.description, group.known),
        ExplainedField("code", minor, "", row.meaning or "Not in the list", bool(row.meaning)),
    )
    sentence = (
        f"{row.meaning} ({row.result}, {row.level})" if row.meaning else f"{group.words}: unknown reply code"
    )
    return Interpretation("ReplyCode", sentence, fields)


def _malformed(text: str, parts: int) -> str:
    shown = repr(text if len(text) <= 60 else f"{text[:60]}…")
    if parts == _OLD_READING_TYPE:
        return f"{shown} has 11 numbers, the form that reading types had before 2010; expected {_FORMS}"
    if text.startswith("*."):
        return f"{shown} is a pattern of a catalogue, not a code: put a device type, or 0, in the place of the *"
    found = (
        f"{parts} numbers" if parts > 1 else "1 number" if parts else "something else" if text else "an empty text"
    )
    if parts == 2:
        return f"{shown} is no reply code: expected two numbers of at most 9 digits, not negative"
    return f"{shown} is no identifier: found {found}; expected {_FORMS}"


def _lines(text: str, reading: Interpretation) -> Iterator[str]:
    yield f"{reading.identifier} {text}"
    yield reading.sentence
    yield ""
    rows = [("field", "number", "name", "description"), *map(_cells, reading.fields)]
    field, number, name, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    for row in rows:
        yield f"{row[0]:<{field}}  {row[1]:>{number}}  {row[2]:<{name}}  {row[3]}".rstrip()


def _cells(field: ExplainedField) -> tuple[str, str, str, str]:
    mark = " [vendor extension]" if field.vendor else ""
    return field.field, str(field.number), field.name if field.known else "?", f"{field.description}{mark}"
