"""Long lists of values, in parts that one statement can bind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_parts(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """``values`` in parts of at most ``size``: bound values in one statement; both databases take more."""
    for first in range(0, len(values), size):
        yield values[first : first + size]
