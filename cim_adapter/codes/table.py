"""One code list: numbers, their names and their words.

The lists are open. ``table[number]`` answers for every number; the row of a number that is not in the
list is marked unknown. Names are looked up strictly, because ``m`` and ``M`` are different prefixes.

Status of a row, as far as public sources go: ``confirmed`` (two or more independent ones),
``single-source``, ``one-vendor`` (several tables of one vendor), ``inferred``, ``seen-in-use``,
``iso-4217``; in the whole-code catalogues ``standard-derived`` or ``later-addition``. A
``vendor-extension`` is read, but its name is looked up only when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

UNKNOWN: Final = "unknown"
VENDOR: Final = "vendor-extension"

_NUMBER = re.compile(r"-?[0-9]{1,9}")
#: Shorter names are symbols, and a symbol in the other case is another symbol.
_SHORTEST_WORD = 3


class UnknownName(ValueError):
    """A name that its code list does not have; the text names the nearest ones."""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One number of a list.

    ``name`` is the literal of the standard, ``words`` a phrase for a sentence, ``description`` a line for
    a table. ``aliases`` are other spellings that partners use. ``symbol`` is there for units and
    multipliers, ``seconds`` for measuring periods of a fixed length, ``kind`` (``event``, ``action``,
    ``none``) for eventOrAction.
    """

    number: int
    name: str
    words: str
    description: str
    status: str
    aliases: tuple[str, ...] = ()
    symbol: str = ""
    seconds: int | None = None
    kind: str = ""

    @classmethod
    def read(cls, row: Mapping[str, str]) -> CodeRow:
        """The row of a CSV with the columns code, name, words, description, status, aliases, and perhaps more."""
        seconds = row.get("seconds")
        return cls(
            number=int(row["code"]),
            name=row["name"],
            words=row["words"],
            description=row["description"],
            status=row["status"],
            aliases=tuple(row["aliases"].split()),
            symbol=row.get("symbol", ""),
            seconds=int(seconds) if seconds else None,
            kind=row.get("kind", ""),
        )

    @property
    def known(self) -> bool:
        """Whether the number is in the list."""
        return self.status != UNKNOWN

    @property
    def vendor(self) -> bool:
        """Whether the number is a vendor's own and not the standard's."""
        return self.status == VENDOR


class CodeTable:
    """The rows of one list, by number and by name.

    ``label`` is the field in the words of the standard. ``counted`` is given for a list that goes on for
    ever by counting ("time-of-use bucket"): every number of it is known.
    """

    __slots__ = ("_by_name", "_by_number", "_counted", "_folded", "label")

    def __init__(self, label: str, rows: Iterable[CodeRow], *, counted: str = "") -> None:
        self.label = label
        self._counted = counted
        self._by_number = {row.number: row for row in rows}
        self._by_name: dict[str, CodeRow] = {}
        self._folded: dict[str, list[CodeRow]] = {}
        for row in self:
            self._by_name[row.name] = row
        for row in self:
            for alias in row.aliases:
                self._by_name.setdefault(alias, row)
        for name, row in self._by_name.items():
            self._folded.setdefault(name.casefold(), []).append(row)

    def __getitem__(self, number: int) -> CodeRow:
        """The row of ``number``; for a number outside the list a row that says so."""
        row = self._by_number.get(number)
        if row is not None:
            return row
        if self._counted and number > 0:
            words = f"{self._counted} {number}"
            return CodeRow(number, str(number), words, words.capitalize(), "inferred")
        return CodeRow(number, "", f"unknown {self.label} {number}", "Not in the list", UNKNOWN)

    def __contains__(self, number: object) -> bool:
        return number in self._by_number

    def __iter__(self) -> Iterator[CodeRow]:
        return iter(self._by_number.values())

    def __len__(self) -> int:
        return len(self._by_number)

    def number(self, name: int | str, *, vendor: bool = False) -> int:
        """The number of ``name``: a name, an alias, or a number, which stands for itself.

        Names of three letters and more may be in any case as long as only one row answers.
        ``vendor=True`` admits the names of vendor extensions. Raises UnknownName.
        """
        if isinstance(name, int):
            return name
        if _NUMBER.fullmatch(name):
            return int(name)
        row = self.find(name)
        if row is None:
            raise UnknownName(self._unknown(name))
        if row.vendor and not vendor:
            raise UnknownName(
                f"{name!r} is a vendor extension of {self.label}, number {row.number}, not a standard name"
            )
        return row.number

    def find(self, name: str) -> CodeRow | None:
        """The row of a name or an alias, vendor extensions included."""
        row = self._by_name.get(name)
        if row is None and len(name) >= _SHORTEST_WORD:
            rows = set(self._folded.get(name.casefold(), ()))
            row = rows.pop() if len(rows) == 1 else None
        return row

    def _unknown(self, name: str) -> str:
        text = f"{self.label} has no name {name[:60]!r}"
        near = get_close_matches(name[:60], [row.name for row in self if not row.vendor], n=3)
        return f"{text}; did you mean {' or '.join(near)}?" if near else text
