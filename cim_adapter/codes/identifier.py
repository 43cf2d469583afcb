"""What the dotted identifiers have in common: form, fields, names and words.

Identifier
├── ReadingType              18 numbers
├── EndDeviceType            4 numbers
│   ├── EndDeviceEventType
│   └── EndDeviceControlType
└── ReadingQualityType       3 numbers
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from cim_adapter.codes.lists import CodeLists, ListName
from cim_adapter.codes.table import CodeRow, CodeTable, UnknownName

#: The largest number a field may hold: nine digits, far above every list and inside 32 bits.
LARGEST: Final = 999_999_999
_PART = re.compile(r"-?[0-9]{1,9}")


class MalformedCode(ValueError):
    """A text or a number that has not the form of its identifier; the text says what was found and expected."""


@dataclass(frozen=True, slots=True)
class Field:
    """One place in an identifier: its attribute here, its label in the standard and its list.

    ``list`` is None where the field has none of its own. ``named`` is False for a number that is half of a
    pair and has no name by itself.
    """

    attribute: str
    label: str
    list: ListName | None = None
    signed: bool = False
    named: bool = True


@dataclass(frozen=True, slots=True)
class Identifier:
    """Whole numbers joined by dots.

    Equal and hashed by its class and numbers. ``lists`` gives the words; it takes no part in comparison.
    A number outside its list is legal (see ``unknown``).
    """

    FIELDS: ClassVar[tuple[Field, ...]] = ()

    lists: CodeLists = field(kw_only=True, repr=False, compare=False)

    def __post_init__(self) -> None:
        for place, number in zip(self.FIELDS, self.numbers, strict=True):
            least = -LARGEST if place.signed else 0
            if not least <= number <= LARGEST:
                raise MalformedCode(
                    f"{type(self).__name__}: found {place.label} {number}; expected {least} to {LARGEST}"
                )

    @classmethod
    def parse(cls, text: str, lists: CodeLists) -> Self:
        """The identifier a text stands for. Raises MalformedCode when the text has not the form."""
        parts = text.split(".")
        if len(parts) != len(cls.FIELDS):
            raise MalformedCode(cls._malformed(text, _counted(len(parts)) if text else "an empty text"))
        for place, part in zip(cls.FIELDS, parts, strict=True):
            if not _PART.fullmatch(part) or (part.startswith("-") and not place.signed):
                raise MalformedCode(cls._malformed(text, f"{part[:20]!r} for {place.label}"))
        return cls(*map(int, parts), lists=lists)

    @classmethod
    def from_names(cls, lists: CodeLists, names: Mapping[str, int | str], *, vendor: bool = False) -> Self:
        """The identifier of names or numbers by label (``{"unit": "Wh"}``); a label left out is 0.

        ``vendor=True`` admits names of vendor extensions. Raises UnknownName for a name or a label.
        """
        labels = [place.label for place in cls.FIELDS]
        for label in names:
            if label not in labels:
                raise UnknownName(f"{cls.__name__} has no field {label[:60]!r}; it has {', '.join(labels)}")
        numbers: list[int] = []
        for place in cls.FIELDS:
            table = cls._table(lists, place, numbers) or CodeTable(place.label, ())
            numbers.append(table.number(names.get(place.label, 0), vendor=vendor))
        return cls(*numbers, lists=lists)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers in their order."""
        return tuple(getattr(self, place.attribute) for place in self.FIELDS)

    @property
    def names(self) -> dict[str, str]:
        """Label to name; the number itself where there is no name. ``from_names`` reads it back."""
        return {
            place.label: row.name if place.named and row.name else str(row.number)
            for place, row in zip(self.FIELDS, self.rows, strict=True)
        }

    @property
    def rows(self) -> tuple[CodeRow, ...]:
        """The row of every field, in order."""
        return tuple(self._row(place) for place in self.FIELDS)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The labels of the fields whose numbers are in no list of ours."""
        return self._labels(not row.known for row in self.rows)

    @property
    def vendor(self) -> tuple[str, ...]:
        """The labels of the fields whose numbers are vendor extensions."""
        return self._labels(row.vendor for row in self.rows)

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))

    def describe(self) -> str:
        """One line of words."""
        raise NotImplementedError

    @classmethod
    def _table(cls, lists: CodeLists, place: Field, before: Iterable[int]) -> CodeTable | None:
        """The list of a field; ``before`` are the numbers of the fields in front of it."""
        return lists.table(place.list) if place.list else None

    def _row(self, place: Field) -> CodeRow:
        number: int = getattr(self, place.attribute)
        table = self._table(self.lists, place, self.numbers)
        return table[number] if table is not None else CodeRow(number, "", str(number), "", "confirmed")

    def _labels(self, chosen: Iterable[bool]) -> tuple[str, ...]:
        return tuple(place.label for place, yes in zip(self.FIELDS, chosen, strict=True) if yes)

    @classmethod
    def _malformed(cls, text: str, found: str) -> str:
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        form = f"{cls.FIELDS[0].label} to {cls.FIELDS[-1].label}"
        signed = "".join(f"; only {place.label} may be negative" for place in cls.FIELDS if place.signed)
        return (
            f"{shown!r} is no {cls.__name__}: found {found}; expected {len(cls.FIELDS)} whole numbers "
            f"of at most 9 digits joined by dots{signed} ({form})"
        )


def _counted(parts: int) -> str:
    return "1 part" if parts == 1 else f"{parts} parts"
