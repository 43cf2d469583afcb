"""The audit trail as it is written: an append-only row for each call, chained by hash.

Every writer has a chain of its own, so that no process waits for another. A row's hash is a keyed one over the
hash before it and all that the row says, so a row that is changed, removed or put elsewhere does not fit
any more, and nobody without the data key can make it fit. The chain's head, sealed by one as well, says
how many rows there are: removal of the last ones shows, too. A chain begins with a row that names the heads
of those chains which nobody has named since they last grew: so a chain cannot be removed as a whole, unless
it was the last one; and then the journal has messages that no row of the trail speaks of.

Who can put back an older copy of the whole database is not found out by it. Keep ``cim-adapter audit export``
elsewhere: what it has written must still be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from cim_adapter import instants
from cim_adapter.store.sealing import Mac, Vault
from cim_adapter.store.statements import InsertRows, Write
from cim_adapter.store.tables import Tables

OPENING = "open"
"""The verb of the row that begins a chain; ``subjects`` are the heads it names: ``chain:number:hash``."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``partner`` is None for a stranger; ``subjects`` are the first of ``subject_count`` objects it
    was about, as mRIDs or keyed hashes of names; ``calls`` is more than one where a row stands for several
    that were turned away.
    """

    received: int
    transport: str
    remote: str | None
    result: str
    code: str
    partner: str | None = None
    credential: str | None = None
    verb: str | None = None
    noun: str | None = None
    subjects: tuple[str, ...] = ()
    subject_count: int = 0
    calls: int = 1
    journal_uid: str | None = None


class Chain:
    """How rows and heads are hashed."""

    def __init__(self, vault: Vault) -> None:
        self._mac = Mac(vault.digest("audit trail"))
        self._encode = msgspec.json.Encoder().encode

    def row(self, before: bytes, chain: int, number: int, values: Sequence[Any]) -> bytes:
        """The hash of a row; ``values`` in the order of ``COLUMNS``."""
        return self._mac.of(before + self._encode((chain, number, values)))

    def head(self, chain: int, number: int, row: bytes) -> bytes:
        """The seal of a chain whose last row is this one."""
        return self._mac.of(self._encode(("head", chain, number, row)))


COLUMNS = (
    "received",
    "partner",
    "credential",
    "transport",
    "remote",
    "verb",
    "noun",
    "subjects",
    "subject_count",
    "calls",
    "result",
    "code",
    "journal_uid",
)


class Trail:
    """The chain of one writer, which begins with its first event."""

    def __init__(self, tables: Tables, vault: Vault, inserts: Mapping[Any, InsertRows], chain: int) -> None:
        self._tables = tables
        self._chain = Chain(vault)
        self._id = chain
        self._insert = inserts[tables.audit]
        head = tables.audit_chain
        self._update = update(head).where(head.c.id == bindparam("chain"))
        self._move: Write | None = None
        self._at: tuple[int, bytes] | None = None
        self._next: tuple[int, bytes] = (-1, b"")

    def write(self, connection: Connection, events: Iterable[Event]) -> None:
        """Append rows within the transaction. They count when ``advance`` says that it was committed."""
        number, before = self._recall(connection) if self._at is None else self._at
        begins = number < 0
        rows: list[dict[str, Any]] = []
        for event in (self._opening(connection), *events) if begins else events:
            values = _values(event)
            number += 1
            before = self._chain.row(before, self._id, number, values)
            row = dict(zip(COLUMNS, values, strict=True))
            row["chain"], row["number"], row["hash"] = self._id, number, before
            rows.append(row)
        self._insert.run(connection, rows)
        self._write_head(connection, number, before, begins=begins)
        self._next = (number, before)

    def advance(self) -> None:
        """What was written is committed."""
        self._at = self._next

    def forget(self) -> None:
        """A commit failed, or nobody knows whether it did: look in the database where the chain ends."""
        self._at = None

    def _recall(self, connection: Connection) -> tuple[int, bytes]:
        head = self._tables.audit_chain
        known = connection.execute(select(head.c.number, head.c.hash).where(head.c.id == self._id)).one_or_none()
        return (known.number, bytes(known.hash)) if known is not None else (-1, b"")

    def _opening(self, connection: Connection) -> Event:
        audit, head = self._tables.audit, self._tables.audit_chain
        named: dict[int, int] = {}
        for (subjects,) in connection.execute(select(audit.c.subjects).where(audit.c.number == 0)):
            for chain, number, _ in anchors(subjects):
                named[chain] = max(number, named.get(chain, 0))
        heads = connection.execute(select(head.c.id, head.c.number, head.c.hash).order_by(head.c.id))
        unnamed = [(row.id, row.number, bytes(row.hash)) for row in heads if row.number > named.get(row.id, -1)]
        return Event(
            received=instants.now(),
            transport="audit",
            remote=None,
            verb=OPENING,
            subjects=tuple(f"{chain}:{number}:{row.hex()}" for chain, number, row in unnamed),
            subject_count=len(unnamed),
            calls=0,
            result="OK",
            code="0.0",
        )

    def _write_head(self, connection: Connection, number: int, row: bytes, *, begins: bool) -> None:
        values = {"number": number, "hash": row, "seal": self._chain.head(self._id, number, row)}
        if begins:
            connection.execute(insert(self._tables.audit_chain), {"id": self._id, **values})
            return
        if self._move is None:
            self._move = Write(self._update, connection.dialect, (*values, "chain"))
        self._move.run(connection, {**values, "chain": self._id})


def anchors(subjects: str) -> list[tuple[int, int, bytes]]:
    """The heads that an opening names: chain, number, hash."""
    found = (text.split(":") for text in subjects.split())
    return [(int(chain), int(number), bytes.fromhex(row)) for chain, number, row in found]


def _values(event: Event) -> tuple[Any, ...]:
    """In the order of ``COLUMNS``."""
    return (
        event.received,
        event.partner,
        event.credential,
        event.transport,
        event.remote,
        event.verb,
        event.noun,
        " ".join(event.subjects),
        event.subject_count,
        event.calls,
        event.result,
        event.code,
        event.journal_uid,
    )
