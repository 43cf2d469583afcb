"""Answers a get of MasterDataLinkageConfig: what is linked, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Message, Reply, Request
from cim_adapter.errors import Incomplete, OverBudget, Refused
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, write_id
from cim_adapter.nouns.linkage.xml import Linkage, write_linkages
from cim_adapter.nouns.object_errors import unknown
from cim_adapter.nouns.readings.model import Period
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.store import links, objects
from cim_adapter.store.links import Member, Window
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


def answer(reader: Reader, wanted: LinkageFilter, partner: str, *, at_most: int) -> Reply:
    """One MasterDataLinkageConfig for each object asked for and each span of time, with all that was
    linked to the object for just that span; an Error for each object and message without links.

    Raises Refused (3.1) where that would hold more than ``at_most`` objects.
    """
    errors: list[Error] = []
    sets = _of_objects(reader, wanted, errors) if wanted.objects else []
    for identifier in wanted.messages:
        brought = _of_message(reader, wanted, partner, identifier)
        sets += brought
        if not brought:
            reason = "no message of this MessageID made links that hold at the time asked for"
            errors.append(Error(code="2.15", level="FATAL", reason=reason, id=identifier))
    if sum(len(found.members) for found in sets) > at_most:
        raise Refused(
            f"more than {at_most} objects fit this request; ask for fewer objects or a shorter time",
            code=OverBudget.code,
        )
    if not sets:
        return Reply.of(errors, any_done=False)
    return Reply.of(errors, any_done=True, payload=tuple(write_linkages(_told(reader, sets))))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """Objects that were linked for one span of time."""

    members: frozenset[Member]
    start: int
    end: int | None


def _of_objects(reader: Reader, wanted: LinkageFilter, errors: list[Error]) -> list[_Set]:
    """The sets around each object of the kind named first, as far as they hold objects of the others."""
    asked: dict[str, dict[int, Identity]] = {}
    for kind, identity in wanted.objects:
        ids = objects.find(reader, kind, identity)
        asked.setdefault(kind, {}).update(dict.fromkeys(ids, identity))
        if not ids:
            errors.append(unknown(kind, identity))
    (centre, centres), *others = asked.items()
    now = instants.now()
    around: dict[tuple[Member, int, int | None], set[Member]] = defaultdict(set)
    for window in wanted.windows or ((now, now),):
        for link in links.links(reader, centres, window=window):
            around[link.one, link.start, link.end].add(link.other)
    sets = [
        _Set(members=frozenset({one, *linked}), start=start, end=end)
        for (one, start, end), linked in around.items()
        if all(any(member.id in ids for member in linked) for _, ids in others)
    ]
    served = {centres[member.id] for found in sets for member in found.members if member.id in centres}
    for identity in dict.fromkeys(centres.values()):
        if identity not in served:
            errors.append(_without_links(centre, identity))
    return sets


def _of_message(reader: Reader, wanted: LinkageFilter, partner: str, message: ID) -> list[_Set]:
    spans: dict[tuple[int, int | None], set[Member]] = defaultdict(set)
    for link in links.of_message(reader, partner, message.value):
        if any(link.holds_in(window) for window in wanted.windows or (FOREVER,)):
            spans[link.start, link.end] |= {link.one, link.other}
    return [_Set(members=frozenset(members), start=start, end=end) for (start, end), members in spans.items()]


def _told(reader: Reader, sets: Iterable[_Set]) -> list[Linkage]:
    """The sets in the order of time, with what their objects are called."""
    known = objects.identities(reader, {member.id for found in sets for member in found.members})
    return [
        Linkage(
            objects=tuple((member.kind, known[member.id]) for member in sorted(found.members)),
            start=found.start,
            end=found.end,
        )
        for found in sorted(sets, key=lambda found: found.start)
    ]


def _without_links(kind: str, identity: Identity) -> Error:
    reason = f"nothing is linked to this {kind} at the time asked for"
    return Error(code="5.7", level="WARNING", reason=reason, id=write_id(kind, identity))
