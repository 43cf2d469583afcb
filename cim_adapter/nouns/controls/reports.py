"""The noun EndDeviceControls, events: what has become of controls, told by whoever carries them out.

``created`` and ``changed`` say that it is under way, ``closed`` that it is done, ``canceled`` and ``deleted``
that it is called off; a Reply beside them says how it ended (``control_outcomes``). A control that nobody
created here, and that is told of as ``created``, is made known.

An EndDeviceEvent tells of the controls whose issuerTrackingID or CorrelationID it has and whose target its
device is. An event stands for itself: what it says of controls never makes it fail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply, Result
from cim_adapter.errors import Incomplete
from cim_adapter.nouns import relations
from cim_adapter.nouns.controls import handlers, moves
from cim_adapter.nouns.controls.handlers import Prepared, control_elements
from cim_adapter.nouns.controls.lookup import ControlLookup, Match, name_control
from cim_adapter.nouns.controls.outcomes import answers, told_by_event, told_by_message
from cim_adapter.nouns.controls.xml import Addressee, DeviceControl, read_control
from cim_adapter.nouns.events.xml import DeviceEvent
from cim_adapter.nouns.identity_xml import kind_of, read_id
from cim_adapter.nouns.object_errors import invalid
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import control_states, controls, objects
from cim_adapter.store.control_states import State, Target
from cim_adapter.store.controls import Control, Found
from cim_adapter.store.transaction import Key, Transaction


@dataclass(frozen=True, slots=True)
class _Report:
    """One control of an event. ``stored`` is what to store if nobody has created it here."""

    control: DeviceControl
    stored: Control | None = None


@dataclass(frozen=True, slots=True)
class _Reports:
    now: int
    items: list[_Report]
    errors: list[Error]


def _prepare(call: Call) -> _Reports:
    """What the Payload tells of; without one, that of the CorrelationID as a whole."""
    payload = call.message.payload
    if payload is None or not payload.elements:
        if call.message.header.correlation_id is None:
            raise Incomplete(
                "the event has neither Payload nor CorrelationID: nobody can say which control it is of"
            )
        return _Reports(instants.now(), [_Report(DeviceControl())], [])
    if call.message.header.verb == "created":
        prepared: Prepared = handlers.prepare(call)
        items = [_Report(control, stored) for control, stored in prepared.good]
        return _Reports(prepared.now, items, prepared.errors)
    items = [_Report(read_control(element)) for element in control_elements(call.payload)]
    call.wanted.update(addressee for item in items for addressee in item.control.addressees)
    if not items:
        raise Incomplete("EndDeviceControls holds no EndDeviceControl")
    return _Reports(instants.now(), items, [])


@handles("created", "EndDeviceControls", prepare=_prepare)
@handles("changed", "EndDeviceControls", prepare=_prepare)
@handles("canceled", "EndDeviceControls", prepare=_prepare)
@handles("closed", "EndDeviceControls", prepare=_prepare)
@handles("deleted", "EndDeviceControls", prepare=_prepare)
def report(call: Call, reports: _Reports, transaction: Transaction) -> Reply:
    """Every control that is known is moved; an Error for each of the others, and for each device that is no
    target.
    """
    lookup, first = ControlLookup(transaction, call.partner), objects.new_id()
    correlation = call.message.header.correlation_id
    verdict = _Verdict.of(call, transaction)
    errors, done = list(reports.errors), False
    told: set[int] = set()  # as a whole: to tell them again would cost much and say nothing
    for item in reports.items:
        named = _named(transaction, item.control.addressees)
        devices = frozenset(i for ids in named.values() for i in ids)
        # Where it is for none of the devices, the control is looked for without them, to say so.
        matches = lookup.of(item.control, correlation, devices) or lookup.of(item.control, correlation)
        if matches:
            fresh = matches if named else [match for match in matches if match.found.id not in told]
            told.update(match.found.id for match in fresh if not named)
            problems = _tell(call, transaction, fresh, named, verdict, reports.now)
            is_done = len(problems) < max(len(named), 1)
        elif item.stored is not None:
            state = verdict.in_general or State.RECEIVED
            is_done, problems = handlers.store(
                call, transaction, first, item.control, item.stored, reports.now, state
            )
        else:
            problems, is_done = [_unknown(item.control, correlation)], False
        errors += problems
        done = done or is_done
    return Reply.of(errors, any_done=done)


@handles("reply", "EndDeviceControls")
def answer(call: Call, _: object, transaction: Transaction) -> Reply:
    """The late answer to a create says how its controls went. Its payload is what some other request asked
    for, and tells nothing of them.
    """
    correlation = call.message.header.correlation_id
    matches = ControlLookup(transaction, call.partner).by_correlation(correlation) if correlation else []
    _tell(call, transaction, matches, {}, _Verdict.of(call, transaction), instants.now())
    return Reply.acknowledged()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How it went: in general, and for the devices and controls that a Reply with Result PARTIAL names."""

    in_general: State | None
    failed: State | None = None
    devices: frozenset[int] = frozenset()
    controls: frozenset[str] = frozenset()

    @classmethod
    def of(cls, call: Call, transaction: Transaction) -> _Verdict:
        verb, reply = call.message.header.verb, call.message.reply
        in_general = told_by_message(verb, reply)
        if reply is None or reply.result is not Result.PARTIAL:
            return cls(in_general)
        ids = [error.id for error in reply.errors if error.id is not None and not error.code.startswith("0.")]
        return cls(
            in_general,
            told_by_message(verb, replace(reply, result=Result.FAILED)),
            frozenset(i for identifier in ids for i in _devices(transaction, identifier)),
            frozenset(identifier.value for identifier in ids),
        )

    def on(self, match: Match, target: Target) -> State | None:
        """The state that a target is said to be in; None: nothing is said."""
        if self.controls.intersection((match.control.mrid, match.control.tracking)):
            return self.failed
        if self.devices.intersection((target.object_id, target.via_id)):
            return self.failed
        return self.in_general


