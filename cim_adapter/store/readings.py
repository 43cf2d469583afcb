"""Sealed reading blocks: written once, found by meter, usage point, reading type and time.

A block is never changed. A later block wins over an earlier one at the same timestamp, a delete hides
what was there before it; which reading is visible is decided when readings are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, update

from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.intakes import is_whole
from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader, Transaction

FOREVER = (-(2**62), 2**62)
"""The window that holds every instant."""
_SPANS = 100  # meters with a window of their own in one statement

T = TypeVar("T")


class Kind(IntEnum):
    """What a block holds."""

    INTERVALS = 0
    REGISTERS = 1
    EVENTS = 2


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One block, sealed. ``start`` and ``end`` are the first and last instant in it."""

    kind: Kind
    position: int
    reading_type: str
    start: int
    end: int
    readings: int
    sealed: bytes


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A block as it lies in the store, opened. A higher ``id`` is a later block."""

    id: int
    journal_uid: str
    position: int
    meter_id: int | None
    usage_point_id: int | None
    kind: Kind
    reading_type: str
    start: int
    end: int
    readings: int
    content: bytes


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """Readings of ``object_id`` between ``start`` and ``end`` in blocks below ``before`` are deleted: those of
    ``reading_type``, or all."""

    object_id: int
    reading_type: str | None
    before: int
    start: int
    end: int


def block_row(journal_uid: str, position: int) -> str:
    """The row identity that a block's seal is bound to."""
    return f"reading_block/{journal_uid}/{position}"


def add(
    transaction: Transaction,
    journal_uid: str,
    blocks: Iterable[Block],
    *,
    meter_id: int | None,
    usage_point_id: int | None,
) -> None:
    """Store the blocks of one MeterReading."""
    for block in blocks:
        transaction.add(
            transaction.tables.reading_block,
            {
                "journal_uid": journal_uid,
                "position": block.position,
                "meter_id": meter_id,
                "usage_point_id": usage_point_id,
                "kind": int(block.kind),
                "reading_type": block.reading_type,
                "start": block.start,
                "end": block.end,
                "readings": block.readings,
                "sealed": block.sealed,
            },
        )


def blocks(
    reader: Reader,
    *,
    meters: Sequence[int] = (),
    usage_points: Sequence[int] = (),
    reading_types: Sequence[str] = (),
    window: tuple[int, int] = FOREVER,
    without_meter: bool = False,
) -> Iterator[Found]:
    """The blocks that touch ``window``, oldest first. Empty sequences do not narrow.

    With meters and usage points both, a block must belong to one of each.
    """
    table = reader.tables.reading_block
    base = _visible(reader, reading_types)
    if without_meter:
        base = base.where(table.c.meter_id.is_(None))
    if window != FOREVER:
        base = base.where(_touches(table, window))
    for statement in _narrowed(base, table, meters, usage_points):
        yield from _read(reader, statement)


def blocks_within(
    reader: Reader, spans: Sequence[tuple[int, tuple[int, int]]], *, reading_types: Sequence[str] = ()
) -> Iterator[Found]:
    """The blocks of each meter (its id) that touch its own window; one may come twice."""
    table = reader.tables.reading_block
    base = _visible(reader, reading_types)
    for part in in_parts(spans, _SPANS):
        own = [and_(table.c.meter_id == meter, _touches(table, window)) for meter, window in part]
        yield from _read(reader, base.where(or_(*own)))


def _visible(reader: Reader, reading_types: Sequence[str]) -> Select[Any]:
    table = reader.tables.reading_block
    base = select(table).where(table.c.withdrawn_by.is_(None), is_whole(reader.tables))
    if reader.reach is not None:
        base = base.where(reader.reach.within(table.c.meter_id, table.c.usage_point_id))
    return base.where(table.c.reading_type.in_(list(reading_types))) if reading_types else base


