"""What a message says of a control: the verb and Reply of EndDeviceControls, the code of an EndDeviceEvent.

A Reply in an event is the late answer to a request (facts/envelope.md §4.2): OK ends the control, FAILED
ends it badly. Where the request was to cancel or delete, OK has canceled the control and FAILED has not,
so nothing moves. Codes 0.1 (more to follow) and 0.3 (acknowledgement of receipt) are no end.

Of an EndDeviceEvent the last number counts, eventOrAction (facts/metering.md §5). Unknown numbers are
legal and say nothing here, and neither do actions, which tell a device what to do.
"""

from __future__ import annotations

from typing import Final

from cim_adapter.codes import CodeLists, EndDeviceControlType, EndDeviceEventType, MalformedCode
from cim_adapter.envelope import Reply, Result
from cim_adapter.store.control_states import State

_TAKES_BACK: Final = ("canceled", "deleted")
_UNDER_WAY: Final = ("0.1", "0.3")
_FAILURES: Final = (
    "failed",
    "rejected",
    "denied",
    "aborted",
    "disallowed",
    "not authorized",
    "not armed",
    "not found",
    "invalid",
    "expired",
    "preempted",
)
_BEGINNINGS: Final = (
    "accepted",
    "acknowledged",
    "armed for closure",
    "armed for open",
    "attempted",
    "change pending",
    "delayed",
    "event started",
    "in progress",
    "scheduled",
    "started",
)
# What is done when it has begun: the action of a control, and the event that completes it.
_DONE: Final = {
    "ArmForClosure": "ArmedForClosure",
    "ArmForOpen": "ArmedForOpen",
    "Cancel": "Cancelled",
    "Schedule": "Scheduled",
}


def told_by_message(verb: str, reply: Reply | None) -> State | None:
    """The state that EndDeviceControls with this verb and Reply bring a control to; None: they bring none."""
    if reply is None:
        if verb in _TAKES_BACK:
            return State.CANCELED
        return State.COMPLETED if verb == "closed" else State.IN_PROGRESS
    if reply.result is Result.FAILED:
        return None if verb in _TAKES_BACK else State.FAILED
    if verb in _TAKES_BACK:
        return State.CANCELED
    return State.IN_PROGRESS if any(error.code in _UNDER_WAY for error in reply.errors) else State.COMPLETED


def told_by_event(lists: CodeLists, event_type: str, control_type: str) -> State | None:
    """The state that an EndDeviceEvent of this type brings a control of that type to; None: it brings none."""
    try:
        happened = EndDeviceEventType.parse(event_type, lists).rows[-1]
    except MalformedCode:
        return None
    if happened.kind != "event":
        return None
    if happened.name == _DONE.get(_action(lists, control_type), ""):
        return State.COMPLETED
    if happened.words == "error" or any(word in happened.words for word in _FAILURES):
        return State.FAILED
    if happened.words == "cancelled":
        return State.CANCELED
    return State.IN_PROGRESS if happened.words in _BEGINNINGS else State.COMPLETED


def _action(lists: CodeLists, control_type: str) -> str:
    try:
        return EndDeviceControlType.parse(control_type, lists).rows[-1].name
    except MalformedCode:
        return ""


def answers(lists: CodeLists, event_type: str, control_type: str) -> bool:
    """Whether an event is what comes of such an action, well or badly: Connected and ConnectFailed of Connect."""
    action = _action(lists, control_type)
    try:
        happened = EndDeviceEventType.parse(event_type, lists).rows[-1].name
    except MalformedCode:
        return False
    return bool(action) and (happened.startswith(action) or happened == _DONE.get(action))
