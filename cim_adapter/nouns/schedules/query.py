"""Answers a get of MeterReadSchedule: the schedules that fit, and by which MessageID each is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec
from lxml import etree
from msgspec import structs

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Message, Reply, Request
from cim_adapter.nouns.continuation import Asked, cut
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, write_id
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.filter import Window, type_names
from cim_adapter.nouns.readings.model import Period
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.nouns.schedules.xml import ReadSchedule, read_schedule
from cim_adapter.schema import reparse
from cim_adapter.store import objects, schedules
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.schedules import Version
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import children

NOUN = "MeterReadSchedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFilter:
    """Those of one kind are alternatives, kinds narrow one another; empty ones do not narrow."""

    messages: tuple[ID, ...] = ()
    objects: tuple[tuple[str, Identity], ...] = ()
    reading_types: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()

    @property
    def hull(self) -> Window:
        """The window around every window asked for."""
        if not self.windows:
            return FOREVER
        return min(first for first, _ in self.windows), max(last for _, last in self.windows)

    def fits(self, schedule: ReadSchedule) -> bool:
        """Whether reading types and times fit. A schedule without reading types reads them all."""
        if self.reading_types and schedule.reading_types and schedule.reading_types.isdisjoint(self.reading_types):
            return False
        return not self.windows or any(schedule.is_due_in(window) for window in self.windows)


def read_filter(message: Message) -> ScheduleFilter:
    """The filter of a get: Request's IDs and times, and GetMeterReadSchedule or MeterReadSchedule, in Request
    or (as some partners send it) in Payload. The times of the latter win over those of the former.
    """
    request = message.request or Request()
    profiles = request.filters or (message.payload.elements if message.payload else ())
    window = Period(start=request.start_time, end=request.end_time).window()
    messages = tuple(identifier for identifier in request.ids if names_message(identifier))
    found = ScheduleFilter(
        messages=messages,
        objects=tuple((kind_of(i.object_type or ""), read_id(i)) for i in request.ids if i not in messages),
        windows=() if window == FOREVER else (window,),
    )
    return _narrowed(found, profiles[0]) if profiles else found


def names_message(identifier: ID) -> bool:
    """Whether an ID of a Request is a MessageID. In a typed get it has no attributes that say so."""
    return identifier.kind == "transaction" or identifier.object_type in (None, NOUN)


def _narrowed(found: ScheduleFilter, profile: etree._Element) -> ScheduleFilter:
    targets: list[tuple[str, Identity]] = list(found.objects)
    types: list[str] = []
    windows: list[Window] = []
    for name, child in children(profile):
        match name:
            case "ReadingType":
                types += type_names(child)
            case "TimeSchedule":
                windows += [
                    read_period(part).window() for key, part in children(child) if key == "scheduleInterval"
                ]
            case _:
                targets.append((kind_of(name), read_identity(child)))
    return replace(
        found, objects=tuple(targets), reading_types=tuple(types), windows=tuple(windows) or found.windows
    )


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A part begins behind this schedule. ``at``: it is of a stream, which tells what held then, for what it says
    in Reply/ID and in the payload is told at different times.
    """

    created_by: str
    position: int
    at: int | None = None

    @property
    def beginning(self) -> Place:
        """Where all begins that is told of this time."""
        return Place("", -1, self.at)


def answer(reader: Reader, asked: Asked[ScheduleFilter, Place]) -> tuple[Reply, Place | None]:
    """The schedules as they were sent, one element for each; ``Reply/ID`` names, in the same order, the message
    that created each. An Error for each object and MessageID that is unknown or has no schedule. And where the
    next part begins.
    """
    errors: list[Error] = []
    named = asked.once("schedules", lambda: _named(reader, asked.filter, errors))
    told, more = cut(_fitting(reader, asked, named), asked.size)
    following = None
    if more:
        at = asked.place.at if asked.place else instants.now() if asked.streamed else None
        following = Place(*told[-1][0].key, at)
    if not asked.is_first:
        errors.clear()  # the first part told them
    if not told:
        return Reply.of(errors or [_nothing(f"no {NOUN} fits this request")], any_done=False), None
    reply = Reply.of(errors, any_done=True, payload=tuple(profile for _, profile in told))
    return structs.replace(reply, ids=tuple(_id(version) for version, _ in told)), following


def _fitting(
    reader: Reader, asked: Asked[ScheduleFilter, Place], named: set[int] | None
) -> Iterator[tuple[Version, etree._Element]]:
    """The schedules that fit, from the part's place on."""
    place = asked.place
    after = None if place is None else (place.created_by, place.position)
    at = None if place is None else place.at
    for version in schedules.read(reader, named, window=asked.filter.hull, after=after, at=at):
        profile = reparse(version.content)
        if asked.filter.fits(read_schedule(profile)):
            yield version, profile


def _named(reader: Reader, wanted: ScheduleFilter, errors: list[Error]) -> set[int] | None:
    """The versions of the schedules that are asked for; None where none is named."""
    by_kind: dict[str, set[int]] = {}
    for identifier in wanted.messages:
        versions = schedules.of_message(reader, identifier.value)
        by_kind.setdefault(NOUN, set()).update(versions)
        if not versions:
            errors.append(unknown_message(identifier))
    for kind, identity in wanted.objects:
        ids = objects.find(reader, kind, identity)
        reading = schedules.naming(reader, ids)
        by_kind.setdefault(kind, set()).update(reading)
        if not ids:
            errors.append(unknown(kind, identity))
        elif not reading:
            errors.append(_nothing(f"no {NOUN} reads this {kind}", write_id(kind, identity)))
    return set.intersection(*by_kind.values()) if by_kind else None


def unknown_message(identifier: ID) -> Error:
    """An Error that says that no schedule is known by a MessageID."""
    reason = f"no {NOUN} that holds was created by a message of this MessageID"
    return Error(code="2.15", level="FATAL", reason=reason, id=identifier)


def _id(version: Version) -> ID:
    if version.message_id is None:
        return ID(value=version.created_by, id_type="journal", object_type=NOUN, kind="transaction")
    return ID(value=version.message_id, object_type=NOUN, kind="transaction")


def _nothing(reason: str, identifier: ID | None = None) -> Error:
    return Error(code="5.7", level="WARNING", reason=reason, id=identifier)
