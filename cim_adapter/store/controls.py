"""Controls: what devices are told to do, and how far each device is with it.

A control has targets, one for each device; each target has a state of its own, and that of the control
follows from theirs (``nouns.control_life`` has the rules). The row of a control holds its latest version;
what it was before stands in the journal. Every move after the create leaves a row in ``control_move``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from cim_adapter.store.journal import identifier_key
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Key, Reader, Transaction

_PARAMETERS = 500  # bound values in one statement; both databases take more


class State(IntEnum):
    """How far a target is with its control, and so the control."""

    RECEIVED = 0
    SENT = 1
    IN_PROGRESS = 2
    COMPLETED = 3
    FAILED = 4
    CANCELED = 5
    EXPIRED = 6
    """Never stored: told by the clock."""

    @property
    def word(self) -> str:
        """As people read it: ``in progress``."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A control to be stored. ``keys`` are what it is found by: those of its mRID, its issuerTrackingID and the
    CorrelationID of answers to its message, as far as it has them. ``start`` and ``end`` are instants, ``end``
    None for one that never expires.
    """

    id: int
    position: int
    partner: str
    mrid: str | None
    keys: tuple[Key, ...]
    type: str
    start: int
    end: int | None
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device that a control is for. ``via_id`` is the group or usage point that stands for it."""

    control_id: int
    position: int
    object_id: int
    via_id: int | None
    state: State
    since: int
    moved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A row of the history. ``position`` None: the control was changed; else that of the target that moved."""

    position: int | None
    before: State | None
    state: State | None
    at: int
    journal_uid: str


def mrid_key(mrid: str) -> Key:
    return "control.mrid_key", identifier_key(mrid)


def tracking_key(vault: Vault, tracking: str) -> Key:
    return "control.tracking_key", tracking_hash(vault, tracking)


def tracking_hash(vault: Vault, tracking: str) -> bytes:
    """What an issuerTrackingID is found by, of controls and of events: 16 bytes, which tell nothing of it."""
    return vault.digest("issuerTrackingID", tracking)[:16]


def correlation_key(correlation: str) -> Key:
    return "control.correlation_key", identifier_key(correlation)


def control_row(journal_uid: str, position: int) -> str:
    """The row identity that a control's seal is bound to."""
    return f"control/{journal_uid}/{position}"


# ------------------------------------------------------------------------------------------ writing


def add(
    transaction: Transaction,
    journal_uid: str,
    control: Control,
    devices: Iterable[tuple[int, int | None]],
    now: int,
    *,
    state: State = State.RECEIVED,
) -> None:
    """Store a control that comes ``now``. ``devices`` are (object id, id of what stands for it)."""
    for key in control.keys:
        transaction.take(key)
    transaction.add(
        transaction.tables.control,
        {
            "id": control.id,
            "journal_uid": journal_uid,
            "position": control.position,
            "partner": control.partner,
            "mrid": control.mrid,
            **{name.partition(".")[2]: value for name, value in control.keys},
            "type": control.type,
            **_time(control.start, control.end),
            "sealed": control.sealed,
        },
    )
    add_targets(transaction, journal_uid, control.id, devices, now, state=state)


def add_targets(
    transaction: Transaction,
    journal_uid: str,
    control_id: int,
    devices: Iterable[tuple[int, int | None]],
    now: int,
    *,
    state: State = State.RECEIVED,
    first: int = 0,
) -> None:
    """More devices for a control; ``first`` is the position of the first of them."""
    for position, (object_id, via_id) in enumerate(devices, first):
        transaction.add(
            transaction.tables.control_target,
            {
                "control_id": control_id,
                "position": position,
                "object_id": object_id,
                "via_id": via_id,
                "state": int(state),
                "since": now,
                "moved_by": journal_uid,
            },
        )


