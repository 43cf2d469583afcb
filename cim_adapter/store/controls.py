"""Controls: what devices are told to do, and what they are found by.

The row of a control holds its latest version; what it was before stands in the journal. How far its devices
are with it, ``control_states`` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, not_, or_, select, update

from cim_adapter.store import control_states
from cim_adapter.store.control_states import State
from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.pages import in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Key, Reader, Transaction


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """A control to be stored. ``position`` is its place in its message. ``keys`` are what it is found by: those of
    its mRID and its issuerTrackingID, and of CorrelationID and MessageID of its message, as far as it has them.
    ``start`` and ``end`` are instants, ``end`` None for one that never expires.
    """

    position: int
    partner: str
    mrid: str | None
    keys: tuple[Key, ...]
    type: str
    start: int
    end: int | None
    sealed: bytes


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A control as it lies in the store, opened."""

    id: int
    journal_uid: str
    position: int
    partner: str
    mrid: str | None
    type: str
    start: int
    end: int | None
    content: bytes


def mrid_key(mrid: str) -> Key:
    return "control.mrid_key", ordered_key(mrid)


def tracking_key(vault: Vault, tracking: str) -> Key:
    return "control.tracking_key", tracking_hash(vault, tracking)


def tracking_hash(vault: Vault, tracking: str) -> bytes:
    """What an issuerTrackingID is found by, of controls and of events: 16 bytes, which tell nothing of it."""
    return vault.digest("issuerTrackingID", tracking)[:16]


def correlation_key(correlation: str) -> Key:
    return "control.correlation_key", ordered_key(correlation)


def message_key(message_id: str) -> Key:
    """What the controls are found by that came with a message: its MessageID stands in the journal alone."""
    return "journal.message_key", ordered_key(message_id)


def control_row(journal_uid: str, position: int) -> str:
    """The row identity that a control's seal is bound to."""
    return f"control/{journal_uid}/{position}"


# ------------------------------------------------------------------------------------------ writing


def add(
    transaction: Transaction,
    journal_uid: str,
    control_id: int,
    control: Control,
    devices: Iterable[tuple[int, int | None]],
    now: int,
    *,
    state: State = State.RECEIVED,
) -> None:
    """Store a control that comes ``now``. ``devices`` are (object id, id of what stands for it)."""
    row: dict[str, Any] = {
        "id": control_id,
        "journal_uid": journal_uid,
        "position": control.position,
        "partner": control.partner,
        "mrid": control.mrid,
        "type": control.type,
        **_time(control.start, control.end),
        "sealed": control.sealed,
    }
    for key in control.keys:
        transaction.take(key)
        name, value = key
        if name.startswith("control."):
            row[name[8:]] = value
    transaction.add(transaction.tables.control, row)
    control_states.add(transaction, journal_uid, control_id, devices, now, state=state)


def replace(
    transaction: Transaction,
    journal_uid: str,
    found: Found,
    *,
    type: str,
    start: int,
    end: int | None,
    tracking: str | None,
    content: bytes,
    now: int,
) -> None:
    """A new version of a control. Its mRID, its creator and what it correlates with stay."""
    table = transaction.tables.control
    values: dict[str, Any] = {
        "type": type,
        **_time(start, end),
        "sealed": transaction.vault.seal(content, control_row(found.journal_uid, found.position)),
    }
    if tracking is not None:
        key = tracking_key(transaction.vault, tracking)
        transaction.take(key)
        values["tracking_key"] = key[1]
    transaction.execute(update(table).where(table.c.id == found.id).values(**values))
    control_states.remember(transaction, journal_uid, found.id, None, None, None, now)


def _time(start: int, end: int | None) -> dict[str, Any]:
    return {"start": start, "until": start if end is None else end, "expires": end is not None}


# ------------------------------------------------------------------------------------------ reading


def by_key(reader: Reader, key: Key, devices: Collection[int] = ()) -> list[Found]:
    """The controls with this mRID, issuerTrackingID or CorrelationID, the earliest first; of ``devices`` alone,
    if any are given."""
    table = reader.tables.control
    return list(_found(reader, table.c[key[0].partition(".")[2]] == key[1], *_of_devices(reader, devices)))


def of_message(
    reader: Reader, message_id: str, partner: str | None = None, devices: Collection[int] = ()
) -> list[Found]:
    """The controls that came with the message of this MessageID, from ``partner`` if one is given; of
    ``devices`` alone, if any are given."""
    journal = reader.tables.journal
    uids = select(journal.c.uid).where(journal.c.message_key == ordered_key(message_id), journal.c.once == 1)
    if partner is not None:
        uids = uids.where(journal.c.partner == partner)
    return list(_found(reader, reader.tables.control.c.journal_uid.in_(uids), *_of_devices(reader, devices)))


def _of_devices(reader: Reader, devices: Collection[int]) -> list[ColumnElement[bool]]:
    """That a control is for one of these devices, or for what stands for one."""
    if not devices:
        return []
    table, targets = reader.tables.control, reader.tables.control_target
    named = or_(targets.c.object_id.in_(devices), targets.c.via_id.in_(devices))
    return [table.c.id.in_(select(targets.c.control_id).where(named))]


def search(
    reader: Reader,
    *,
    types: Sequence[str] = (),
    objects: Sequence[int] | None = None,
    window: tuple[int, int] = FOREVER,
    after: tuple[int, int] | None = None,
) -> Iterator[Found]:
    """Controls whose time touches ``window``, in the order of their start and id, those behind ``after``; None
    and () do not narrow.

    The time of a control without an end is its start. ``objects`` are targets, or what stands for them.
    """
    table = reader.tables.control
    narrow: list[ColumnElement[bool]] = []
    if window != FOREVER:
        narrow += [table.c.start <= window[1], table.c.until >= window[0]]
    if types:
        narrow.append(table.c.type.in_(list(types)))
    of_objects = None
    if objects is not None:
        of_objects = [condition for some in in_parts(objects) for condition in _of_devices(reader, some)]
    key = (table.c.start, table.c.id)
    rows = in_order(reader, _there(reader).where(*narrow), key, among=of_objects, after=after)
    return (_opened(reader, row) for row in rows)


def _found(reader: Reader, *where: ColumnElement[bool]) -> Iterator[Found]:
    table = reader.tables.control
    for row in reader.select(_there(reader).where(*where).order_by(table.c.start, table.c.id)):
        yield _opened(reader, row)


def _there(reader: Reader) -> Select[Any]:
    """The controls that the caller reaches: all of whose devices it reaches."""
    table, targets = reader.tables.control, reader.tables.control_target
    if reader.reach is None:
        return select(table)
    via = or_(targets.c.via_id.is_(None), not_(reader.reach.within(targets.c.via_id)))
    beyond = and_(not_(reader.reach.within(targets.c.object_id)), via)
    return select(table).where(table.c.id.not_in(select(targets.c.control_id).where(beyond)))


def _opened(reader: Reader, row: Row[Any]) -> Found:
    return Found(
        id=row.id,
        journal_uid=row.journal_uid,
        position=row.position,
        partner=row.partner,
        mrid=row.mrid,
        type=row.type,
        start=row.start,
        end=row.until if row.expires else None,
        content=reader.vault.open(bytes(row.sealed), control_row(row.journal_uid, row.position)),
    )
