"""Answers a get of EndDeviceControls: the controls as they are now, and how far each device is with them.

The profile has no element for a state. So that the answer is valid with anybody's XSD, the Reply has, for
each control and each device of it, one Error of code 0.0 and level INFORM: ``reason`` is the state as a word
alone, ``details`` say since when and by what message, ``ID`` is the device and ``relatedID`` the control.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import msgspec

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Result
from cim_adapter.nouns import streams
from cim_adapter.nouns.continuation import Asked, asked_for, cut
from cim_adapter.nouns.controls import life, moves
from cim_adapter.nouns.controls.lookup import ControlLookup, Match, name_control
from cim_adapter.nouns.controls.xml import DeviceControl
from cim_adapter.nouns.device_filter import DeviceFilter, Like, devices_of, narrowest, read_filter
from cim_adapter.nouns.elements import bundle
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.nouns.relations import Scope, reaches
from cim_adapter.store import control_states, controls, journal_lists, objects
from cim_adapter.store.control_states import State, Target
from cim_adapter.store.journal_lists import Head
from cim_adapter.store.objects import Identity
from cim_adapter.store.pages import merged
from cim_adapter.store.transaction import Reader

_AT_ONCE = 100  # controls whose devices are looked up together


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """A part begins behind this control."""

    start: int
    id: int


_Asked = Asked[DeviceFilter, _Place]


def _prepare(call: Call) -> _Asked:
    wanted = read_filter(call.message, "EndDeviceControl")
    return asked_for(call, wanted, _Place, at_most=call.settings.max_objects)


@handles("get", "EndDeviceControls", prepare=_prepare)
def get(call: Call, asked: _Asked, reader: Reader) -> Reply:
    """The controls that the filter asks for, with their states; an Error for each control or object that is
    asked for and not known. A part has room for so many devices, for it tells of each.
    """
    source = streams.Source(
        part=partial(_answer, call.partner, with_states=True),
        told=partial(_answer, call.partner, with_states=False),
    )
    return streams.answer(call, asked, reader, source)


def _answer(partner: str, reader: Reader, asked: _Asked, *, with_states: bool) -> tuple[Reply, _Place | None]:
    """The part that is asked for, and where the next one begins."""
    errors: list[Error] = []
    after = None if asked.place is None else (asked.place.start, asked.place.id)
    scopes = asked.once("scopes", lambda: asked.filter.scopes(reader, errors))
    found = _fitting(reader, partner, asked.filter, scopes, errors, after)
    told, more = cut(found, asked.size, lambda pair: len(pair[1]) or 1)
    following = _Place(*_key(told[-1][0])) if more else None
    if not asked.is_first:
        errors.clear()  # the first part told them
    if not told:
        return Reply.of(errors or [_nothing()], any_done=False), following
    payload = bundle("EndDeviceControls", (match.found.content for match, _ in told))
    if not with_states:
        return Reply.of(errors, any_done=True, payload=payload), following
    states = States.of(reader, (target for _, targets in told for target in targets))
    so_far = [error for match, targets in told for error in states.tell(match, targets)]
    result = Result.PARTIAL if errors else Result.OK
    return Reply(result=result, errors=(*errors, *so_far), payload=payload), following


def fitting(
    reader: Reader,
    partner: str,
    wanted: DeviceFilter,
    errors: list[Error],
    after: tuple[int, int] | None = None,
) -> Iterator[tuple[Match, list[Target]]]:
    """The controls that fit, with their targets, behind ``after`` (start, id), in the order of time; some are
    held at a time.
    """
    return _fitting(reader, partner, wanted, wanted.scopes(reader, errors), errors, after)


def _fitting(
    reader: Reader,
    partner: str,
    wanted: DeviceFilter,
    scopes: list[Scope],
    errors: list[Error],
    after: tuple[int, int] | None,
) -> Iterator[tuple[Match, list[Target]]]:
    if not all(scopes):
        return
    found = _candidates(reader, partner, wanted, scopes, errors, after)
    fitting = (match for match in found if _fits(wanted, match))
    while some := list(islice(fitting, _AT_ONCE)):
        targets = control_states.targets(reader, [match.found.id for match in some])
        for match in some:
            if _is_for(match, targets[match.found.id], scopes):
                yield match, targets[match.found.id]


def _key(match: Match) -> tuple[int, int]:
    return match.found.start, match.found.id


def _nothing() -> Error:
    return Error(code="5.7", level="WARNING", reason="no controls fit this request")


def _candidates(
    reader: Reader,
    partner: str,
    wanted: DeviceFilter,
    scopes: list[Scope],
    errors: list[Error],
    after: tuple[int, int] | None,
) -> Iterator[Match]:
    """The controls among which those asked for are, in the order of time: as few as the store can tell at once."""
    lookup, named = ControlLookup(reader, partner), list[Match]()
    types, hull = wanted.types, wanted.hull
    among: list[int] | None = []
    if wanted.ids:
        devices: set[int] = set()
        for identifier in wanted.ids:
            found = lookup.by_id(identifier)
            named += found
            ids = [] if found else devices_of(reader, identifier)
            devices.update(ids)
            if not found and not ids:
                reason = "no control of this ID is known"
                errors.append(Error(code="2.15", level="FATAL", reason=reason, id=identifier))
        among = sorted(devices)
    elif wanted.likes and all(like.mrid or like.tracking for like in wanted.likes):
        for like in wanted.likes:
            found = lookup.by_mrid(like.mrid) if like.mrid else lookup.by_tracking(like.tracking or "")
            named += found
            if not found:
                control = DeviceControl(mrid=like.mrid, tracking=like.tracking, issuer=like.issuer)
                reason = "no such control is known"
                errors.append(Error(code="2.15", level="FATAL", reason=reason, id=name_control(control)))
    else:
        among = narrowest(scopes)
    searched = controls.search(reader, types=types, objects=among, window=hull, after=after)
    behind = sorted((match for match in named if after is None or _key(match) > after), key=_key)
    return merged([behind, (Match.of(found) for found in searched)], _key)


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
class States:
    """What to say of targets: who they are, and the messages that moved them."""

    now: int
    identities: dict[int, Identity]
    kinds: dict[int, str]
    messages: dict[str, Head]

    @classmethod
    def of(cls, reader: Reader, targets: Iterable[Target]) -> States:
        known = list(targets)
        ids = {target.object_id for target in known}
        return cls(
            now=instants.now(),
            identities=objects.identities(reader, ids),
            kinds=objects.kinds(reader, ids),
            messages=journal_lists.heads(reader, {target.moved_by for target in known}),
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
