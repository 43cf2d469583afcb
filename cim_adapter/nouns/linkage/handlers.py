"""The noun MasterDataLinkageConfig: which objects belong together, from when, until when.

One element names one set of objects. All of them are linked with each other, except those of one kind:
two meters in a set stand beside each other at their usage point, neither belongs to the other. What is
meant takes effect at ``ConfigurationEvent/effectiveDateTime``, else at the header's Timestamp, else now.
Objects that nobody has told of are made known: their master data may come later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from cim_adapter import instants
from cim_adapter.envelope import ID, Error, Reply, Verb
from cim_adapter.errors import Incomplete, OverBudget, Refused
from cim_adapter.nouns import streams
from cim_adapter.nouns.continuation import Asked, asked_for
from cim_adapter.nouns.linkage.query import LinkageFilter, Place, answer, read_filter
from cim_adapter.nouns.linkage.rules import contradictions
from cim_adapter.nouns.linkage.xml import Linkage, read_linkage
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.store import links, objects
from cim_adapter.store.links import Link, Member, Pair
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader, Transaction

_NOUN = "MasterDataLinkageConfig"
_NEVER = ("cancel", "canceled", "delete", "deleted")  # from the beginning on; close means from an instant on
_MOST_PAIRS = 2_000  # in one set: a usage point of many meters is meant, not everything with everything


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Sets with the instant that each takes effect at, and an Error for each that makes no sense."""

    sets: list[tuple[Linkage, int]]
    errors: list[Error]


@dataclass(frozen=True, slots=True)
class _Messages:
    """MessageIDs of creates whose links are to end at an instant."""

    ids: tuple[ID, ...]
    at: int


# ------------------------------------------------------------------------------------------ reading


def _prepare(call: Call) -> _Wanted:
    wanted = _read(call)
    call.wanted.update(named for linkage, _ in wanted.sets for named in linkage.objects)
    return wanted


def _prepare_end(call: Call) -> _Wanted | _Messages:
    request, payload = call.message.request, call.message.payload
    if request is None or not request.ids or (payload and payload.elements):
        return _read(call)
    verb = call.message.header.verb
    if any(identifier.kind != "transaction" for identifier in request.ids):
        raise Incomplete(
            f"{verb} names what to unlink: the objects in Payload, or in Request/ID with kind='transaction' the "
            "MessageID of the create that linked them",
            code="1.6",
        )
    return _Messages(request.ids, FOREVER[0] if verb in _NEVER else _effective(call, None))


def _read(call: Call) -> _Wanted:
    wanted, never = _Wanted([], []), call.message.header.verb in _NEVER
    for element in call.payloads:
        linkage = read_linkage(element)
        try:
            _check(linkage)
        except Refused as error:
            wanted.errors.append(Error(code=error.code, level="FATAL", reason=error.reason))
        else:
            wanted.sets.append((linkage, FOREVER[0] if never else _effective(call, linkage.start)))
    return wanted


def _effective(call: Call, said: int | None) -> int:
    if said is not None:
        return said
    timestamp = call.message.header.timestamp
    return instants.now() if timestamp is None else instants.instant(timestamp)


def _check(linkage: Linkage) -> None:
    """Raises Refused for a set that says nothing, or too much."""
    for kind, identity in linkage.objects:
        if not identity:
            raise Incomplete(f"a {kind} is named by its mRID or by Names, and this one has neither")
    of_kinds = Counter(kind for kind, _ in linkage.objects)
    pairs = (of_kinds.total() ** 2 - sum(count**2 for count in of_kinds.values())) // 2
    if not pairs:
        raise Incomplete("a MasterDataLinkageConfig names at least two objects of different kinds, which it links")
    if pairs > _MOST_PAIRS:
        raise Refused(
            f"a MasterDataLinkageConfig of {len(linkage.objects)} objects makes {pairs} links, and one may make "
            f"{_MOST_PAIRS}; send sets of fewer objects",
            code=OverBudget.code,
        )


# ------------------------------------------------------------------------------- linking, unlinking


@handles("create", _NOUN, prepare=_prepare)
@handles("created", _NOUN, prepare=_prepare)
def create(call: Call, wanted: _Wanted, transaction: Transaction) -> Reply:
    """Link the objects of each set; a set that contradicts itself or what is linked is left out."""
    return _link(call, wanted, transaction, replacing=False)


@handles("change", _NOUN, prepare=_prepare)
@handles("changed", _NOUN, prepare=_prepare)
def change(call: Call, wanted: _Wanted, transaction: Transaction) -> Reply:
    """As create, but the set takes the place of what its objects were linked to before, as far as that
    is of the same kinds: at a meter exchange the usage point stays, and the old meter leaves it.
    """
    return _link(call, wanted, transaction, replacing=True)


