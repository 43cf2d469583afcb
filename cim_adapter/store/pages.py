"""Rows in the order of a key, some at a time: however many there are, few are held at once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, tuple_

from cim_adapter.store.transaction import Reader

T = TypeVar("T")
Key = tuple[Any, ...]

_AT_ONCE = 2_000  # rows that are held, all conditions together
_LEAST = 100  # rows of one condition, however many there are


def in_order(
    reader: Reader,
    statement: Select[Any],
    key: Sequence[ColumnElement[Any]],
    *,
    among: Sequence[ColumnElement[bool]] | None = None,
    after: Key | None = None,
) -> Iterator[Row[Any]]:
    """The rows of ``statement`` in the order of ``key``, which no two rows share; those behind ``after``.

    ``among``: conditions that a row must fulfil one of (None: there are none). A row that fulfils several comes
    once. A condition is a statement of its own, so each may have the values and the index that one can have.
    """
    narrowed = [statement] if among is None else [statement.where(condition) for condition in among]
    size = max(_LEAST, _AT_ONCE // max(1, len(narrowed)))
    walks = [_walk(reader, some.order_by(*key), key, after, size) for some in narrowed]
    return merged(walks, lambda row: _place(row, key))


def merged(ordered: Iterable[Iterable[T]], key: Callable[[T], Key]) -> Iterator[T]:
    """What is in several lists, each in the order of ``key``, in one; what has an equal key comes once."""
    last: Key | None = None
    for item in heapq.merge(*ordered, key=key):
        place = key(item)
        if place != last:
            yield item
        last = place


def _walk(
    reader: Reader, statement: Select[Any], key: Sequence[ColumnElement[Any]], after: Key | None, size: int
) -> Iterator[Row[Any]]:
    while True:
        further = statement if after is None else statement.where(tuple_(*key) > after)
        rows = reader.select(further.limit(size)).all()
        yield from rows
        if len(rows) < size:
            return
        after = _place(rows[-1], key)


def _place(row: Row[Any], key: Sequence[ColumnElement[Any]]) -> Key:
    return tuple(row._mapping[column] for column in key)
