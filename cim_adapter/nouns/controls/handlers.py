"""The noun EndDeviceControls, requests: controls are created, changed and ended by those who order them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.errors import Incomplete, Invalid, Refused
from cim_adapter.nouns.configs.xml import merge
from cim_adapter.nouns.controls import addressees, moves
from cim_adapter.nouns.controls.lookup import ControlLookup, Match, name_control
from cim_adapter.nouns.controls.xml import DeviceControl, read_control
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.schema import reparse
from cim_adapter.store import control_states, controls, objects
from cim_adapter.store.control_states import State
from cim_adapter.store.controls import Control
from cim_adapter.store.transaction import Key, Transaction
from cim_adapter.xmltree import LocalNames, adopt, children, namespace

# ----------------------------------------------------------------------------------------- creating


class Prepared(msgspec.Struct, frozen=True):
    """Sealed controls, and an Error for each that cannot be stored. ``now`` is when they were received."""

    now: int
    good: list[tuple[DeviceControl, Control]]
    errors: list[Error]


def prepare(call: Call) -> Prepared:
    """Decode and seal the EndDeviceControls of a Payload."""
    now, names = instants.now(), LocalNames()
    prepared = Prepared(now, [], [])
    of_message = _message_keys(call)
    for element in control_elements(call.payload):
        control, position = read_control(element, names), next(call.positions)
        try:
            addressees.check_addressees(control)
            start, end = control.timing.window(now)
        except Refused as error:
            prepared.errors.append(_refusal(control, error.reason, error.code))
            continue
        row = controls.control_row(call.uid, position)
        keys = (*_keys(call, control), *of_message)
        stored = Control(
            position=position,
            partner=call.partner,
            mrid=control.mrid,
            keys=keys,
            type=control.type,
            start=start,
            end=end,
            sealed=call.vault.seal(etree.tostring(element, with_tail=False), row),
        )
        prepared.good.append((control, stored))
        call.wanted.update(control.addressees)
        call.keys.update(keys[:1] if control.mrid is not None else ())
    if not prepared.good and not prepared.errors:
        raise Incomplete("EndDeviceControls holds no EndDeviceControl")
    return prepared


def _keys(call: Call, control: DeviceControl) -> Iterator[Key]:
    """What the control itself is to be found by, its mRID first."""
    if control.mrid is not None:
        yield controls.mrid_key(control.mrid)
    if control.tracking is not None:
        yield controls.tracking_key(call.vault, control.tracking)


def _message_keys(call: Call) -> tuple[Key, ...]:
    """What the controls of a message are to be found by, all of them."""
    header = call.message.header
    correlation = (controls.correlation_key(header.correlation_id),) if header.correlation_id else ()
    message = (controls.message_key(header.message_id),) if header.message_id else ()
    return (*correlation, *message)


@handles("create", "EndDeviceControls", prepare=prepare)
def create(call: Call, prepared: Prepared, transaction: Transaction) -> Reply:
    """Every control that can be stored is; an Error for each of the others, and for each device of one that
    cannot be reached.
    """
    errors, done, first = list(prepared.errors), False, objects.new_id()
    for control, stored in prepared.good:
        if control.mrid is not None and transaction.has(stored.keys[0]):
            errors.append(_refusal(control, "a control of this mRID exists; change it, or give another mRID"))
            continue
        is_stored, problems = store(call, transaction, first, control, stored, prepared.now)
        errors += problems
        done = done or is_stored
    return Reply.of(errors, any_done=done)


def store(
    call: Call,
    transaction: Transaction,
    first: int,
    control: DeviceControl,
    stored: Control,
    now: int,
    state: State = State.RECEIVED,
) -> tuple[bool, list[Error]]:
    """Store a control for the devices it has, if any; an Error for each addressee that stands for none. The ids
    of the controls of a message count on from ``first``.
    """
    devices, errors = addressees.resolve(call, transaction, control, stored.start)
    if devices:
        controls.add(transaction, call.uid, first + stored.position, stored, devices.items(), now, state=state)
    return bool(devices), errors


def control_elements(profile: etree._Element) -> list[etree._Element]:
    """The EndDeviceControl elements of a profile."""
    return [child for name, child in children(profile) if name == "EndDeviceControl"]


def _refusal(control: DeviceControl, reason: str, code: str = "2.15") -> Error:
    return Error(code=code, level="FATAL", reason=reason, id=name_control(control))


# ----------------------------------------------------------------------------------------- changing


def _prepare_change(call: Call) -> Sequence[etree._Element]:
    elements = control_elements(call.payload)
    if not elements:
        raise Incomplete("EndDeviceControls holds no EndDeviceControl")
    call.wanted.update(addressee for element in elements for addressee in read_control(element).addressees)
    return elements


@handles("change", "EndDeviceControls", prepare=_prepare_change)
def change(call: Call, elements: Sequence[etree._Element], transaction: Transaction) -> Reply:
    """Every control that is not finished gets what the message names of it, and starts anew; an Error for
    each of the others.
    """
    lookup = ControlLookup(transaction, call.partner)
    errors: list[Error] = []
    done, now = False, instants.now()
    for element in elements:
        control = read_control(element)
        matches = lookup.of(control)
        if not matches:
            errors.append(_unknown(name_control(control)))
        for match in matches:
            try:
                is_changed, problems = _change(call, transaction, match, element, now)
            except Refused as error:
                errors.append(_refusal(control, error.reason, error.code))
            except Invalid as error:
                reason = f"so changed, it would break its XSD: {error.reason} {error.findings[0]}"
                errors.append(_refusal(control, reason, error.code))
            else:
                errors += problems
                done = done or is_changed
    return Reply.of(errors, any_done=done)


def _change(
    call: Call, transaction: Transaction, match: Match, element: etree._Element, now: int
) -> tuple[bool, list[Error]]:
    """Raises Refused for a control that is finished or is for nobody, Invalid where it would break its XSD."""
    found = match.found
    targets = control_states.targets(transaction, [found.id], to_move=True)[found.id]
    if not moves.still_open(found, targets, now):
        raise Refused(_finished(moves.state_of(found, targets, now), "changed"), code="5.2")
    changed = _merged(call, reparse(found.content), element)
    control = read_control(changed)
    addressees.check_addressees(control)
    start, end = control.timing.window(now)
    devices, problems = addressees.resolve(call, transaction, control, start)
    if not devices:
        return False, problems
    controls.replace(
        transaction,
        call.uid,
        found,
        type=control.type,
        start=start,
        end=end,
        tracking=control.tracking,
        content=etree.tostring(changed),
        now=now,
    )
    kept = [target for target in targets if target.object_id in devices]
    gone = [target for target in targets if target.object_id not in devices]
    moves.restart(transaction, call.uid, found, kept, now)
    moves.move(transaction, call.uid, found, gone, State.CANCELED, now)
    known = {target.object_id for target in kept}
    fresh = [device for device in devices.items() if device[0] not in known]
    control_states.add(transaction, call.uid, found.id, fresh, now, first=len(targets))
    return True, problems


def _merged(call: Call, stored: etree._Element, change: etree._Element) -> etree._Element:
    """What the change names takes the place of what stood there; the rest stays."""
    roots = []
    for element in (stored, change):
        root = etree.Element(f"{{{namespace(element)}}}EndDeviceControls")
        adopt(root, reparse(etree.tostring(element, with_tail=False)))
        roots.append(root)
    before, after = roots
    merged = merge(before, after, call.catalogue.order) if before.tag == after.tag else after
    call.catalogue.check(merged)
    return merged[0]


# ------------------------------------------------------------------------------------------- ending


class _Named(msgspec.Struct, frozen=True):
    """A control that is to end: by an ID of Request, or as it stands in Payload (facts/envelope.md §7)."""

    id: ID | None
    control: DeviceControl | None = None

    def found_by(self, lookup: ControlLookup) -> list[Match]:
        if self.control is not None:
            return lookup.of(self.control)
        return lookup.by_id(self.id) if self.id is not None else []


def _prepare_end(call: Call) -> list[_Named]:
    request, payload = call.message.request, call.message.payload
    named = [_Named(identifier) for identifier in (request.ids if request else ())]
    if payload is not None and payload.elements:
        given = [read_control(element) for element in control_elements(call.payload)]
        named += [_Named(name_control(control), control) for control in given]
    if not named:
        raise Incomplete(
            f"{call.message.header.verb} names in Request/ID which controls to end: by mRID, by issuerTrackingID "
            "(idType='issuerTrackingID') or by the MessageID of the create (kind='transaction')",
            code="1.6",
        )
    return named


@handles("cancel", "EndDeviceControls", prepare=_prepare_end)
@handles("close", "EndDeviceControls", prepare=_prepare_end)
@handles("delete", "EndDeviceControls", prepare=_prepare_end)
def end(call: Call, named: Sequence[_Named], transaction: Transaction) -> Reply:
    """What is not finished is canceled (by close: completed); an Error for each control that is not known,
    and for each that is finished.
    """
    lookup = ControlLookup(transaction, call.partner)
    state = State.COMPLETED if call.message.header.verb == "close" else State.CANCELED
    errors: list[Error] = []
    now = instants.now()
    for item in named:
        matches = item.found_by(lookup)
        finished = _end_all(call, transaction, matches, state, now)
        if not matches:
            errors.append(_unknown(item.id))
        elif len(finished) == len(matches):
            reason = _finished(finished[0], "closed" if state is State.COMPLETED else "canceled")
            errors.append(Error(code="5.2", level="FATAL", reason=reason, id=item.id))
    return Reply.of(errors, any_done=len(errors) < len(named))


def _end_all(
    call: Call, transaction: Transaction, matches: Iterable[Match], state: State, now: int
) -> list[State]:
    """End these controls; returns the states of those that were finished before."""
    targets = control_states.targets(transaction, [match.found.id for match in matches], to_move=True)
    finished = []
    for match in matches:
        own = targets[match.found.id]
        left = moves.still_open(match.found, own, now)
        if not left:
            finished.append(moves.state_of(match.found, own, now))
        moves.move(transaction, call.uid, match.found, left, state, now)
    return finished


def _unknown(identifier: ID | None) -> Error:
    if identifier is None:
        reason = "the control has neither mRID nor issuerTrackingID, so nobody can say which is meant"
        return Error(code="2.15", level="FATAL", reason=reason)
    what = "message" if identifier.kind == "transaction" else (identifier.id_type or "mRID or issuerTrackingID")
    if identifier.kind == "uuid":
        what = "mRID"
    return Error(code="2.15", level="FATAL", reason=f"no control of this {what} is known", id=identifier)


def _finished(state: State, wanted: str) -> str:
    return f"this control is {state.word} already; only what is not finished can be {wanted}"
