"""Messages that are taken in parts: how far each is, and that nobody sees what it brought before it is whole.

A part is a transaction of its own. What it stores is told from everything else by the row of its intake: while
that is there, no reader finds it. The transaction that writes the message's journal row takes that row away, and
all of it is there at once. Where a message is given up, its blocks go in small transactions, and the row last.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update

from cim_adapter import instants
from cim_adapter.store.parts import in_parts
from cim_adapter.store.tables import Tables
from cim_adapter.store.transaction import Reader, Transaction

_AT_ONCE = 1_000  # blocks that are taken away in one transaction: a few milliseconds that others wait


class LostError(Exception):
    """The intake was given up by somebody else: it was silent for too long."""


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not whole. ``progress`` is its owner's own; ``source`` and ``digest`` say of what."""

    uid: str
    received: int
    source: str | None = None
    digest: bytes | None = None
    given_up: bool = False
    progress: bytes = b""


def is_whole(tables: Tables) -> ColumnElement[bool]:
    """Whether the message of a reading block is whole."""
    return tables.reading_block.c.journal_uid.not_in(select(tables.intake.c.uid))


def begin(transaction: Transaction, intake: Intake) -> None:
    transaction.add(
        transaction.tables.intake,
        {
            "uid": intake.uid,
            "source": intake.source,
            "digest": intake.digest,
            "received": intake.received,
            "touched": instants.now(),
            "given_up": False,
            "progress": transaction.vault.seal(intake.progress, _row(intake.uid)),
        },
    )


def advance(transaction: Transaction, uid: str, progress: bytes) -> None:
    """Keep how far it is, in the transaction of what it brought. Raises LostError."""
    table = transaction.tables.intake
    changed = transaction.execute(
        update(table)
        .where(table.c.uid == uid, table.c.given_up.is_(False))
        .values(touched=instants.now(), progress=transaction.vault.seal(progress, _row(uid)))
    )
    if not changed.rowcount:
        raise LostError(f"the intake {uid} was given up")


def finish(transaction: Transaction, uid: str) -> None:
    """It is whole: from this transaction on, what it brought is there. Raises LostError."""
    table = transaction.tables.intake
    if not transaction.execute(delete(table).where(table.c.uid == uid, table.c.given_up.is_(False))).rowcount:
        raise LostError(f"the intake {uid} was given up")
    _outlive_erasures(transaction, uid)


def _outlive_erasures(transaction: Transaction, uid: str) -> None:
    """What was deleted while nobody could see these blocks was not theirs: such blocks become later ones.

    Uids grow with time, so those of the deletes that came meanwhile are the higher ones.
    """
    blocks, erasure = transaction.tables.reading_block, transaction.tables.erasure.c
    if transaction.select(select(erasure.id).where(erasure.journal_uid > uid).limit(1)).first() is None:
        return
    hit = exists().where(
        erasure.journal_uid > uid,
        or_(erasure.object_id == blocks.c.meter_id, erasure.object_id == blocks.c.usage_point_id),
        erasure.before > blocks.c.id,
    )
    ids = [row.id for row in transaction.select(select(blocks.c.id).where(blocks.c.journal_uid == uid, hit))]
    names = [column.name for column in blocks.c if column.name != "id"]
    for some in in_parts(ids):
        those = blocks.c.id.in_(some)
        again = select(*(blocks.c[name] for name in names)).where(those).order_by(blocks.c.id)
        transaction.execute(insert(blocks).from_select(names, again))
        transaction.execute(delete(blocks).where(those))


def give_up(transaction: Transaction, uid: str) -> None:
    """From now on nothing is added to it; ``clear`` takes away what it brought."""
    table = transaction.tables.intake
    transaction.execute(update(table).where(table.c.uid == uid).values(given_up=True, source=None))


def clear(transaction: Transaction, uid: str) -> bool:
    """Take away some of what an intake brought that was given up, at last the intake. Whether there is more."""
    blocks, table = transaction.tables.reading_block, transaction.tables.intake
    some = select(blocks.c.id).where(blocks.c.journal_uid == uid).limit(_AT_ONCE)
    given_up = select(table.c.uid).where(table.c.uid == uid, table.c.given_up.is_(True))
    if transaction.select(given_up).first() is None:
        return False
    taken = transaction.execute(delete(blocks).where(blocks.c.id.in_(some.scalar_subquery()))).rowcount
    if taken == _AT_ONCE:
        return True
    transaction.execute(delete(table).where(table.c.uid == uid))
    return False


def of_source(reader: Reader, source: str) -> Intake | None:
    """The intake of what can be read again."""
    table = reader.tables.intake
    for row in reader.select(select(table).where(table.c.source == source)):
        return _read(reader, row)
    return None


def forsaken(reader: Reader, *, streams: int, sources: int) -> list[str]:
    """The uids of intakes that were given up, or that did not go on since an instant: ``streams`` for those that
    cannot be read again, ``sources`` for the others.
    """
    table = reader.tables.intake
    silent = or_(
        table.c.given_up.is_(True),
        table.c.source.is_(None) & (table.c.touched < streams),
        table.c.touched < sources,
    )
    return [row.uid for row in reader.select(select(table.c.uid).where(silent))]


def _read(reader: Reader, row: Any) -> Intake:
    return Intake(
        uid=row.uid,
        received=row.received,
        source=row.source,
        digest=None if row.digest is None else bytes(row.digest),
        given_up=row.given_up,
        progress=reader.vault.open(bytes(row.progress), _row(row.uid)),
    )


def _row(uid: str) -> str:
    return f"intake/{uid}"
