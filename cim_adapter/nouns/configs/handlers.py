"""Master data, of every noun that has a profile and no handlers of its own: MeterConfig, UsagePointConfig,
CustomerConfig, EndDeviceGroups … and whatever an operator adds by its XSD.

An object is stored by its mRID or Names. Requests are strict: create wants it new, change and delete want
it known. Events tell what is so elsewhere: created and changed make it so here, whatever was known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Verb
from cim_adapter.errors import Incomplete, Invalid
from cim_adapter.nouns import streams
from cim_adapter.nouns.configs.labels import Labels
from cim_adapter.nouns.configs.query import ConfigFilter, Place, answer, is_plain, own_kinds, read_filter
from cim_adapter.nouns.configs.xml import ConfigObject, is_definition, merge, objects_of, read_objects, without
from cim_adapter.nouns.continuation import Asked, asked_for
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import EVERY_NOUN, Call, handles
from cim_adapter.schema import reparse
from cim_adapter.store import configs, objects
from cim_adapter.store.configs import Version
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.xmltree import local

_Key = tuple[int, str]
"""An object's id and the namespace of the revision that it is configured in."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """The objects of a Payload, and an Error for each that cannot be stored."""

    items: list[ConfigObject]
    errors: list[Error]


def _prepare(call: Call) -> _Prepared:
    prepared = _Prepared([], [])
    for profile in call.payloads:
        items, errors = read_objects(profile)
        prepared.items.extend(items)
        prepared.errors.extend(errors)
    if not prepared.items and not prepared.errors:
        noun = call.message.header.noun
        raise Incomplete(f"{noun} holds no {' or '.join(sorted(own_kinds(call)))}; Payload must bring one")
    for item in prepared.items:
        call.wanted.add((item.kind, item.identity))
        call.wanted.update(item.references)
    return prepared