def _touches(table: Table, window: tuple[int, int]) -> ColumnElement[bool]:
    return and_(table.c.start <= window[1], table.c.end >= window[0])


def _read(reader: Reader, statement: Select[Any]) -> Iterator[Found]:
    for row in reader.stream(statement.order_by(reader.tables.reading_block.c.id)):
        yield Found(
            id=row.id,
            journal_uid=row.journal_uid,
            position=row.position,
            meter_id=row.meter_id,
            usage_point_id=row.usage_point_id,
            kind=Kind(row.kind),
            reading_type=row.reading_type,
            start=row.start,
            end=row.end,
            readings=row.readings,
            content=reader.vault.open(bytes(row.sealed), block_row(row.journal_uid, row.position)),
        )


def erasures(reader: Reader, ids: Iterable[int]) -> list[Erasure]:
    """What was deleted of these objects."""
    table = reader.tables.erasure
    return [
        Erasure(
            object_id=row.object_id,
            reading_type=row.reading_type,
            before=row.before,
            start=row.start,
            end=row.end,
        )
        for part in in_parts(list(ids))
        for row in reader.select(select(table).where(table.c.object_id.in_(part)))
    ]


def erase(
    transaction: Transaction,
    journal_uid: str,
    object_id: int,
    window: tuple[int, int],
    *,
    reading_type: str | None = None,
) -> int:
    """Hide the readings of an object in ``window``; returns how many blocks that touches.

    Blocks that an earlier delete of at least this window hides already do not count.
    """
    table = transaction.tables.reading_block
    of_object = or_(table.c.meter_id == object_id, table.c.usage_point_id == object_id)
    hidden = max(
        (
            e.before
            for e in erasures(transaction, [object_id])
            if e.start <= window[0] and e.end >= window[1] and e.reading_type in (None, reading_type)
        ),
        default=0,
    )
    touched = and_(
        of_object,
        table.c.id >= hidden,
        table.c.withdrawn_by.is_(None),
        is_whole(transaction.tables),
        table.c.start <= window[1],
        table.c.end >= window[0],
    )
    if reading_type is not None:
        touched = and_(touched, table.c.reading_type == reading_type)
    found: Any = transaction.select(select(func.max(table.c.id), func.count()).where(touched)).one()
    if found[1]:
        transaction.add(
            transaction.tables.erasure,
            {
                "journal_uid": journal_uid,
                "object_id": object_id,
                "reading_type": reading_type,
                "before": found[0] + 1,
                "start": window[0],
                "end": window[1],
            },
        )
    return int(found[1])


def withdraw(transaction: Transaction, journal_uid: str, partner: str, message_id: str) -> int:
    """Take back what one message of ``partner`` brought, as if it had never come; returns its blocks."""
    table, journal = transaction.tables.reading_block, transaction.tables.journal
    of_message = select(journal.c.uid).where(
        journal.c.message_key == ordered_key(message_id), journal.c.partner == partner, journal.c.once == 1
    )
    theirs: list[ColumnElement[bool]] = [table.c.journal_uid.in_(of_message), table.c.withdrawn_by.is_(None)]
    if transaction.reach is not None:
        theirs.append(transaction.reach.within(table.c.meter_id, table.c.usage_point_id))
    changed = transaction.execute(update(table).where(*theirs).values(withdrawn_by=journal_uid))
    return changed.rowcount


def _narrowed(
    base: Select[Any], table: Any, meters: Sequence[int], usage_points: Sequence[int]
) -> Iterator[Select[Any]]:
    if not meters and not usage_points:
        yield base
    for meter_part in in_parts(meters) if meters else [()]:
        for point_part in in_parts(usage_points) if usage_points else [()]:
            if not meter_part and not point_part:
                continue
            statement = base
            if meter_part:
                statement = statement.where(table.c.meter_id.in_(meter_part))
            if point_part:
                statement = statement.where(table.c.usage_point_id.in_(point_part))
            yield statement
