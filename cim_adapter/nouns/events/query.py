"""Answers a get of EndDeviceEvents: the stored elements in the order of createdDateTime.

What became of an event is no part of it: for one that is closed or canceled, the Reply has an Error of code
0.0 and level INFORM with that word.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply
from cim_adapter.nouns import streams
from cim_adapter.nouns.continuation import Asked, asked_for, cut
from cim_adapter.nouns.device_filter import DeviceFilter, Like, devices_of, narrowest, read_filter
from cim_adapter.nouns.elements import bundle
from cim_adapter.nouns.events.lookup import EventLookup, is_same_name, name_event
from cim_adapter.nouns.events.xml import DeviceEvent, read_event
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.nouns.relations import Scope, reaches
from cim_adapter.schema import reparse
from cim_adapter.store import device_events
from cim_adapter.store.device_events import Found
from cim_adapter.store.pages import merged
from cim_adapter.store.transaction import Reader


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """A part begins behind this event."""

    created: int
    id: int


_Asked = Asked[DeviceFilter, _Place]


def _prepare(call: Call) -> _Asked:
    wanted = read_filter(call.message, "EndDeviceEvent")
    return asked_for(call, wanted, _Place, at_most=call.settings.max_objects)


@handles("get", "EndDeviceEvents", prepare=_prepare)
def get(call: Call, asked: _Asked, reader: Reader) -> Reply:
    """The events that the filter asks for; an Error for each event or object that is asked for and not known."""
    return streams.answer(call, asked, reader, streams.Source(part=_answer))


def _answer(reader: Reader, asked: _Asked) -> tuple[Reply, _Place | None]:
    """The part that is asked for, and where the next one begins."""
    errors: list[Error] = []
    after = None if asked.place is None else (asked.place.created, asked.place.id)
    scopes = asked.once("scopes", lambda: asked.filter.scopes(reader, errors))
    told, more = cut(_fitting(reader, asked.filter, scopes, errors, after), asked.size)
    following = _Place(*_key(told[-1][0])) if more else None
    if not asked.is_first:
        errors.clear()  # the first part told them
    if not told:
        return Reply.of(errors or [_nothing()], any_done=False), following
    payload = bundle("EndDeviceEvents", (found.content for found, _ in told))
    reply = Reply.of(errors, any_done=True, payload=payload)
    if marks := [marked(found, event) for found, event in told if found.mark is not None]:
        reply = replace(reply, errors=(*errors, *marks))
    return reply, following


def fitting(
    reader: Reader, wanted: DeviceFilter, errors: list[Error], after: tuple[int, int] | None = None
) -> Iterator[tuple[Found, DeviceEvent]]:
    """The events that fit, behind ``after`` (created, id), in the order of time; some are held at a time."""
    return _fitting(reader, wanted, wanted.scopes(reader, errors), errors, after)


def _fitting(
    reader: Reader,
    wanted: DeviceFilter,
    scopes: list[Scope],
    errors: list[Error],
    after: tuple[int, int] | None,
) -> Iterator[tuple[Found, DeviceEvent]]:
    if not all(scopes):
        return
    for found in _candidates(reader, wanted, scopes, errors, after):
        if _fits(wanted, scopes, found):
            event = read_event(reparse(found.content))
            if not wanted.likes or any(_is_like(like, event) for like in wanted.likes):
                yield found, event


def _key(found: Found) -> tuple[int, int]:
    return found.created, found.id


def _nothing() -> Error:
    return Error(code="5.7", level="WARNING", reason="no events fit this request")


def _candidates(
    reader: Reader, wanted: DeviceFilter, scopes: list[Scope], errors: list[Error], after: tuple[int, int] | None
) -> Iterator[Found]:
    """The events among which those asked for are, in the order of time: as few as the store can tell at once."""
    lookup, named = EventLookup(reader), list[Found]()
    types, hull = wanted.types, wanted.hull
    if wanted.ids:
        devices: set[int] = set()
        for identifier in wanted.ids:
            events = lookup.by_id(identifier)
            named += events
            if not events:
                ids = devices_of(reader, identifier)
                devices.update(ids)
                if not ids:
                    errors.append(_unknown(identifier))
        theirs = device_events.search(reader, types=types, objects=sorted(devices), window=hull, after=after)
        return merged([_behind(named, after), theirs], _key)
    if wanted.likes and all(like.mrid or like.names or like.tracking for like in wanted.likes):
        for like in wanted.likes:
            found = _found(lookup, like)
            named += found
            if not found:
                event = DeviceEvent(mrid=like.mrid, names=like.names, tracking=like.tracking, issuer=like.issuer)
                errors.append(_unknown(name_event(event)))
        return merged([_behind(named, after)], _key)
    return device_events.search(reader, types=types, objects=narrowest(scopes), window=hull, after=after)


def _behind(named: list[Found], after: tuple[int, int] | None) -> list[Found]:
    return sorted((found for found in named if after is None or _key(found) > after), key=_key)


def _found(lookup: EventLookup, like: Like) -> list[Found]:
    if like.mrid is not None:
        return lookup.by_mrid(like.mrid)
    return lookup.by_names(like.names) if like.names else lookup.by_tracking(like.tracking or "", like.issuer)


def _fits(wanted: DeviceFilter, scopes: list[Scope], found: Found) -> bool:
    own = (found.meter_id, found.usage_point_id)
    return (
        (not wanted.types or found.type in wanted.types)
        and wanted.in_time(found.created, found.created)
        and all(reaches(scope, own, found.created, found.created) for scope in scopes)
    )


def _is_like(like: Like, event: DeviceEvent) -> bool:
    pairs = (
        (like.mrid, event.mrid),
        (like.issuer, event.issuer),
        (like.tracking, event.tracking),
        (like.reason, event.reason),
        (like.severity, event.severity),
    )
    if any(asked is not None and asked != own for asked, own in pairs):
        return False
    return not like.names or any(is_same_name(name, own) for name in like.names for own in event.names)


def marked(found: Found, event: DeviceEvent) -> Error:
    """What to say of an event that has a mark."""
    word = found.mark.word if found.mark else ""
    since = instants.as_text(found.marked or 0)
    details = f"{word} at {since}, by the message {found.marked_by} of the journal"
    return Error(code="0.0", level="INFORM", reason=word, details=details, id=name_event(event))


def _unknown(identifier: ID | None) -> Error:
    return Error(code="2.15", level="FATAL", reason="no event of this ID is known", id=identifier)