@handles("create", EVERY_NOUN, prepare=_prepare)
def create(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object that is new is stored; each of the others gets an Error."""
    keys = _resolve(transaction, prepared.items)
    known = set(_current(call, transaction, keys))
    errors, fresh = list(prepared.errors), dict[_Key, ConfigObject]()
    for key, item in zip(keys, prepared.items, strict=True):
        if key in known or key in fresh:
            errors.append(invalid(item.kind, item.identity, _exists(item, call)))
        else:
            fresh[key] = item
    _store(call, transaction, fresh)
    return Reply.of(errors, any_done=bool(fresh))


@handles("created", EVERY_NOUN, prepare=_prepare)
def created(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object is stored as the event has it, in the place of what was known of it."""
    latest = dict(zip(_resolve(transaction, prepared.items), prepared.items, strict=True))
    known = _current(call, transaction, latest)
    configs.end(
        transaction, call.uid, [version for key, version in known.items() if key in latest], at=instants.now()
    )
    _store(call, transaction, latest)
    return Reply.of(prepared.errors, any_done=bool(latest))


@handles("change", EVERY_NOUN, prepare=_prepare)
@handles("changed", EVERY_NOUN, prepare=_prepare)
def change(call: Call, prepared: _Prepared, transaction: Transaction) -> Reply:
    """Every object gets what the message names of it; one that is not known gets an Error (in an event it is
    stored as it stands: the sender knows it)."""
    return _revise(call, prepared, transaction, _merged)


def _revise(
    call: Call,
    prepared: _Prepared,
    transaction: Transaction,
    revised: Callable[[Call, etree._Element, etree._Element], etree._Element],
) -> Reply:
    """A new version of each object: ``revised(call, profile as stored, profile as sent)``."""
    verb, keys = Verb(call.message.header.verb), _resolve(transaction, prepared.items)
    ids = sorted({object_id for object_id, _ in keys})
    stored = {(v.object_id, v.namespace): v for v in configs.versions(transaction, call.message.header.noun, ids)}
    errors, fresh = list(prepared.errors), dict[_Key, ConfigObject]()
    for key, item in zip(keys, prepared.items, strict=True):
        before = fresh[key].profile if key in fresh else _profile(stored.get(key))
        if before is None and verb != Verb.CHANGED:
            if not verb.is_event:  # what is not there need not be taken away
                errors.append(unknown(item.kind, item.identity))
            continue
        try:
            fresh[key] = item if before is None else _checked(call, revised(call, before, item.profile))
        except Invalid as error:
            errors.append(_broken(item, error))
    configs.end(transaction, call.uid, [stored[key].id for key in fresh if key in stored], at=instants.now())
    _store(call, transaction, fresh)
    return Reply.of(errors, any_done=bool(fresh) or not errors)


def _prepare_delete(call: Call) -> list[tuple[str, Identity]] | _Prepared:
    """What a delete names: in Request/ID or, as some partners have it, in Payload (facts/envelope.md §7)."""
    if call.element_operation:
        return _prepare(call)
    payload = call.message.payload
    if payload is not None and payload.elements:
        found = [item for profile in call.payloads for item in objects_of(profile)]
        return [(kind_of(local(item)), read_identity(item)) for item in found]
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

    An agreement is closed, an order canceled, a meter deleted: of what holds, each makes an end. An element
    operation takes away what it names of an object, and the object stays (facts/envelope.md §5.4).
    """
    if isinstance(named, _Prepared):
        return _revise(call, named, transaction, lambda _, stored, sent: without(stored, sent))
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


def _prepare_get(call: Call) -> Asked[ConfigFilter, Place]:
    return asked_for(call, read_filter(call), Place, at_most=call.settings.max_objects)


@handles("get", EVERY_NOUN, prepare=_prepare_get)
def get(call: Call, asked: Asked[ConfigFilter, Place], reader: Reader) -> Reply:
    """The objects that the filter asks for, in parts or as a stream where they are too many for one reply; an
    Error for each that is not there.
    """
    labels = Labels()
    source = streams.Source(
        part=partial(answer, call, labelled=labels.note),
        told=partial(answer, call, labelled=labels.put),
        begin=lambda following: following.beginning,
        apart=lambda root: next(objects_of(root), None) is root,
        is_definition=lambda name: is_definition(kind_of(name)),
        is_plain=lambda: is_plain(reader, call, asked.filter),
    )
    return streams.answer(call, asked, reader, source)


def _resolve(transaction: Transaction, items: Sequence[ConfigObject]) -> list[_Key]:
    return [(objects.resolve(transaction, item.kind, item.identity), item.namespace) for item in items]


def _current(call: Call, transaction: Transaction, keys: Iterable[_Key]) -> dict[_Key, int]:
    ids = sorted({object_id for object_id, _ in keys})
    return configs.current(transaction, call.message.header.noun, ids)


def _store(call: Call, transaction: Transaction, items: Mapping[_Key, ConfigObject]) -> None:
    """Add a version of each object."""
    since = instants.now()
    for (object_id, revision), item in items.items():
        configs.add(
            transaction,
            call.uid,
            object_id=object_id,
            noun=call.message.header.noun,
            namespace=revision,
            since=since,
            position=next(call.positions),
            content=item.content,
            references=[objects.resolve(transaction, kind, other) for kind, other in item.references],
        )


def _profile(version: Version | None) -> etree._Element | None:
    return None if version is None else reparse(version.content)


def _merged(call: Call, stored: etree._Element, sent: etree._Element) -> etree._Element:
    return merge(stored, sent, call.catalogue.order)


def _checked(call: Call, profile: etree._Element) -> ConfigObject:
    """The object in ``profile``. Raises Invalid where it breaks its XSD."""
    call.catalogue.check(profile)
    items, _ = read_objects(profile)
    return items[0]


def _broken(item: ConfigObject, error: Invalid) -> Error:
    reason = f"so changed, it would break its XSD: {error.reason} {error.findings[0]}"
    return invalid(item.kind, item.identity, reason, code=error.code)


def _exists(item: ConfigObject, call: Call) -> str:
    return f"this {item.kind} has a {call.message.header.noun} already; change it, or delete it first"
