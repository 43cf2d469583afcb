"""The two pairs of numbers in a reading type: interharmonic and argument (CIM class RationalNumber)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from cim_adapter.codes.table import UnknownName

_HARMONIC = re.compile(r"(?:inter)?harmonic([0-9]{1,9})(?:/([0-9]{1,9}))?")
_ARGUMENT = re.compile(r"n([0-9]{1,9})(?:/([0-9]{1,9}))?")


@dataclass(frozen=True, slots=True)
class Ratio:
    """A numerator and a denominator; 0/0 stands for none. Any other pair over a positive denominator is legal."""

    numerator: int = 0
    denominator: int = 0

    def __bool__(self) -> bool:
        return (self.numerator, self.denominator) != (0, 0)

    @property
    def known(self) -> bool:
        """False for a pair that means nothing: a number over zero."""
        return self.denominator > 0 or not self

    def __str__(self) -> str:
        return str(self.numerator) if self.denominator == 1 else f"{self.numerator}/{self.denominator}"

    @property
    def harmonic_name(self) -> str:
        """``none``, ``fundamental``, ``harmonic3``, ``interharmonic1/2``."""
        if not self:
            return "none"
        if self == Ratio(1, 1):
            return "fundamental"
        return f"harmonic{self}" if self.denominator == 1 else f"interharmonic{self}"

    @property
    def harmonic_words(self) -> str:
        """``3rd harmonic``, ``1/2 of the fundamental``."""
        if not self or self == Ratio(1, 1):
            return self.harmonic_name
        return f"{_ordinal(self.numerator)} harmonic" if self.denominator == 1 else f"{self} of the fundamental"

    @property
    def argument_name(self) -> str:
        """``none``, ``n15``, ``n720/60``."""
        return f"n{self}" if self else "none"

    @classmethod
    def of_harmonic(cls, name: str | tuple[int, int]) -> Self:
        """The pair of a harmonic name. Raises UnknownName."""
        if name == "fundamental":
            return cls(1, 1)
        return cls._of(name, _HARMONIC, "interharmonic", "none, fundamental, harmonic3 or interharmonic1/2")

    @classmethod
    def of_argument(cls, name: str | tuple[int, int]) -> Self:
        """The pair of an argument name. Raises UnknownName."""
        return cls._of(name, _ARGUMENT, "argument", "none, n15 or n720/60")

    @classmethod
    def _of(cls, name: str | tuple[int, int], form: re.Pattern[str], label: str, expected: str) -> Self:
        if isinstance(name, tuple):
            return cls(*name)
        if name == "none":
            return cls()
        found = form.fullmatch(name)
        if found is None:
            raise UnknownName(f"{label} has no name {name[:60]!r}; expected {expected}")
        return cls(int(found[1]), int(found[2] or 1))


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"