def _devices(transaction: Transaction, identifier: ID) -> list[int]:
    return objects.find(transaction, kind_of(identifier.object_type or "Meter"), read_id(identifier))


def _named(transaction: Transaction, addressees: Iterable[Addressee]) -> dict[Addressee, list[int]]:
    """The devices and usage points that a report names one by one, with what is known of them."""
    return {
        (kind, identity): objects.known(transaction, kind, identity)
        for kind, identity in addressees
        if identity and not relations.is_group(kind)
    }


def _tell(
    call: Call,
    transaction: Transaction,
    matches: Sequence[Match],
    named: Mapping[Addressee, Collection[int]],
    verdict: _Verdict,
    now: int,
) -> list[Error]:
    """Move the targets that the report names, or all where it names none; an Error for each that is none."""
    targets = control_states.targets(transaction, [match.found.id for match in matches], to_move=True)
    every = {i for own in targets.values() for target in own for i in (target.object_id, target.via_id)}
    meant = every.intersection(i for ids in named.values() for i in ids)
    for match in matches:
        by_state: dict[State, list[Target]] = {}
        for target in targets[match.found.id]:
            state = verdict.on(match, target)
            if state is not None and (not named or meant.intersection((target.object_id, target.via_id))):
                by_state.setdefault(state, []).append(target)
        for state, those in by_state.items():
            moves.move(transaction, call.uid, match.found, those, state, now)
    return [
        invalid(kind, identity, f"this {kind} is no target of the control")
        for (kind, identity), ids in named.items()
        if not every.intersection(ids)
    ]


def _unknown(control: DeviceControl, correlation: str | None) -> Error:
    named = name_control(control)
    if named is None and correlation is not None:
        named = ID(value=correlation, id_type="CorrelationID", object_type="EndDeviceControl", kind="transaction")
    reason = "no control is known by this mRID, issuerTrackingID or CorrelationID"
    return Error(code="2.15", level="FATAL", reason=reason, id=named)


# ------------------------------------------------------------------------- what EndDeviceEvents tell


def answered_by(call: Call) -> tuple[Key, ...]:
    """The keys of the controls that a message answers by its CorrelationID. Some partners put their own
    MessageID there, which answers nothing (facts/metering.md §9)."""
    header = call.message.header
    if header.correlation_id is None or header.correlation_id == header.message_id:
        return ()
    return controls.correlation_key(header.correlation_id), controls.message_key(header.correlation_id)


def follow(call: Call, transaction: Transaction, event: DeviceEvent, devices: Collection[int]) -> None:
    """Move the control that an event of these devices (meter, usage point) tells of, if there is one.

    Where several fit, it is the earliest whose action the event answers: Connected is of Connect.
    """
    if not devices:
        return
    now, lists = instants.now(), call.codes
    lookup = ControlLookup(transaction, call.partner)
    of_event = DeviceControl(tracking=event.tracking)
    matches = lookup.of(of_event, call.message.header.correlation_id, devices)
    told = [(match, told_by_event(lists, event.type, match.found.type)) for match in matches]
    targets = control_states.targets(transaction, [match.found.id for match in matches], to_move=True)
    due: list[tuple[Found, list[Target], State]] = []
    for match, state in told:
        own = [t for t in targets[match.found.id] if t.object_id in devices or t.via_id in devices]
        if state is not None and moves.moves(match.found, own, state, now):
            due.append((match.found, own, state))
    if len(due) > 1:
        due = [move for move in due if answers(lists, event.type, move[0].type)][:1]
    for found, own, state in due:
        moves.move(transaction, call.uid, found, own, state, now)
