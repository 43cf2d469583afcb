"""The reply codes of IEC 61968-9 (``Reply/Error/code``).

Single-source list (facts/metering.md §8): numbers have gaps, vendors use their own, so an unknown
code is legal and carries no text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ReplyCode:
    """One row: ``level`` is INFORM, WARNING, FATAL or CATASTROPHIC; ``result`` OK, PARTIAL or FAILED."""

    code: str
    meaning: str
    result: str
    level: str


class ReplyCodes:
    """The table, read once by whoever builds it."""

    def __init__(self) -> None:
        text = files("cim_adapter.codes").joinpath("reply_codes.csv").read_text(encoding="utf-8")
        rows = (ReplyCode(**row) for row in csv.DictReader(text.splitlines()))
        self._by_code = {row.code: row for row in rows}

    def __getitem__(self, code: str) -> ReplyCode:
        """The row of ``code``; for an unknown code a FATAL row without a text."""
        return self._by_code.get(code) or ReplyCode(code, "", "FAILED", "FATAL")

    def __iter__(self) -> Iterator[ReplyCode]:
        return iter(self._by_code.values())
