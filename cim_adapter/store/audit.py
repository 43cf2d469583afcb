"""The audit trail as it is read: verified and exported."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, select, tuple_

from cim_adapter import instants
from cim_adapter.store.trail import COLUMNS, OPENING, Chain, anchors
from cim_adapter.store.transaction import Reader

_PAGE = 5_000  # rows at once


def verify(reader: Reader) -> Iterator[str]:
    """What is wrong with the trail, each with the row it is about; nothing, where it is as it was written.

    Memory does not grow with the trail, but with the number of its chains.
    """
    chain = Chain(reader.vault)
    heads = {row.id: row for row in reader.select(select(reader.tables.audit_chain))}
    named: dict[tuple[int, int], tuple[bytes, str]] = {}
    for row in _rows(reader, select(reader.tables.audit).where(reader.tables.audit.c.number == 0)):
        if row.verb == OPENING:
            for other, number, hash_ in _anchors(row):
                named[other, number] = (hash_, _name(row.chain, 0))
    seen: set[int] = set()
    state = _State(chain)
    for row in _rows(reader, select(reader.tables.audit)):
        if row.chain != state.chain:
            yield from state.close(heads.get(state.chain))
            state = _State(chain, row.chain)
            seen.add(row.chain)
        yield from state.take(row)
        anchor = named.pop((row.chain, row.number), None)
        if anchor is not None and anchor[0] != bytes(row.hash):
            yield f"{_name(row.chain, row.number)} is not the one that {anchor[1]} names"
    yield from state.close(heads.get(state.chain))
    for missing in sorted(heads.keys() - seen):
        yield f"chain {missing}: all of its {heads[missing].number + 1} rows are missing"
    # Sorted, so that of several rows which name a chain the one that knew most of it stays.
    latest = {other: (number, by) for (other, number), (_, by) in sorted(named.items())}
    for other, (number, by) in latest.items():
        if other not in seen and other not in heads:
            yield f"chain {other} is missing; it had {number + 1} rows when {by} was written"
        elif other in heads and number > heads[other].number:
            yield f"chain {other}: row {number} is missing, which {by} names"
    yield from _unspoken(reader)


def export(reader: Reader, *, since: int | None = None, until: int | None = None) -> Iterator[dict[str, Any]]:
    """Every row as it stands, in order of chain and number; ``since`` and ``until`` are instants of arrival."""
    audit = reader.tables.audit
    statement = select(audit)
    if since is not None:
        statement = statement.where(audit.c.received >= since)
    if until is not None:
        statement = statement.where(audit.c.received < until)
    for row in _rows(reader, statement):
        yield {
            "chain": row.chain,
            "number": row.number,
            "hash": bytes(row.hash).hex(),
            **{name: getattr(row, name) for name in COLUMNS},
            "received": instants.as_text(row.received),
            "subjects": row.subjects.split(),
        }


class _State:
    """Walks along one chain."""

    def __init__(self, hashes: Chain, chain: int | None = None) -> None:
        self.chain = chain
        self._hashes = hashes
        self._number = -1
        self._before: tuple[bytes, ...] = (b"",)
        self._last = b""

    def take(self, row: Row[Any]) -> Iterator[str]:
        first = self._number + 1
        if row.number < 0:
            yield f"{_name(row.chain, row.number)} was not written by the adapter"
            return
        if row.number > first:
            yield _gone(row.chain, first, row.number - 1)
        values = tuple(getattr(row, name) for name in COLUMNS)
        stored = bytes(row.hash)
        fitting = [self._hashes.row(before, row.chain, row.number, values) for before in self._before]
        # After a gap the row before is unknown, so this one cannot be told from a changed one.
        if row.number == first and not any(hmac.compare_digest(stored, made) for made in fitting):
            yield f"{_name(row.chain, row.number)} was changed: its hash does not fit what it says"
        # Where the stored hash was changed, the next row still fits the one that was there.
        self._before = (stored, fitting[0])
        self._number, self._last = row.number, stored

    def close(self, head: Row[Any] | None) -> Iterator[str]:
        if self.chain is None:
            return
        if head is None:
            yield f"chain {self.chain}: its head is missing"
            return
        sealed = self._hashes.head(head.id, head.number, bytes(head.hash))
        if not hmac.compare_digest(sealed, bytes(head.seal)):
            yield f"chain {self.chain}: its head was changed"
        elif head.number > self._number:
            yield _gone(self.chain, self._number + 1, head.number)
        elif head.number < self._number:
            yield f"{_name(self.chain, head.number + 1)} and later ones were not written by the adapter"
        elif bytes(head.hash) != self._last:
            yield f"{_name(self.chain, self._number)} is not the one that the head of its chain names"


def _rows(reader: Reader, statement: Any) -> Iterator[Row[Any]]:
    """Along the primary key, a page at a time."""
    audit = reader.tables.audit
    key = tuple_(audit.c.chain, audit.c.number)
    ordered = statement.order_by(audit.c.chain, audit.c.number).limit(_PAGE)
    page = list(reader.select(ordered))
    while page:
        yield from page
        page = list(reader.select(ordered.where(key > (page[-1].chain, page[-1].number))))


def _unspoken(reader: Reader) -> Iterator[str]:
    """Messages of the journal that the trail does not know."""
    journal, audit = reader.tables.journal, reader.tables.audit
    joined = journal.outerjoin(audit, audit.c.journal_uid == journal.c.uid)
    statement = select(journal.c.uid).select_from(joined).where(audit.c.chain.is_(None)).order_by(journal.c.uid)
    for (uid,) in reader.select(statement):
        yield f"message {uid} is in the journal, and no row of the trail speaks of it"


def _anchors(row: Row[Any]) -> list[tuple[int, int, bytes]]:
    try:
        return anchors(row.subjects)
    except ValueError:  # it was changed, and its hash says so
        return []


def _gone(chain: int, first: int, last: int) -> str:
    many = f"rows {first} to {last} are" if last > first else f"row {first} is"
    return f"chain {chain}: {many} missing"


def _name(chain: int, number: int) -> str:
    return f"row {number} of chain {chain}"
