"""How far each device is with a control, and who brought it there.

A control has a target for each device; each has a state of its own, and that of the control follows from
theirs (``nouns.control_life`` has the rules). Every move after the create leaves a row in ``control_move``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import select, update

from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader, Transaction


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


def add(
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
        remember(transaction, journal_uid, target.control_id, target.position, before, state, now)
    table = transaction.tables.control_target
    for (control_id, state), positions in together.items():
        for some in in_parts(positions):
            transaction.execute(
                update(table)
                .where(
                    table.c.control_id == control_id,
                    table.c.position.in_(some),
                )
                .values(state=int(state), since=now, moved_by=journal_uid)
            )


def remember(
    transaction: Transaction,
    journal_uid: str,
    control_id: int,
    position: int | None,
    before: State | None,
    state: State | None,
    now: int,
) -> None:
    """Add to the history; without ``position`` and states, that the control itself was changed."""
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


def targets(reader: Reader, control_ids: Sequence[int], *, to_move: bool = False) -> dict[int, list[Target]]:
    """The targets of these controls in their order. ``to_move`` keeps other processes from moving them too."""
    table = reader.tables.control_target
    found: dict[int, list[Target]] = {control_id: [] for control_id in control_ids}
    for some in in_parts(control_ids):
        statement = (
            select(table).where(table.c.control_id.in_(some)).order_by(table.c.control_id, table.c.position)
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
