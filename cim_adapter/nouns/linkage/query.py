"""Answers a get of MasterDataLinkageConfig: what is linked, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Message, Reply, Request
from cim_adapter.errors import Incomplete
from cim_adapter.nouns.continuation import Asked, cut
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, write_id
from cim_adapter.nouns.linkage.xml import Linkage, write_linkages
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.model import Period
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.store import links, objects
from cim_adapter.store.links import Link, Member, Window
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import children


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkageFilter:
    """Objects asked for, the links of messages (their IDs), and windows: without one, what holds now.

    Objects of one kind are alternatives, those of different kinds narrow one another.
    """

    objects: tuple[tuple[str, Identity], ...] = ()
    messages: tuple[ID, ...] = ()
    windows: tuple[Window, ...] = ()


def read_filter(message: Message) -> LinkageFilter:
    """The filter of a get: GetMasterDataLinkageConfig or MasterDataLinkageConfig, in Request or (as some
    partners send it) in Payload; else Request's IDs. Raises Incomplete (1.6) where nothing is named.
    """
    request = message.request or Request()
    profiles = request.filters or (message.payload.elements if message.payload else ())
    window = Period(start=request.start_time, end=request.end_time).window()
    windows = [] if window == FOREVER else [window]
    if profiles:
        own = [
            window for name, child in children(profiles[0]) if name == "TimeSchedule" for window in _windows(child)
        ]
        wanted = LinkageFilter(objects=_objects(profiles[0]), windows=tuple(own or windows))
    else:
        messages = tuple(identifier for identifier in request.ids if identifier.kind == "transaction")
        named = [identifier for identifier in request.ids if identifier not in messages]
        wanted = LinkageFilter(
            objects=tuple(
                (kind_of(identifier.object_type or "Meter"), read_id(identifier)) for identifier in named
            ),
            messages=messages,
            windows=tuple(windows),
        )
    if not wanted.objects and not wanted.messages:
        raise Incomplete(
            "get names the objects whose links are wanted, in GetMasterDataLinkageConfig or in Request/ID with "
            "objectType, or the MessageID of a create in Request/ID with kind='transaction'",
            code="1.6",
        )
    return wanted


def _objects(profile: etree._Element) -> tuple[tuple[str, Identity], ...]:
    return tuple(
        (kind_of(name), read_identity(child))
        for name, child in children(profile)
        if name not in ("TimeSchedule", "ConfigurationEvent")
    )


def _windows(schedule: etree._Element) -> list[Window]:
    return [read_period(interval).window() for _, interval in children(schedule)]


_Span = tuple[int, int, int | None]
"""An object, and a span of time: what is linked to it for just that span is told as one set."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A part begins behind this link. It tells what held ``at`` the time of the first part, where no other is
    asked for."""

    at: int
    key: tuple[int, int, int, int]


def answer(partner: str, reader: Reader, asked: Asked[LinkageFilter, Place]) -> tuple[Reply, Place | None]:
    """One MasterDataLinkageConfig for each object asked for and each span of time, with all that was
    linked to the object for just that span; an Error for each object and message without links. And where the
    next part begins, which goes on with a set that this one had no room for.

    The links that messages made are all in the first part: so many as one message can name.
    """
    wanted, place = asked.filter, asked.place
    errors: list[Error] = []
    at = instants.now() if place is None else place.at
    named = asked.once("objects", lambda: _named(reader, wanted, at, errors))
    found = named.links(reader, None if place is None else place.key)
    sets = [] if place is not None else list(_of_messages(reader, wanted, partner, errors))
    room = max(1, asked.size - sum(len(told.members) for told in sets))
    told, more = cut(found, room)
    following = Place(at, told[-1].key) if more else None
    sets += _sets(told, named.centres)
    if place is not None:
        errors.clear()  # the first part told them
    if not sets:
        return Reply.of(errors, any_done=False), None
    return Reply.of(errors, any_done=True, payload=tuple(write_linkages(_told(reader, sets)))), following


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """Objects that were linked for one span of time. ``rank``: where in the request stands what was asked for."""

    members: frozenset[Member]
    start: int
    end: int | None
    rank: int = 0


def _sets(found: Iterable[Link], ranks: Mapping[int, int]) -> list[_Set]:
    """What is linked to one object for one span of time, together."""
    around: dict[tuple[Member, int, int | None], set[Member]] = defaultdict(set)
    for link in found:
        around[link.one, link.start, link.end].add(link.other)
    return [
        _Set(members=frozenset({one, *linked}), start=start, end=end, rank=ranks[one.id])
        for (one, start, end), linked in around.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """The objects whose links are asked for, those of the kind that is named first, with their places in the
    request. ``spans``: only sets of these, which hold objects of the other kinds, too (None: any).
    """

    centres: Mapping[int, int]
    windows: tuple[Window, ...] = ()
    spans: frozenset[_Span] | None = None

    def links(self, reader: Reader, after: tuple[int, int, int, int] | None) -> Iterator[Link]:
        """Their links, those behind ``after``."""
        for link in links.walk(reader, self.centres, self.windows, after=after) if self.centres else ():
            if self.spans is None or (link.one.id, link.start, link.end) in self.spans:
                yield link


def _named(reader: Reader, wanted: LinkageFilter, at: int, errors: list[Error]) -> _Named:
    """What the filter names; an Error for each object that is not known, or has no links."""
    asked: dict[str, dict[int, Identity]] = {}
    for kind, identity in wanted.objects:
        ids = objects.find(reader, kind, identity)
        asked.setdefault(kind, {}).update(dict.fromkeys(ids, identity))
        if not ids:
            errors.append(unknown(kind, identity))
    if not asked:
        return _Named(centres={})
    (centre, centres), *others = asked.items()
    windows = wanted.windows or ((at, at),)
    spans = [_spans(reader, centres, ids, windows) for _, ids in others]
    common = frozenset[_Span].intersection(*spans) if spans else None
    having = links.having(reader, centres, windows) if common is None else {one for one, _, _ in common}
    served = {centres[one] for one in having}
    for identity in dict.fromkeys(centres.values()):
        if identity not in served:
            errors.append(_without_links(centre, identity))
    ranks = {one: rank for rank, one in enumerate(centres)}
    return _Named(centres=ranks, windows=windows, spans=common)


def _spans(
    reader: Reader, centres: Collection[int], ids: Collection[int], windows: tuple[Window, ...]
) -> frozenset[_Span]:
    """When which of ``centres`` is linked to any of ``ids``."""
    found = links.walk(reader, ids, windows)
    return frozenset((link.other.id, link.start, link.end) for link in found if link.other.id in centres)


def _of_messages(reader: Reader, wanted: LinkageFilter, partner: str, errors: list[Error]) -> Iterator[_Set]:
    for message in wanted.messages:
        spans: dict[tuple[int, int | None], set[Member]] = defaultdict(set)
        for link in links.of_message(reader, partner, message.value):
            if any(link.holds_in(window) for window in wanted.windows or (FOREVER,)):
                spans[link.start, link.end] |= {link.one, link.other}
        for (start, end), members in spans.items():
            yield _Set(members=frozenset(members), start=start, end=end)
        if not spans:
            reason = "no message of this MessageID made links that hold at the time asked for"
            errors.append(Error(code="2.15", level="FATAL", reason=reason, id=message))


def _told(reader: Reader, sets: Iterable[_Set]) -> list[Linkage]:
    """The sets in the order of time, and then of the request, with what their objects are called."""
    known = objects.identities(reader, {member.id for found in sets for member in found.members})
    return [
        Linkage(
            objects=tuple((member.kind, known[member.id]) for member in sorted(found.members)),
            start=found.start,
            end=found.end,
        )
        for found in sorted(sets, key=lambda found: (found.start, found.rank))
    ]


def _without_links(kind: str, identity: Identity) -> Error:
    reason = f"nothing is linked to this {kind} at the time asked for"
    return Error(code="5.7", level="WARNING", reason=reason, id=write_id(kind, identity))
