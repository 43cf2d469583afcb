"""Answers a get of EndDeviceControls: the controls as they are now, and how far each device is with them.

The profile has no element for a state. So that the answer is valid with anybody's XSD, the Reply has, for
each control and each device of it, one Error of code 0.0 and level INFORM: ``reason`` is the state as a word
alone, ``details`` say since when and by what message, ``ID`` is the device and ``relatedID`` the control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Result
from cim_adapter.errors import OverBudget, Refused
from cim_adapter.nouns.controls import life, moves
from cim_adapter.nouns.controls.lookup import ControlLookup, Match, name_control
from cim_adapter.nouns.controls.xml import DeviceControl
from cim_adapter.nouns.device_filter import DeviceFilter, Like, devices_of, narrowest, read_filter
from cim_adapter.nouns.elements import bundle
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.nouns.relations import Scope, reaches
from cim_adapter.store import control_states, controls, journal, objects
from cim_adapter.store.control_states import State, Target
from cim_adapter.store.journal import Head
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader


def _prepare(call: Call) -> DeviceFilter:
    return read_filter(call.message, "EndDeviceControl")


@handles("get", "EndDeviceControls", prepare=_prepare)
def get(call: Call, wanted: DeviceFilter, reader: Reader) -> Reply:
    """The controls that the filter asks for, with their states; an Error for each control or object that is
    asked for and not known.
    """
    errors: list[Error] = []
    scopes = wanted.scopes(reader, errors)
    if not all(scopes):
        return Reply.of(errors or [_nothing()], any_done=False)
    matches: dict[int, Match] = {}
    for match in _candidates(reader, call.partner, wanted, scopes, errors):
        if _fits(wanted, match):
            matches[match.found.id] = match
        if len(matches) > call.settings.max_objects:
            raise Refused(
                f"more than {call.settings.max_objects} controls fit this request; ask for fewer devices or a "
                "shorter time",
                code=OverBudget.code,
            )
    targets = control_states.targets(reader, list(matches))
    in_order = sorted(
        (match for match in matches.values() if _is_for(match, targets[match.found.id], scopes)),
        key=lambda match: (match.found.start, match.found.id),
    )
    if not in_order:
        return Reply.of(errors or [_nothing()], any_done=False)
    payload = bundle("EndDeviceControls", (match.found.content for match in in_order))
    states = _States.of(reader, [target for match in in_order for target in targets[match.found.id]])
    told = [error for match in in_order for error in states.tell(match, targets[match.found.id])]
    result = Result.PARTIAL if errors else Result.OK
    return Reply(result=result, errors=(*errors, *told), payload=payload)


def _nothing() -> Error:
    return Error(code="5.7", level="WARNING", reason="no controls fit this request")


def _candidates(
    reader: Reader, partner: str, wanted: DeviceFilter, scopes: list[Scope], errors: list[Error]
) -> Iterator[Match]:
    """The controls among which those asked for are: as few as the store can tell at once."""
    lookup = ControlLookup(reader, partner)
    types, hull = wanted.types, wanted.hull
    if wanted.ids:
        devices: set[int] = set()
        for identifier in wanted.ids:
            named = lookup.by_id(identifier)
            yield from named
            ids = [] if named else devices_of(reader, identifier)
            devices.update(ids)
            if not named and not ids:
                reason = "no control of this ID is known"
                errors.append(Error(code="2.15", level="FATAL", reason=reason, id=identifier))
        some = controls.search(reader, types=types, objects=sorted(devices), window=hull)
        yield from (Match.of(found) for found in some)
    elif wanted.likes and all(like.mrid or like.tracking for like in wanted.likes):
        for like in wanted.likes:
            found = lookup.by_mrid(like.mrid) if like.mrid else lookup.by_tracking(like.tracking or "")
            yield from found
            if not found:
                control = DeviceControl(mrid=like.mrid, tracking=like.tracking, issuer=like.issuer)
                reason = "no such control is known"
                errors.append(Error(code="2.15", level="FATAL", reason=reason, id=name_control(control)))
    else:
        some = controls.search(reader, types=types, objects=narrowest(scopes), window=hull)
        yield from (Match.of(found) for found in some)


def _fits(wanted: DeviceFilter, match: Match) -> bool:
    found = match.found
    if wanted.types and found.type not in wanted.types:
        return False
    if not wanted.in_time(found.start, found.start if found.end is None else found.end):
        return False
    return not wanted.likes or any(_is_like(like, match.control) for like in wanted.likes)


def _is_like(like: Like, control: DeviceControl) -> bool:
    pairs = (
        (like.mrid, control.mrid),
        (like.issuer, control.issuer),
        (like.tracking, control.tracking),
        (like.reason, control.reason),
    )
    # A control has no Names (facts/metering.md §2.4): nothing is called so.
    return not like.names and all(asked is None or asked == own for asked, own in pairs)


def _is_for(match: Match, targets: list[Target], scopes: list[Scope]) -> bool:
    start, end = match.found.start, match.found.end
    own = [i for target in targets for i in (target.object_id, target.via_id)]
    return all(reaches(scope, own, start, start if end is None else end) for scope in scopes)


@dataclass(frozen=True, slots=True)
class _States:
    """What to say of targets: who they are, and the messages that moved them."""

    now: int
    identities: dict[int, Identity]
    kinds: dict[int, str]
    messages: dict[str, Head]

    @classmethod
    def of(cls, reader: Reader, targets: list[Target]) -> _States:
        ids = {target.object_id for target in targets}
        return cls(
            now=instants.now(),
            identities=objects.identities(reader, ids),
            kinds=objects.kinds(reader, ids),
            messages=journal.heads(reader, {target.moved_by for target in targets}),
        )

    def tell(self, match: Match, targets: list[Target]) -> Iterator[Error]:
        """One Error for each device of a control."""
        whole = moves.state_of(match.found, targets, self.now).word
        for target in targets:
            state = life.at(target.state, match.found.end, self.now)
            kind = "EndDevice" if self.kinds[target.object_id] == "Meter" else self.kinds[target.object_id]
            yield Error(
                code="0.0",
                level="INFORM",
                reason=state.word,
                details=f"{self._since(state, match, target)}; the control as a whole is {whole}",
                id=write_id(kind, self.identities[target.object_id]),
                related_id=match.id,
            )

    def _since(self, state: State, match: Match, target: Target) -> str:
        if state is State.EXPIRED:
            since = instants.as_text(match.found.end or 0)
            return f"expired since {since}, when its time had passed and it was {target.state.word}"
        by = self.messages[target.moved_by]
        named = f"MessageID {by.message_id}" if by.message_id else f"{target.moved_by} in the journal"
        since = instants.as_text(target.since)
        return f"{state.word} since {since}, by the message {by.verb} {by.noun} of {by.partner} ({named})"
