"""Where something stands in JSON: RFC 6901."""

from __future__ import annotations

from typing import Any

#: The members and indices that lead to a value, innermost first: ``(((None, "Payload"), "ID"), 0)``. Making
#: one costs an object for each level, and only what is reported is ever written.
Path = Any

_LONGEST_STEP = 80
_MOST_STEPS = 60


def pointer(path: Path) -> str:
    """The JSON Pointer of ``path``; empty for the whole document. Long names and long ways are cut."""
    steps: list[str] = []
    while path is not None:
        path, step = path
        steps.append(str(step)[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1"))
    steps.reverse()
    if len(steps) > _MOST_STEPS:
        steps[_MOST_STEPS:] = ["…"]
    return "".join(f"/{step}" for step in steps)
