"""What every report does: begin, take documents, end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cim_adapter.validate.remark import Checked


@dataclass(slots=True)
class Total:
    """Counts over all documents."""

    documents: int = 0
    invalid: int = 0
    errors: int = 0
    warnings: int = 0
    bytes: int = 0

    def count(self, checked: Checked) -> None:
        """Add one document."""
        self.documents += 1
        self.invalid += not checked.valid
        self.errors += checked.errors
        self.warnings += checked.warnings
        self.bytes += checked.bytes

    def __str__(self) -> str:
        counts = [_counted(self.documents, "document"), f"{self.invalid:,} invalid"]
        counts += [_counted(self.errors, "error")] if self.errors else []
        counts += [_counted(self.warnings, "warning")] if self.warnings else []
        return ", ".join(counts)


class Report(Protocol):
    """Writes as it goes, so that it costs no memory however many documents there are."""

    def begin(self) -> None: ...

    def add(self, checked: Checked) -> None: ...

    def end(self, total: Total) -> None: ...


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def rest_of(checked: Checked) -> str:
    """How many more remarks there are than those that are listed; empty if none."""
    if not checked.rest:
        return "more may come to light when these are mended" if checked.more else ""
    more = " or more" if checked.more else ""
    return f"and {checked.rest:,}{more} more like these; --limit 0 lists all"
