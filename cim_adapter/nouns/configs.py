"""Master data, of every noun that has a profile and no handlers of its own: MeterConfig, UsagePointConfig,
CustomerConfig, EndDeviceGroups … and whatever an operator adds by its XSD.

An object is stored by its mRID or Names. Requests are strict: create wants it new, change and delete want
it known. Events tell what is so elsewhere: created and changed make it so here, whatever was known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Verb
from cim_adapter.errors import Incomplete, Invalid
from cim_adapter.nouns.config_query import ConfigFilter, answer, own_kinds, read_filter
from cim_adapter.nouns.config_xml import ConfigObject, merge, objects_of, read_objects, without
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import EVERY_NOUN, Call, handles
from cim_adapter.schema import reparse
from cim_adapter.store import configs, objects
from cim_adapter.store.configs import Version
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.xmltree import local, namespace


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The objects of a Payload, and an Error for each that cannot be stored."""

    namespace: str
    items: list[ConfigObject]
    errors: list[Error]


def _prepare(call: Call) -> _Prepared:
    profile = call.payload
    items, errors = read_objects(profile)
    if not items and not errors:
        raise Incomplete(f"{local(profile)} holds no {' or '.join(sorted(own_kinds(call)))}")
    for item in items:
        call.wanted.add((item.kind, item.identity))
        call.wanted.update(item.references)
    return _Prepared(namespace(profile), items, errors)


