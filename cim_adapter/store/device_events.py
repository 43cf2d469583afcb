"""EndDeviceEvents: what happened in or at a device, stored as it was told.

Events that came together are sealed together, in blocks; each has a row that it is found by. Closing, canceling
and deleting put a mark on an event; nothing is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, or_, select, update

from cim_adapter.store.controls import tracking_hash
from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.objects import Name, new_id
from cim_adapter.store.pages import in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Key, Reader, Transaction

_IN_BLOCK = 64  # events; whoever asks for one of them opens all
_BLOCK_BYTES = 64 * 1024  # a block that has so much is full
_AT_ONCE = 100  # events whose blocks are opened together


class Mark(IntEnum):
    """What became of an event after it was told."""

    CLOSED = 1
    CANCELED = 2
    DELETED = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event to be stored. ``position`` is its place in its message, ``block`` and ``place`` say where its
    content is; ``mrid_key`` and ``tracking_key`` are what it is found by, ``created`` is the instant of its
    createdDateTime."""

    position: int
    block: int
    place: int
    mrid: str | None
    mrid_key: Key | None
    names: tuple[Name, ...]
    type: str
    created: int
    tracking_key: bytes | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it lies in the store, opened."""

    id: int
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
    return "end_device_event.mrid_key", ordered_key(mrid)


class Sealer:
    """Seals the events of a message into blocks, as they come. Blocks are numbered from ``first``."""

    def __init__(self, vault: Vault, journal_uid: str, first: int) -> None:
        self.blocks: dict[int, bytes] = {}
        """The blocks that are full, sealed, by number."""
        self._vault = vault
        self._uid = journal_uid
        self._number = first
        self._contents: list[bytes] = []
        self._bytes = 0

    def put(self, content: bytes) -> tuple[int, int]:
        """The number of the block that an event goes into, and its place there, from 0."""
        if len(self._contents) == _IN_BLOCK or self._bytes >= _BLOCK_BYTES:
            self.finish()
        self._contents.append(content)
        self._bytes += len(content)
        return self._number, len(self._contents) - 1

    def finish(self) -> None:
        """Seal what is not sealed yet."""
        if self._contents:
            packed = msgspec.msgpack.encode(self._contents)
            self.blocks[self._number] = self._vault.seal(packed, _block_row(self._uid, self._number))
            self._number, self._contents, self._bytes = self._number + 1, [], 0


def _block_row(journal_uid: str, number: int) -> str:
    """The row identity that a block's seal is bound to."""
    return f"end_device_event_block/{journal_uid}/{number}"


# ------------------------------------------------------------------------------------------ writing


class Brought:
    """The events that a message brings, on their way into the store. A block is stored with the first of its
    events that is.
    """

    def __init__(self, transaction: Transaction, journal_uid: str, blocks: Mapping[int, bytes]) -> None:
        self._transaction = transaction
        self._uid = journal_uid
        self._blocks = dict(blocks)
        self._first = new_id()

    def add(self, event: Event, *, meter_id: int | None, usage_point_id: int | None) -> None:
        """Store one event."""
        transaction, key, event_id = self._transaction, event.mrid_key, self._first + event.position
        if key is not None:
            transaction.take(key)
        transaction.add(
            transaction.tables.end_device_event,
            {
                "id": event_id,
                "block_id": self._block(event.block),
                "place": event.place,
                "mrid": event.mrid,
                "mrid_key": key and key[1],
                "meter_id": meter_id,
                "usage_point_id": usage_point_id,
                "type": event.type,
                "created": event.created,
                "tracking_key": event.tracking_key,
                "mark": None,
                "marked": None,
                "marked_by": None,
            },
        )
        if event.names:
            _add_names(transaction, event_id, event.names)

    def replace(self, found: Found, event: Event, *, meter_id: int | None, usage_point_id: int | None) -> None:
        """Put ``event`` into the place of ``found``, with its mRID and, where it has none, its names."""
        transaction = self._transaction
        table, names = transaction.tables.end_device_event, transaction.tables.end_device_event_name
        values: dict[str, Any] = {
            "block_id": self._block(event.block),
            "place": event.place,
            "meter_id": meter_id,
            "usage_point_id": usage_point_id,
            "type": event.type,
            "created": event.created,
            "tracking_key": event.tracking_key,
        }
        transaction.execute(update(table).where(table.c.id == found.id).values(**values))
        if event.names:
            transaction.execute(names.delete().where(names.c.event_id == found.id))
            _add_names(transaction, found.id, event.names)

    def _block(self, number: int) -> int:
        """The id of a block, which is there from now on."""
        block_id = self._first + number
        if (sealed := self._blocks.pop(number, None)) is not None:
            row = {"id": block_id, "journal_uid": self._uid, "number": number, "sealed": sealed}
            self._transaction.add(self._transaction.tables.end_device_event_block, row)
        return block_id


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
    return list(_found(reader, reader.tables.end_device_event.c.mrid_key == ordered_key(mrid)))


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
    return _opened(reader, rows)


def _found(reader: Reader, *where: ColumnElement[bool]) -> Iterator[Found]:
    table = reader.tables.end_device_event
    return _opened(reader, reader.select(_there(reader).where(*where).order_by(table.c.created, table.c.id)))


def _there(reader: Reader) -> Select[Any]:
    """Events that are not deleted, and that the caller reaches."""
    table = reader.tables.end_device_event
    there = select(table).where(or_(table.c.mark.is_(None), table.c.mark != int(Mark.DELETED)))
    return (
        there
        if reader.reach is None
        else there.where(reader.reach.within(table.c.meter_id, table.c.usage_point_id))
    )


def _opened(reader: Reader, rows: Iterable[Row[Any]]) -> Iterator[Found]:
    following = iter(rows)
    while some := list(islice(following, _AT_ONCE)):
        contents = _contents(reader, {row.block_id for row in some})
        for row in some:
            yield Found(
                id=row.id,
                mrid=row.mrid,
                meter_id=row.meter_id,
                usage_point_id=row.usage_point_id,
                type=row.type,
                created=row.created,
                mark=None if row.mark is None else Mark(row.mark),
                marked=row.marked,
                marked_by=row.marked_by,
                content=contents[row.block_id][row.place],
            )


def _contents(reader: Reader, block_ids: Iterable[int]) -> dict[int, list[bytes]]:
    """What is in these blocks."""
    table = reader.tables.end_device_event_block
    found: dict[int, list[bytes]] = {}
    for row in reader.select(select(table).where(table.c.id.in_(block_ids))):
        packed = reader.vault.open(bytes(row.sealed), _block_row(row.journal_uid, row.number))
        found[row.id] = msgspec.msgpack.decode(packed, type=list[bytes])
    return found
