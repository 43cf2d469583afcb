"""Whole codes of end device events and controls, as systems in the field list them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One whole code.

    ``code`` is ``type.domain.subDomain.eventOrAction`` with ``*`` for any device type; ``name`` has the
    same four parts as names; ``words`` say what the code is commonly called, if it has such a name.
    """

    code: str
    name: str
    words: str
    status: str


class Catalogue:
    """The rows of one catalogue, by code and by name."""

    __slots__ = ("_by_code", "_by_name")

    def __init__(self, rows: Iterable[CatalogueRow]) -> None:
        self._by_code = {row.code: row for row in rows}
        self._by_name = {row.name.casefold(): row for row in self}

    def __iter__(self) -> Iterator[CatalogueRow]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None

    def get(self, code: str) -> CatalogueRow | None:
        """The row of a whole code: the one of its device type, else the one of any (``*``)."""
        _, dot, rest = code.partition(".")
        return self._by_code.get(code) or self._by_code.get(f"*{dot}{rest}")

    def by_name(self, name: str) -> CatalogueRow | None:
        """The row of ``ElectricMeter.Power.NotApplicable.Failed``, or with ``*`` for the device."""
        _, dot, rest = name.casefold().partition(".")
        return self._by_name.get(name.casefold()) or self._by_name.get(f"*{dot}{rest}")