@handles("create", EVERY_NOUN, prepare=_prepare)
def create(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object that is new is stored; each of the others gets an Error."""
    ids = _resolve(transaction, prepared.items)
    known = set(configs.current(transaction, prepared.namespace, ids))
    errors, fresh = list(prepared.errors), dict[int, ConfigObject]()
    for object_id, item in zip(ids, prepared.items, strict=True):
        if object_id in known:
            errors.append(invalid(item.kind, item.identity, _exists(item, call)))
            continue
        known.add(object_id)
        fresh[object_id] = item
    _store(call, transaction, fresh)
    return Reply.of(errors, any_done=bool(fresh))


@handles("created", EVERY_NOUN, prepare=_prepare)
def created(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object is stored as the event has it, in the place of what was known of it."""
    ids = _resolve(transaction, prepared.items)
    latest = dict(zip(ids, prepared.items, strict=True))
    configs.end(
        transaction,
        call.uid,
        configs.current(transaction, prepared.namespace, list(latest)).values(),
        at=instants.now(),
    )
    _store(call, transaction, latest)
    return Reply.of(prepared.errors, any_done=bool(latest))


@handles("change", EVERY_NOUN, prepare=_prepare)
@handles("changed", EVERY_NOUN, prepare=_prepare)
def change(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object gets what the message names of it; one that is not known gets an Error (in an event it is
    stored as it stands: the sender knows it)."""
    ids = _resolve(transaction, prepared.items)
    noun, errors = call.message.header.noun, list(prepared.errors)
    stored = {
        version.object_id: version
        for version in configs.versions(transaction, noun, ids, namespace=prepared.namespace)
    }
    fresh: dict[int, ConfigObject] = {}
    for object_id, item in zip(ids, prepared.items, strict=True):
        if object_id not in stored and object_id not in fresh and call.message.header.verb == "change":
            errors.append(unknown(item.kind, item.identity))
            continue
        try:
            fresh[object_id] = _changed(call, fresh.get(object_id) or stored.get(object_id), item)
        except Invalid as error:
            errors.append(_broken(item, error))
    configs.end(transaction, call.uid, [stored[i].id for i in fresh if i in stored], at=instants.now())
    _store(call, transaction, fresh)
    return Reply.of(errors, any_done=bool(fresh))


def _prepare_delete(call: Call) -> list[tuple[str, Identity]] | _Prepared:
    """What a delete names: in Request/ID or, as some partners have it, in Payload (facts/envelope.md §7).
    One of single elements names them as a change would.
    """
    if call.element_operation:
        return _prepare(call)
    payload = call.message.payload
    if payload is not None and payload.elements:
        return [(kind_of(local(item)), read_identity(item)) for item in objects_of(call.payload)]
    request, own = call.message.request, min(own_kinds(call), default="")
    if request is None or not request.ids:
        raise Incomplete(
            f"{call.message.header.verb} names in Request/ID what to delete: an mRID, or a name with kind='name'; "
            f"objectType says of what kind ({own} where it does not)",
            code="1.6",
        )
    return [(kind_of(i.object_type) if i.object_type else own, read_id(i)) for i in request.ids]


@handles("delete", EVERY_NOUN, prepare=_prepare_delete, element_operations=True)
@handles("deleted", EVERY_NOUN, prepare=_prepare_delete, element_operations=True)
@handles("cancel", EVERY_NOUN, prepare=_prepare_delete)
@handles("canceled", EVERY_NOUN, prepare=_prepare_delete)
@handles("close", EVERY_NOUN, prepare=_prepare_delete)
@handles("closed", EVERY_NOUN, prepare=_prepare_delete)
def delete(call: Call, named: list[tuple[str, Identity]] | _Prepared, transaction: Transaction) -> Reply:
    """The objects hold no longer; what they were is kept. One that is not known gets an Error.

    An agreement is closed, an order canceled, a meter deleted: of what holds, each makes an end. An
    operation on elements makes an end of what it names of them, and of no more.
    """
    if isinstance(named, _Prepared):
        return _take_away(call, named, transaction)
    noun, errors, done = call.message.header.noun, [], False
    for kind, identity in named:
        ids = objects.find(transaction, kind, identity) if identity else []
        versions = [version.id for version in configs.versions(transaction, noun, ids)]
        configs.end(transaction, call.uid, versions, at=instants.now())
        done = done or bool(versions)
        if not versions:
            errors.append(unknown(kind, identity))
    if Verb(call.message.header.verb).is_event:
        return Reply()  # that it is not there is what the event says
    return Reply.of(errors, any_done=done)


@handles("get", EVERY_NOUN, prepare=read_filter)
def get(call: Call, wanted: ConfigFilter, reader: Reader) -> Reply:
    """The objects that the filter asks for; an Error for each that is not there."""
    return answer(reader, call, wanted)


def _take_away(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    noun, errors = call.message.header.noun, list(prepared.errors)
    fresh: dict[int, ConfigObject] = {}
    ended: list[int] = []
    for item in prepared.items:
        ids = objects.find(transaction, item.kind, item.identity)
        versions = list(configs.versions(transaction, noun, ids, namespace=prepared.namespace))
        if not versions:
            errors.append(unknown(item.kind, item.identity))
        for version in versions:
            before = fresh.get(version.object_id)
            stored = reparse(version.content) if before is None else before.profile
            try:
                fresh[version.object_id] = _checked(call, without(stored, item.profile))
            except Invalid as error:
                errors.append(_broken(item, error))
            else:
                ended.append(version.id)
    configs.end(transaction, call.uid, ended, at=instants.now())
    _store(call, transaction, fresh)
    if Verb(call.message.header.verb).is_event:
        return Reply()  # what is not there need not be taken away
    return Reply.of(errors, any_done=bool(fresh))


def _resolve(transaction: Transaction, items: Sequence[ConfigObject]) -> list[int]:
    return [objects.resolve(transaction, item.kind, item.identity) for item in items]


def _store(call: Call, transaction: Transaction, items: Mapping[int, ConfigObject]) -> None:
    """Add a version of each object, by its id."""
    since = instants.now()
    for object_id, item in items.items():
        configs.add(
            transaction,
            call.uid,
            object_id=object_id,
            noun=call.message.header.noun,
            namespace=namespace(item.profile),
            since=since,
            position=next(call.positions),
            content=item.content,
            references=[objects.resolve(transaction, kind, other) for kind, other in item.references],
        )


def _changed(call: Call, before: ConfigObject | Version | None, item: ConfigObject) -> ConfigObject:
    """``item`` on top of what was known. Raises Invalid where the two together break the XSD."""
    if before is None:
        return item
    stored = before.profile if isinstance(before, ConfigObject) else reparse(before.content)
    return _checked(call, merge(stored, item.profile, call.catalogue.order))


def _checked(call: Call, profile: etree._Element) -> ConfigObject:
    call.catalogue.check(profile)
    items, _ = read_objects(profile)
    return items[0]


def _broken(item: ConfigObject, error: Invalid) -> Error:
    reason = f"so changed, it would break its XSD: {error.reason} {error.findings[0]}"
    return invalid(item.kind, item.identity, reason, code=error.code)


def _exists(item: ConfigObject, call: Call) -> str:
    return f"this {item.kind} has a {call.message.header.noun} already; change it, or delete it first"