def move(
    transaction: Transaction, journal_uid: str, moves: Iterable[tuple[Target, State, State]], now: int
) -> None:
    """Bring targets to other states: (target, the state it was in ``now``, the state it is in from then on)."""
    together: dict[tuple[int, State], list[int]] = {}
    for target, before, state in moves:
        together.setdefault((target.control_id, state), []).append(target.position)
        _remember(transaction, journal_uid, target.control_id, target.position, before, state, now)
    table = transaction.tables.control_target
    for (control_id, state), positions in together.items():
        for first in range(0, len(positions), _PARAMETERS):
            transaction.execute(
                update(table)
                .where(
                    table.c.control_id == control_id,
                    table.c.position.in_(positions[first : first + _PARAMETERS]),
                )
                .values(state=int(state), since=now, moved_by=journal_uid)
            )


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
    _remember(transaction, journal_uid, found.id, None, None, None, now)


def _time(start: int, end: int | None) -> dict[str, Any]:
    return {"start": start, "until": start if end is None else end, "expires": end is not None}


def _remember(
    transaction: Transaction,
    journal_uid: str,
    control_id: int,
    position: int | None,
    before: State | None,
    state: State | None,
    now: int,
) -> None:
    transaction.add(
        transaction.tables.control_move,
        {
            "journal_uid": journal_uid,
            "control_id": control_id,
            "position": position,
            "before": None if before is None else int(before),
            "state": None if state is None else int(state),
            "at": now,
        },
    )


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
    uids = select(journal.c.uid).where(journal.c.message_key == identifier_key(message_id), journal.c.once == 1)
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
) -> Iterator[Found]:
    """Controls whose time touches ``window``, in the order of their start; None and () do not narrow.

    The time of a control without an end is its start. ``objects`` are targets, or what stands for them.
    """
    table = reader.tables.control
    narrow: list[ColumnElement[bool]] = []
    if window != FOREVER:
        narrow += [table.c.start <= window[1], table.c.until >= window[0]]
    if types:
        narrow.append(table.c.type.in_(list(types)))
    if objects is None:
        yield from _found(reader, *narrow)
        return
    seen: set[int] = set()
    for first in range(0, len(objects), _PARAMETERS):
        some = objects[first : first + _PARAMETERS]
        for found in _found(reader, *_of_devices(reader, some), *narrow):
            if found.id not in seen:
                seen.add(found.id)
                yield found


def _found(reader: Reader, *where: ColumnElement[bool]) -> Iterator[Found]:
    table = reader.tables.control
    for row in reader.select(select(table).where(*where).order_by(table.c.start, table.c.id)):
        yield Found(
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


def targets(reader: Reader, control_ids: Sequence[int], *, to_move: bool = False) -> dict[int, list[Target]]:
    """The targets of these controls in their order. ``to_move`` keeps other processes from moving them too."""
    table = reader.tables.control_target
    found: dict[int, list[Target]] = {control_id: [] for control_id in control_ids}
    for first in range(0, len(control_ids), _PARAMETERS):
        statement = (
            select(table)
            .where(table.c.control_id.in_(control_ids[first : first + _PARAMETERS]))
            .order_by(table.c.control_id, table.c.position)
        )
        for row in reader.select(statement.with_for_update() if to_move else statement):
            found[row.control_id].append(
                Target(
                    control_id=row.control_id,
                    position=row.position,
                    object_id=row.object_id,
                    via_id=row.via_id,
                    state=State(row.state),
                    since=row.since,
                    moved_by=row.moved_by,
                )
            )
    return found


def history(reader: Reader, control_id: int) -> list[Move]:
    """What has happened to the control and its targets since it was created, in order."""
    table = reader.tables.control_move
    return [
        Move(
            position=row.position,
            before=None if row.before is None else State(row.before),
            state=None if row.state is None else State(row.state),
            at=row.at,
            journal_uid=row.journal_uid,
        )
        for row in reader.select(select(table).where(table.c.control_id == control_id).order_by(table.c.id))
    ]
