"""The life of a control: which moves there are, and what the states of its targets make of it.

    received ──► sent ──► in progress ──► completed
        └─────────┴───────────┴─────────► failed
        └─────────┴───────────┴─────────► canceled
        └─────────┴───────────┴─ clock ─► expired ──► completed, failed, canceled

The rules, for one target:

- It goes forward only: news of a state that it is past moves nothing.
- ``completed``, ``failed`` and ``canceled`` are final.
- ``expired`` is told by the clock: the window of the control has passed and the target is not finished. It
  is never stored. News that arrive late still say how it ended; nothing opens it again.
- A change of the control sends every target that is not finished back to ``received``: what is to be done
  has to go out anew.

The control: as long as one target is open it is as far as the farthest of them, and ``in progress`` as soon
as one is finished. When none is open it is what the gravest end of its targets is: ``failed``, else
``expired``, else ``completed``, else ``canceled``.

Pure: no clock, no store.
"""

from __future__ import annotations

from collections.abc import Iterable

from cim_adapter.store.control_states import State

OPEN = (State.RECEIVED, State.SENT, State.IN_PROGRESS)
FINAL = (State.COMPLETED, State.FAILED, State.CANCELED)
_GRAVEST_FIRST = (State.FAILED, State.EXPIRED, State.COMPLETED, State.CANCELED)


def at(state: State, end: int | None, now: int) -> State:
    """The state that a target, stored as ``state``, is in at the instant ``now``."""
    if state in OPEN and end is not None and now >= end:
        return State.EXPIRED
    return state


def moved(state: State, news: State) -> State | None:
    """The state after ``news`` of a target in ``state``; None where they move nothing."""
    if state in OPEN and news > state:
        return news
    if state is State.EXPIRED and news in FINAL:
        return news
    return None


def restarted(state: State) -> State | None:
    """The state after a change of the control; None for a target that is finished or past its time."""
    return State.RECEIVED if state in OPEN else None


def of_control(targets: Iterable[State]) -> State:
    """The state of a control whose targets (at least one) are in these states."""
    states = set(targets)
    if still_open := states.intersection(OPEN):
        return State.IN_PROGRESS if states - still_open else max(still_open)
    return next(state for state in _GRAVEST_FIRST if state in states)
