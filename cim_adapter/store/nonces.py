"""Nonces of ReplayDetection: which were used, by keyed hash, for a day (facts/envelope.md §1.2, §5.2).

Rows that are older are swept with every 256th nonce or so, which is told by its hash: no thread, no state.
"""

from __future__ import annotations

from sqlalchemy import delete, select, update

from cim_adapter.store.transaction import Reader, Transaction

DAY = 24 * 3600 * 1_000_000
"""How long a nonce is remembered, in microseconds."""


def used(reader: Reader, key: bytes, *, now: int) -> int | None:
    """The instant at which the nonce was used within the last day, if it was."""
    table = reader.tables.nonce
    found: int | None = reader.select(select(table.c.used).where(table.c.hash == key)).scalar()
    return found if found is not None and found > now - DAY else None


def use(transaction: Transaction, key: bytes, *, now: int) -> None:
    """Remember that the nonce is used. Two processes that use it at once: only one of them can commit."""
    table = transaction.tables.nonce
    known = transaction.select(select(table.c.used).where(table.c.hash == key)).scalar()
    if known is not None:
        transaction.execute(update(table).where(table.c.hash == key).values(used=now))
    else:
        transaction.add(table, {"hash": key, "used": now})
    if key[0] == 0:
        transaction.execute(delete(table).where(table.c.used <= now - DAY))
