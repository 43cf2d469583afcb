"""Errors of a part of a document, with the lines and positions of the whole."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from cim_adapter.errors import AdapterError

E = TypeVar("E", bound=AdapterError)


def shifted(error: E, *, lines: int, to: int, numbered: tuple[str, int] | None = None) -> E:
    """``error`` about a document in which the part follows ``lines`` line feeds; in the whole it begins on line
    ``to``. ``numbered``: the name of an element, and how many of it stand before the part.
    """
    by = to - lines - 1

    def moved(line: int) -> int:
        return line + by if line > lines else line

    def counted(path: str) -> str:
        if numbered is None or not numbered[1]:
            return path
        name, before = numbered
        return re.sub(
            rf"(^|/){name}(?:\[(\d+)\])?(?=/|$)",
            lambda found: f"{found[1]}{name}[{int(found[2] or 1) + before}]",
            path,
            count=1,
        )

    error.findings = tuple(
        replace(finding, line=moved(finding.line), path=counted(finding.path)) for finding in error.findings
    )
    error.reason = re.sub(r"\(line (\d+)\)", lambda found: f"(line {moved(int(found[1]))})", error.reason)
    return error
