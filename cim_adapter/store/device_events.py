"""EndDeviceEvents: what happened in or at a device, stored as it was told.

Closing, canceling and deleting put a mark on an event; nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, or_, select, update

from cim_adapter.store.controls import tracking_hash
from cim_adapter.store.journal import identifier_key
from cim_adapter.store.objects import Name
from cim_adapter.store.pages import in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Key, Reader, Transaction


class Mark(IntEnum):
    """What became of an event after it was told."""

    CLOSED = 1
    CANCELED = 2
    DELETED = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be stored. ``mrid_key`` and ``tracking_key`` are what it is found by, ``created`` is the
    instant of its createdDateTime."""

    id: int
    position: int
    mrid: str | None
    mrid_key: Key | None
    names: tuple[Name, ...]
    type: str
    created: int
    severity: str | None
    tracking_key: bytes | None
    sealed: bytes


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it lies in the store, opened."""

    id: int
    journal_uid: str
    position: int
    mrid: str | None
    meter_id: int | None
    usage_point_id: int | None
    type: str
    created: int
    mark: Mark | None
    marked: int | None
    marked_by: str | None
    content: bytes


def mrid_key(mrid: str) -> Key:
    return "end_device_event.mrid_key", identifier_key(mrid)


def event_row(journal_uid: str, position: int) -> str:
    """The row identity that an event's seal is bound to."""
    return f"end_device_event/{journal_uid}/{position}"


# ------------------------------------------------------------------------------------------ writing


def add(
    transaction: Transaction, journal_uid: str, event: Event, *, meter_id: int | None, usage_point_id: int | None
) -> None:
    """Store one event."""
    if event.mrid_key is not None:
        transaction.take(event.mrid_key)
    transaction.add(
        transaction.tables.end_device_event,
        {
            "id": event.id,
            "journal_uid": journal_uid,
            "position": event.position,
            "mrid": event.mrid,
            "mrid_key": event.mrid_key and event.mrid_key[1],
            "meter_id": meter_id,
            "usage_point_id": usage_point_id,
            "type": event.type,
            "created": event.created,
            "severity": event.severity,
            "tracking_key": event.tracking_key,
            "sealed": event.sealed,
        },
    )
    _add_names(transaction, event.id, event.names)


def replace(
    transaction: Transaction,
    found: Found,
    event: Event,
    content: bytes,
    *,
    meter_id: int | None,
    usage_point_id: int | None,
) -> None:
    """Put ``event`` into the place of ``found``, with its mRID and, where it has none, its names."""
    table, names = transaction.tables.end_device_event, transaction.tables.end_device_event_name
    transaction.execute(
        update(table)
        .where(table.c.id == found.id)
        .values(
            meter_id=meter_id,
            usage_point_id=usage_point_id,
            type=event.type,
            created=event.created,
            severity=event.severity,
            tracking_key=event.tracking_key,
            sealed=transaction.vault.seal(content, event_row(found.journal_uid, found.position)),
        )
    )
    if event.names:
        transaction.execute(names.delete().where(names.c.event_id == found.id))
        _add_names(transaction, found.id, event.names)


def put(transaction: Transaction, journal_uid: str, events: Sequence[Found], mark: Mark, now: int) -> None:
    """Mark these events. A mark that an event has already keeps its time; a deleted one frees its mRID."""
    table = transaction.tables.end_device_event
    ids = [event.id for event in events if event.mark is not mark]
    values: dict[str, Any] = {"mark": int(mark), "marked": now, "marked_by": journal_uid}
    if mark is Mark.DELETED:
        values["mrid_key"] = None
    for some in in_parts(ids):
        transaction.execute(update(table).where(table.c.id.in_(some)).values(**values))


def _add_names(transaction: Transaction, event_id: int, names: Sequence[Name]) -> None:
    for name in names:
        row = {"event_id": event_id, "hash": _name_hash(transaction.vault, name.name)}
        transaction.add(transaction.tables.end_device_event_name, row)


def _name_hash(vault: Vault, name: str) -> bytes:
    return vault.digest("EndDeviceEvent", "name", name)


# ------------------------------------------------------------------------------------------ reading


def by_mrid(reader: Reader, mrid: str) -> list[Found]:
    """The event of this mRID."""
    return list(_found(reader, reader.tables.end_device_event.c.mrid_key == identifier_key(mrid)))


def by_name(reader: Reader, name: str) -> list[Found]:
    """The events that have this name, whatever its type; the caller compares that."""
    table, names = reader.tables.end_device_event, reader.tables.end_device_event_name
    named = select(names.c.event_id).where(names.c.hash == _name_hash(reader.vault, name))
    return list(_found(reader, table.c.id.in_(named)))


def by_tracking(reader: Reader, tracking: str) -> list[Found]:
    """The events with this issuerTrackingID."""
    table = reader.tables.end_device_event
    return list(_found(reader, table.c.tracking_key == tracking_hash(reader.vault, tracking)))


def search(
    reader: Reader,
    *,
    types: Sequence[str] = (),
    objects: Sequence[int] | None = None,
    window: tuple[int, int] = FOREVER,
    after: tuple[int, int] | None = None,
) -> Iterator[Found]:
    """Events in ``window``, in the order of createdDateTime and id, those behind ``after``; None and () do not
    narrow.

    ``objects`` are meters and usage points, either of which an event must be of.
    """
    table = reader.tables.end_device_event
    narrow: list[ColumnElement[bool]] = []
    if window != FOREVER:
        narrow.append(table.c.created.between(*window))
    if types:
        narrow.append(table.c.type.in_(list(types)))
    of_objects = None
    if objects is not None:
        columns = (table.c.meter_id, table.c.usage_point_id)
        of_objects = [column.in_(some) for some in in_parts(objects) for column in columns]
    rows = in_order(
        reader,
        _there(reader).where(*narrow),
        (table.c.created, table.c.id),
        among=of_objects,
        after=after,
    )
    return (_opened(reader, row) for row in rows)


def _found(reader: Reader, *where: ColumnElement[bool]) -> Iterator[Found]:
    table = reader.tables.end_device_event
    for row in reader.select(_there(reader).where(*where).order_by(table.c.created, table.c.id)):
        yield _opened(reader, row)


def _there(reader: Reader) -> Select[Any]:
    """Events that are not deleted."""
    table = reader.tables.end_device_event
    return select(table).where(or_(table.c.mark.is_(None), table.c.mark != int(Mark.DELETED)))


def _opened(reader: Reader, row: Row[Any]) -> Found:
    return Found(
        id=row.id,
        journal_uid=row.journal_uid,
        position=row.position,
        mrid=row.mrid,
        meter_id=row.meter_id,
        usage_point_id=row.usage_point_id,
        type=row.type,
        created=row.created,
        mark=None if row.mark is None else Mark(row.mark),
        marked=row.marked,
        marked_by=row.marked_by,
        content=reader.vault.open(bytes(row.sealed), event_row(row.journal_uid, row.position)),
    )
