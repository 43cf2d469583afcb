"""What is said about a document: remarks, each tied to a place in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lxml import etree


class Severity(StrEnum):
    """An error makes a document invalid; a warning is for a person to judge."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing about a document.

    ``line`` and ``column`` count from 1, in characters; 0: not tied to a place. ``length`` is how many
    characters are marked. ``source`` is the line, or a part of it, and ``at`` where in it the mark begins.
    ``rule`` names the kind of mistake. ``why`` is one sentence; ``proposal`` a change that mends it, empty where
    none can be known, and ``action`` the same in a word.
    """

    rule: str
    found: str
    expected: str
    why: str
    severity: Severity = Severity.ERROR
    line: int = 0
    column: int = 0
    length: int = 0
    path: str = ""
    value: str = ""
    proposal: str = ""
    action: str = ""
    source: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One document and what was found in it. ``remarks`` stand in the order of the document.

    ``rest`` counts the remarks beyond the limit; ``more`` says that counting, too, ended somewhere. ``text`` is
    the document, where it was small enough to keep; ``mended`` is it with every proposal applied, where that makes
    it valid.
    """

    name: str
    kind: str = ""
    bytes: int = 0
    remarks: Sequence[Remark] = ()
    rest: int = 0
    rest_errors: int = 0
    more: bool = False
    text: str | None = field(default=None, repr=False)
    mended: etree._Element | None = field(default=None, repr=False)

    @property
    def valid(self) -> bool:
        """No errors; there may be warnings."""
        return not self.errors

    @property
    def errors(self) -> int:
        """How many errors there are, those beyond the limit included."""
        return self.rest_errors + sum(remark.severity is Severity.ERROR for remark in self.remarks)

    @property
    def warnings(self) -> int:
        """How many warnings there are, those beyond the limit included."""
        return len(self.remarks) + self.rest - self.errors


def ordered(remarks: Sequence[Remark], limit: int) -> dict[str, Any]:
    """The fields ``remarks``, ``rest`` and ``rest_errors`` of ``Checked``; ``limit`` 0: all."""
    found = sorted(remarks, key=lambda remark: (remark.line, remark.column))
    kept, rest = (found[:limit], found[limit:]) if limit else (found, [])
    errors = sum(remark.severity is Severity.ERROR for remark in rest)
    return {"remarks": tuple(kept), "rest": len(rest), "rest_errors": errors}
