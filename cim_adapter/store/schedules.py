"""Schedules of meter readings, version by version.

A schedule has no identity in its profile: it is known by the message that created it, and by its place in
that message. A version holds until a change or a cancel ends it; none is ever removed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.objects import new_id
from cim_adapter.store.pages import in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader, Transaction


class Ended(StrEnum):
    """Why a version holds no longer."""

    CHANGED = "changed"
    CANCELED = "canceled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a schedule says now, opened. ``content`` is the profile, as XML; ``message_id`` that of the
    message ``created_by`` that made the schedule, where it had one.
    """

    id: int
    created_by: str
    position: int
    message_id: str | None
    content: bytes

    @property
    def key(self) -> tuple[str, int]:
        """The place of its schedule among all."""
        return self.created_by, self.position


# ----------------------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a version is to say. ``window`` is when readings are due, ``objects`` are those to be read."""

    window: tuple[int, int]
    content: bytes
    objects: Collection[int]


def add(
    transaction: Transaction, journal_uid: str, draft: Draft, *, created_by: str, position: int, at: int
) -> None:
    """Add a version that holds from ``at`` on: of a new schedule, or after ``end`` of the one before."""
    version = new_id()
    row = {
        "id": version,
        "journal_uid": journal_uid,
        "created_by": created_by,
        "position": position,
        "since": at,
        "start": draft.window[0],
        "end": draft.window[1],
        "sealed": transaction.vault.seal(draft.content, _row(version)),
    }
    transaction.add(transaction.tables.read_schedule, row)
    for object_id in sorted(set(draft.objects)):
        transaction.add(transaction.tables.read_schedule_object, {"version_id": version, "object_id": object_id})


def supersede(transaction: Transaction, journal_uid: str, version: int, draft: Draft, *, at: int) -> None:
    """The schedule of ``version`` says ``draft`` from ``at`` on."""
    table = transaction.tables.read_schedule
    columns = select(table.c.created_by, table.c.position).where(table.c.id == version)
    made = transaction.select(columns).one()
    end(transaction, journal_uid, [version], Ended.CHANGED, at=at)
    add(transaction, journal_uid, draft, created_by=made.created_by, position=made.position, at=at)


def end(transaction: Transaction, journal_uid: str, versions: Collection[int], how: Ended, *, at: int) -> None:
    """These versions hold no longer."""
    table = transaction.tables.read_schedule
    until = func.coalesce(table.c.until, at)  # one that is canceled and then deleted was over before
    for part in in_parts(sorted(versions)):
        ended = update(table).where(table.c.id.in_(part))
        transaction.execute(ended.values(until=until, ended_as=how.value, ended_by=journal_uid))


def hold(transaction: Transaction, versions: Collection[int]) -> None:
    """Keep other processes from changing the schedules of these versions until the commit. One may have been
    faster: what holds is to be found again after this.
    """
    table, journal = transaction.tables.read_schedule, transaction.tables.journal
    for part in in_parts(sorted(versions)):
        made = select(table.c.created_by).where(table.c.id.in_(part))
        locked = select(journal.c.uid).where(journal.c.uid.in_(made)).order_by(journal.c.uid)
        transaction.select(locked.with_for_update(key_share=True)).all()


# ----------------------------------------------------------------------------------------- finding


def of_message(
    reader: Reader, message_id: str, partner: str | None = None, *, canceled: bool = False
) -> list[int]:
    """The versions that hold of the schedules that a message (of any partner, or of one) created, in the
    order in which it named them; with ``canceled`` also those that were canceled.
    """
    table, journal = reader.tables.read_schedule, reader.tables.journal
    key = ordered_key(message_id)
    statement = (
        select(table.c.id)
        .join(journal, journal.c.uid == table.c.created_by)
        .where(journal.c.message_key == key, journal.c.once == 1, _holds(reader, canceled))
        .order_by(table.c.created_by, table.c.position)
    )
    if partner is not None:
        statement = statement.where(journal.c.partner == partner)
    return list(reader.select(statement).scalars())


def naming(reader: Reader, ids: Iterable[int], *, canceled: bool = False) -> set[int]:
    """The versions that hold of the schedules that read any of these objects; see ``of_message``."""
    table, reference = reader.tables.read_schedule, reader.tables.read_schedule_object
    columns = select(table.c.id).join(reference, reference.c.version_id == table.c.id)
    held = columns.where(_holds(reader, canceled))
    return {
        version
        for part in in_parts(sorted(ids))
        for version in reader.select(held.where(reference.c.object_id.in_(part))).scalars()
    }


def objects_of(reader: Reader, versions: Collection[int]) -> dict[int, set[int]]:
    """Whom each of these versions reads."""
    reference = reader.tables.read_schedule_object
    found: dict[int, set[int]] = {version: set() for version in versions}
    for part in in_parts(sorted(versions)):
        for row in reader.select(select(reference).where(reference.c.version_id.in_(part))):
            found[row.version_id].add(row.object_id)
    return found


def read(
    reader: Reader,
    ids: Collection[int] | None = None,
    *,
    window: tuple[int, int] = FOREVER,
    after: tuple[str, int] | None = None,
    at: int | None = None,
) -> Iterator[Version]:
    """The versions of these ids (None: all) that hold (or held at ``at``) and whose readings may be due in
    ``window``, in the order in which their schedules were created; those behind ``after``, a ``Version.key``.
    """
    table, journal = reader.tables.read_schedule, reader.tables.journal
    columns = select(table, journal.c.message_id).join(journal, journal.c.uid == table.c.created_by)
    holds: ColumnElement[bool] = table.c.until.is_(None)
    if at is not None:
        holds = and_(table.c.since <= at, or_(holds, table.c.until > at))
    base = columns.where(holds, table.c.start <= window[1], table.c.end >= window[0])
    named = None if ids is None else [table.c.id.in_(part) for part in in_parts(sorted(ids))]
    for row in in_order(reader, base, (table.c.created_by, table.c.position), among=named, after=after):
        yield Version(
            id=row.id,
            created_by=row.created_by,
            position=row.position,
            message_id=row.message_id,
            content=reader.vault.open(bytes(row.sealed), _row(row.id)),
        )


def _holds(reader: Reader, canceled: bool) -> ColumnElement[bool]:
    columns = reader.tables.read_schedule.c
    holds: ColumnElement[bool] = columns.until.is_(None)
    return or_(holds, columns.ended_as == Ended.CANCELED.value) if canceled else holds


def _row(version: int) -> str:
    """The row identity that the seal is bound to."""
    return f"read_schedule/{version}"