def _link(call: Call, wanted: _Wanted, transaction: Transaction, *, replacing: bool) -> Reply:
    errors, done = list(wanted.errors), 0
    for linkage, at in wanted.sets:
        known = {Member(objects.resolve(transaction, *named), named[0]): named[1] for named in linkage.objects}
        # A dict, so that links are made, and later told, in the order of the message.
        pairs = {links.pair(*both): None for both in combinations(known, 2) if both[0].kind != both[1].kind}
        links.hold(transaction, (member.id for member in known))
        if wrong := contradictions(transaction, known, at, replacing=replacing):
            errors += wrong
            continue
        if replacing:
            links.part(transaction, call.uid, _replaced(transaction, known, pairs, at), at)
        links.join(transaction, call.uid, pairs, at)
        done += 1
    return Reply.of(errors, any_done=bool(done))


@handles("close", _NOUN, prepare=_prepare_end)
@handles("closed", _NOUN, prepare=_prepare_end)
@handles("cancel", _NOUN, prepare=_prepare_end)
@handles("canceled", _NOUN, prepare=_prepare_end)
@handles("delete", _NOUN, prepare=_prepare_end)
@handles("deleted", _NOUN, prepare=_prepare_end)
def unlink(call: Call, wanted: _Wanted | _Messages, transaction: Transaction) -> Reply:
    """End what links the objects of each set, or what a message linked: close from the effective time on,
    cancel and delete as if it had never been. An Error for each object that is linked to none of its set;
    not in an event, where that it is not linked is what the event says.
    """
    if isinstance(wanted, _Messages):
        errors, absent = [], list(_unlink_messages(call, wanted, transaction))
        done = len(absent) < len(wanted.ids)
    else:
        errors = wanted.errors
        outcomes = [_unlink(call, linkage, at, transaction) for linkage, at in wanted.sets]
        absent = [error for _, of_set in outcomes for error in of_set]
        done = any(ended for ended, _ in outcomes)
    if Verb(call.message.header.verb).is_event:
        return Reply.of(errors, any_done=bool(done or absent))
    return Reply.of([*errors, *absent], any_done=done)


def _unlink(call: Call, linkage: Linkage, at: int, transaction: Transaction) -> tuple[bool, list[Error]]:
    """Whether anything was unlinked, and an Error for each object of the set that was not."""
    ids = {named: objects.find(transaction, *named) for named in linkage.objects}
    everything = {id_ for of_one in ids.values() for id_ in of_one}
    links.hold(transaction, everything)
    found = links.links(transaction, everything, window=(at, FOREVER[1]))
    found = [link for link in found if link.other.id in everything]
    links.part(transaction, call.uid, found, at)
    errors, linked = [], {link.one.id for link in found}
    for (kind, identity), of_one in ids.items():
        if not of_one:
            errors.append(unknown(kind, identity))
        elif linked.isdisjoint(of_one):
            reason = f"this {kind} is linked to no other object of this set{_since(at)}"
            errors.append(invalid(kind, identity, reason, code="2.29"))
    return bool(found), errors


def _unlink_messages(call: Call, wanted: _Messages, transaction: Transaction) -> Iterator[Error]:
    for identifier in wanted.ids:
        made = links.of_message(transaction, call.partner, identifier.value)
        found = [link for link in made if link.holds_in((wanted.at, FOREVER[1]))]
        links.part(transaction, call.uid, found, wanted.at)
        if not made:
            reason = "no links came with a message of this MessageID"
            yield Error(code="2.15", level="FATAL", reason=reason, id=identifier)
        elif not found:
            reason = f"none of the links of this message holds{_since(wanted.at)}"
            yield Error(code="2.29", level="FATAL", reason=reason, id=identifier)


def _since(at: int) -> str:
    return "" if at == FOREVER[0] else f" from {instants.as_text(at)} on"


def _replaced(transaction: Transaction, known: Iterable[Member], pairs: Collection[Pair], at: int) -> list[Link]:
    """The links that a change ends: of these objects, between the same kinds, and not in the new set."""
    kinds = {frozenset((one.kind, other.kind)) for one, other in pairs}
    return [
        link
        for link in links.links(transaction, (member.id for member in known), window=(at, FOREVER[1]))
        if link.pair not in pairs and frozenset((link.one.kind, link.other.kind)) in kinds
    ]


# ------------------------------------------------------------------------------------------- asking


def _prepare_get(call: Call) -> Asked[LinkageFilter, Place]:
    return asked_for(call, read_filter(call.message), Place, at_most=call.settings.max_objects)


@handles("get", _NOUN, prepare=_prepare_get)
def get(call: Call, asked: Asked[LinkageFilter, Place], reader: Reader) -> Reply:
    """What is linked to the objects asked for, in parts or as a stream where that is too much for one reply: see
    ``query``.
    """
    source = streams.Source(part=partial(answer, call.partner), apart=lambda _: True, is_plain=lambda: True)
    return streams.answer(call, asked, reader, source)
