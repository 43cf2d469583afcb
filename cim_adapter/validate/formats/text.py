"""For a terminal: the place, the line with a mark under it, why, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TextIO

from cim_adapter.validate.formats.report import Total, rest_of
from cim_adapter.validate.remark import Checked, Remark, Severity

_WIDTH = 96
_RED, _YELLOW, _GREEN, _BOLD, _DIM, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


class TextReport:
    """In colour where ``colour`` says so."""

    def __init__(self, out: TextIO, *, colour: bool = False) -> None:
        self._out = out
        self._colour = colour

    def begin(self) -> None:
        """Nothing comes first."""

    def add(self, checked: Checked) -> None:
        """One line for a valid document, a block for each remark."""
        word = self._in("valid", _GREEN) if checked.valid else self._in("invalid", _RED)
        kind = self._in(f" ({plain(checked.kind)})", _DIM) if checked.kind else ""
        self._write(f"{self._in(plain(checked.name), _BOLD)}: {word}{kind}")
        for remark in checked.remarks:
            for line in self._lines(checked.name, remark):
                self._write(line)
        if rest_of(checked):
            self._write(f"  {rest_of(checked)}")

    def end(self, total: Total) -> None:
        self._write(str(total))

    def _lines(self, name: str, remark: Remark) -> Iterator[str]:
        severity = self._in(remark.severity, _RED if remark.severity is Severity.ERROR else _YELLOW)
        where = f"{plain(name)}:{remark.line}:{remark.column}: " if remark.line else ""
        yield ""
        yield f"  {where}{severity}: found {plain(remark.found)}; expected {plain(remark.expected)}"
        if remark.source.strip():
            yield from self._marked(remark)
        if remark.path:
            yield f"    at   {plain(remark.path)}"
        yield f"    why  {plain(remark.why)}"
        if remark.proposal:
            yield f"    do   {self._in(plain(remark.proposal), _GREEN)}"

    def _marked(self, remark: Remark) -> Iterator[str]:
        """The line around the mark, and a caret under each marked character."""
        source, at = remark.source, remark.at
        start = 0
        if len(source) > _WIDTH:
            start = max(0, min(at - _WIDTH // 3, len(source) - _WIDTH))
        shown = source[start : start + _WIDTH]
        indent = len(shown) - len(shown.lstrip()) if start == 0 else 0
        lead, mark = shown[indent : at - start], shown[at - start : at - start + remark.length]
        number = f"{remark.line:>7} "
        yield f"{self._in(f'{number}|', _DIM)} {'…' if start else ''}{plain(shown[indent:])}"
        space = " " * (_columns(lead) + bool(start))
        yield f"{self._in(' ' * len(number) + '|', _DIM)} {space}{self._in('^' * max(1, _columns(mark)), _RED)}"

    def _in(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_OFF}" if self._colour else text

    def _write(self, line: str) -> None:
        print(line, file=self._out)


def plain(text: str) -> str:
    """``text`` without what would steer a terminal, or turn the direction of writing."""
    return "".join(
        " " if character in "\t\r\n" else character if _is_harmless(character) else "\ufffd" for character in text
    )


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _columns(text: str) -> int:
    """How wide a terminal draws it."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
