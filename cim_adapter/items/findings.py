"""What is wrong with items, collected."""

from __future__ import annotations

from cim_adapter.errors import Finding, Invalid

_MOST_FINDINGS = 100


class Findings:
    """Collects what is wrong with items; after ``_MOST_FINDINGS`` it is enough. ``by_line``: the first step of
    each pointer counts lines.
    """

    def __init__(self, *, by_line: bool = False) -> None:
        self._by_line = by_line
        self.listed: list[Finding] = []
        self.code: str | None = None

    def add(self, pointer: str, found: object, expected: str, advice: str = "", *, code: str = "1.8") -> None:
        """``code`` is told of the whole where all findings have it."""
        self.code = code if self.code in (None, code) else "1.8"
        if len(self.listed) < _MOST_FINDINGS:
            shown = found if isinstance(found, str) else repr(found)
            shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
            line = int(pointer.split("/", 2)[1]) + 1 if self._by_line else 0
            self.listed.append(Finding(line=line, path=pointer, found=shown, expected=expected, advice=advice))

    def check(self) -> None:
        """Raises Invalid where there are any."""
        if self.listed:
            places = f"{len(self.listed)} places" if len(self.listed) > 1 else "1 place"
            first = f", the first one in line {self.listed[0].line:,}" if self._by_line else ""
            raise Invalid(f"The body is wrong in {places}{first}.", self.listed, code=self.code)
