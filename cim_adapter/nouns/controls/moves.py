"""Moving the targets of controls by the rules of ``control_life``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cim_adapter.nouns.controls import life
from cim_adapter.store import control_states
from cim_adapter.store.control_states import State, Target
from cim_adapter.store.controls import Found
from cim_adapter.store.transaction import Transaction


def moves(found: Found, targets: Iterable[Target], news: State, now: int) -> list[tuple[Target, State, State]]:
    """(target, its state, its next state) of those targets of a control that the news move."""
    moving = []
    for target in targets:
        before = life.at(target.state, found.end, now)
        after = life.moved(before, news)
        if after is not None:
            moving.append((target, before, after))
    return moving


def move(
    transaction: Transaction, journal_uid: str, found: Found, targets: Iterable[Target], news: State, now: int
) -> None:
    """Tell targets of a control the news; those that are past them stay where they are."""
    control_states.move(transaction, journal_uid, moves(found, targets, news, now), now)


def restart(transaction: Transaction, journal_uid: str, found: Found, targets: Iterable[Target], now: int) -> None:
    """Send the targets of a changed control back to where its life began, as far as they are not finished."""
    moving = []
    for target in targets:
        before = life.at(target.state, found.end, now)
        after = life.restarted(before)
        if after is not None and after is not before:
            moving.append((target, before, after))
    control_states.move(transaction, journal_uid, moving, now)


def hand_on(transaction: Transaction, journal_uid: str, found: Sequence[Found], now: int) -> None:
    """These controls were handed on to the system that carries them out: they are sent."""
    targets = control_states.targets(transaction, [item.id for item in found], to_move=True)
    for item in found:
        move(transaction, journal_uid, item, targets[item.id], State.SENT, now)


def still_open(found: Found, targets: Iterable[Target], now: int) -> list[Target]:
    """The targets that are not finished, and whose time has not passed."""
    return [target for target in targets if life.at(target.state, found.end, now) in life.OPEN]


def state_of(found: Found, targets: Iterable[Target], now: int) -> State:
    """The state of a control as a whole."""
    return life.of_control(life.at(target.state, found.end, now) for target in targets)
