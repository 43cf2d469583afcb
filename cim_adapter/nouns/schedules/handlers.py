"""The noun MeterReadSchedule: when meters are to be read. Schedules are stored, changed, ended and told.

A schedule has no identity of its own. It is named by the MessageID of its create (an ID of a Request, or
the CorrelationID of an event), or by the objects that it reads, where a Payload names just those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply, Verb
from cim_adapter.errors import Incomplete, Refused
from cim_adapter.nouns import streams
from cim_adapter.nouns.continuation import Asked, asked_for
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.nouns.schedules.query import (
    NOUN,
    Place,
    ScheduleFilter,
    answer,
    names_message,
    read_filter,
    unknown_message,
)
from cim_adapter.nouns.schedules.xml import ReadSchedule, check_targets, check_times, read_schedule
from cim_adapter.store import objects, schedules
from cim_adapter.store.schedules import Ended
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.xmltree import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One MeterReadSchedule of a Payload. ``error`` says why it cannot be carried out, where it cannot.

    ``position`` is its number in the message, whose schedules, if they are new, differ by it.
    """

    position: int
    schedule: ReadSchedule
    content: bytes
    error: Error | None = None

    @property
    def id(self) -> ID | None:
        """How an Error names it: by the first object it reads."""
        return next((write_id(kind, identity) for kind, identity in self.schedule.targets if identity), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """What a message says: MessageIDs of schedules, those of its Payload, or both."""

    messages: tuple[ID, ...]
    items: tuple[_Item, ...]


# ------------------------------------------------------------------------------------------ reading


def _prepare(call: Call) -> _Prepared:
    """For create and change: a Payload, and which schedules it is to take the place of."""
    items = tuple(_item(call, element, with_times=True) for element in call.payloads)
    call.wanted.update(named for item in items if item.error is None for named in item.schedule.targets)
    return _Prepared(messages=_messages(call), items=items)


def _prepare_end(call: Call) -> _Prepared:
    """For cancel and delete: MessageIDs or a Payload."""
    payload, messages = call.message.payload, _messages(call)
    items = (
        [_item(call, element, with_times=False) for element in call.payloads]
        if payload and payload.elements
        else []
    )
    if not messages and not items:
        raise Incomplete(
            f"{call.message.header.verb} names the schedule: in Request/ID with kind='transaction' the MessageID "
            f"of its create, or in Payload a {NOUN} with the objects that it reads",
            code="1.6",
        )
    return _Prepared(messages=messages, items=tuple(items))


def _messages(call: Call) -> tuple[ID, ...]:
    """The MessageIDs that Request names; in an event what it follows from, by its CorrelationID."""
    header, request = call.message.header, call.message.request
    if Verb(header.verb).is_event:
        correlation = header.correlation_id
        return (ID(value=correlation, object_type=NOUN, kind="transaction"),) if correlation else ()
    for identifier in request.ids if request else ():
        if not names_message(identifier):
            raise Refused(
                f"Request/ID of {header.verb} names a schedule by the MessageID of its create, with "
                f"kind='transaction'; this one names a {identifier.object_type}",
                code="2.15",
            )
    return request.ids if request else ()


def _item(call: Call, element: etree._Element, *, with_times: bool) -> _Item:
    schedule = read_schedule(element)
    content = canonical(element)
    item = _Item(position=next(call.positions), schedule=schedule, content=content)
    try:
        check_targets(schedule)
        if with_times:
            check_times(element)
    except Refused as error:
        return replace(item, error=Error(code=error.code, level="FATAL", reason=error.reason, id=item.id))
    return item


# ----------------------------------------------------------------------------------------- handling


@handles("create", NOUN, prepare=_prepare)
def create(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every schedule that makes sense is stored; each of the others gets an Error."""
    return _store(call, prepared, transaction, {})


@handles("created", NOUN, prepare=_prepare)
def created(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """As create; where the event follows from a create that was sent here, too, these are the same schedules."""
    known = _of_messages(call, transaction, prepared.messages, [])
    same = len(known) == len(prepared.items)
    return _store(call, prepared, transaction, dict(enumerate(known)) if same else {})


@handles("change", NOUN, prepare=_prepare)
@handles("changed", NOUN, prepare=_prepare)
def change(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every schedule takes the place of the one that is named; where none is, it gets an Error or, in an
    event, is stored as it stands: the sender knows it.
    """
    event, unknown = Verb(call.message.header.verb).is_event, list[Error]()
    named = _of_messages(call, transaction, prepared.messages, unknown)
    if named and len(named) == len(prepared.items):
        return _store(call, prepared, transaction, dict(enumerate(named)))
    if prepared.messages and not event:
        return Reply.of(unknown or [_not_as_many(prepared, named)], any_done=False)
    items, known = list(prepared.items), dict[int, int]()
    for n, item in enumerate(items):
        found = [] if item.error else _of_objects(transaction, item)
        if len(found) == 1 and found[0] not in known.values():
            known[n] = found[0]
        elif not item.error and (found or not event):
            items[n] = replace(item, error=_not_one(item, found))
    return _store(call, replace(prepared, items=tuple(items)), transaction, known)


def _store(call: Call, prepared: _Prepared, transaction: Transaction, known: Mapping[int, int]) -> Reply:
    """Store the items without an error; ``known`` are the versions that the items of these places supersede."""
    at = instants.now()
    for n, item in enumerate(prepared.items):
        if item.error is not None:
            continue
        draft = schedules.Draft(
            window=item.schedule.hull,
            content=item.content,
            objects={objects.resolve(transaction, *named) for named in item.schedule.targets},
        )
        if n in known:
            schedules.supersede(transaction, call.uid, known[n], draft, at=at)
        else:
            schedules.add(transaction, call.uid, draft, created_by=call.uid, position=item.position, at=at)
    errors = [item.error for item in prepared.items if item.error is not None]
    return Reply.of(errors, any_done=len(errors) < len(prepared.items))


@handles("cancel", NOUN, prepare=_prepare_end)
@handles("canceled", NOUN, prepare=_prepare_end)
@handles("close", NOUN, prepare=_prepare_end)
@handles("closed", NOUN, prepare=_prepare_end)
@handles("delete", NOUN, prepare=_prepare_end)
@handles("deleted", NOUN, prepare=_prepare_end)
def end(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """The schedules hold no longer; what they were is kept. (One that was canceled may still be deleted.) One
    that is not known gets an Error; not in an event, where that it is not there is what the event says.
    """
    verb, errors = Verb(call.message.header.verb), list[Error]()
    delete = verb in (Verb.DELETE, Verb.DELETED)
    named = _of_messages(call, transaction, prepared.messages, errors, canceled=delete)
    if not named and (verb.is_event or not prepared.messages):
        named, errors = _of_items(transaction, prepared.items, canceled=delete)
    if verb.is_event:
        errors = [item.error for item in prepared.items if item.error is not None]
    schedules.end(transaction, call.uid, named, Ended.DELETED if delete else Ended.CANCELED, at=instants.now())
    return Reply.of(errors, any_done=bool(named))


def _prepare_get(call: Call) -> Asked[ScheduleFilter, Place]:
    return asked_for(call, read_filter(call.message), Place, at_most=call.settings.max_objects)


@handles("get", NOUN, prepare=_prepare_get)
def get(call: Call, asked: Asked[ScheduleFilter, Place], reader: Reader) -> Reply:
    """The schedules that fit, in parts or as a stream where they are too many for one reply: see ``query``."""
    source = streams.Source(part=answer, begin=lambda following: following.beginning, apart=lambda _: True)
    return streams.answer(call, asked, reader, source)


# ----------------------------------------------------------------------------------- what is named


def _of_messages(
    call: Call, transaction: Transaction, messages: Sequence[ID], errors: list[Error], *, canceled: bool = False
) -> list[int]:
    """The versions that hold of the schedules that these messages created; an Error for each without any."""
    named: list[int] = []
    for identifier in messages:
        find = partial(schedules.of_message, transaction, identifier.value, call.partner, canceled=canceled)
        found = _held(transaction, find)
        named += [version for version in found if version not in named]
        if not found:
            errors.append(unknown_message(identifier))
    return named


def _of_items(
    transaction: Transaction, items: Sequence[_Item], *, canceled: bool
) -> tuple[list[int], list[Error]]:
    """The version that each item names by its objects, and an Error for each that names none, or several."""
    named: list[int] = []
    errors: list[Error] = []
    for item in items:
        found = [] if item.error else _of_objects(transaction, item)
        if canceled and not found and not item.error:
            found = _of_objects(transaction, item, canceled=True)
        if len(found) == 1:
            named += found
        else:
            errors.append(item.error or _not_one(item, found))
    return named, errors


def _of_objects(transaction: Transaction, item: _Item, *, canceled: bool = False) -> list[int]:
    """The versions that hold of the schedules that read just the objects of ``item``."""
    ids = {found for named in item.schedule.targets for found in objects.find(transaction, *named)}

    def find() -> list[int]:
        read = schedules.objects_of(transaction, schedules.naming(transaction, ids, canceled=canceled))
        return sorted(version for version, known in read.items() if known == ids)

    return _held(transaction, find)


def _held(transaction: Transaction, find: Callable[[], list[int]]) -> list[int]:
    """What ``find`` finds, which no other process changes until the commit."""
    schedules.hold(transaction, find())
    return find()


def _not_one(item: _Item, found: Sequence[int]) -> Error:
    match len(found):
        case 0:
            reason = f"no {NOUN} that holds reads just these objects"
        case 1:
            reason = f"another {NOUN} of this message reads just these objects, too"
        case several:
            reason = (
                f"{several} schedules read just these objects; name one by the MessageID of its create, in "
                "Request/ID with kind='transaction'"
            )
    return Error(code="2.15", level="FATAL", reason=reason, id=item.id)


def _not_as_many(prepared: _Prepared, named: Sequence[int]) -> Error:
    reason = (
        f"Request/ID names {len(named)} schedules, and Payload holds {len(prepared.items)}; each of these takes "
        "the place of one of those, in their order"
    )
    return Error(code="2.15", level="FATAL", reason=reason, id=prepared.messages[0])
