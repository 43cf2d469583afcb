"""Answers a get of master data: which objects are asked for, and one profile with all of them.

Elements of one name in a filter are alternatives, elements of different names narrow one another
(facts/metering.md §2.3, inferred). An object of another kind stands for those that name it, are named by
it, or are linked with it: meters of a usage point, devices of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Request
from cim_adapter.errors import Incomplete, Refused
from cim_adapter.nouns.configs.xml import is_definition, names_of, objects_of, together
from cim_adapter.nouns.continuation import Asked, cut
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, revision_of
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import Call
from cim_adapter.schema import reparse
from cim_adapter.store import configs, links, objects
from cim_adapter.store.configs import Version
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import children, local, namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One element of a filter. ``texts`` are its plain children: amrSystem, kind, type."""

    kind: str
    identity: Identity
    names: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


_Found = dict[Criterion, set[int]]
"""The objects behind each criterion that names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFilter:
    """``criteria`` by kind; ``namespace`` the revision that is asked for (None: any); ``at`` the instant whose
    state is wanted (None: now). ``own`` are the kinds of the noun's own objects."""

    noun: str
    own: frozenset[str]
    criteria: dict[str, list[Criterion]]
    namespace: str | None = None
    at: int | None = None


def read_filter(call: Call) -> ConfigFilter:
    """The filter of a get: the query profile, in Request or (as some partners send it) in Payload, else the
    objects of a Payload, else Request/ID. Option ``asOf`` asks for the state at an earlier time.
    """
    noun = call.message.header.noun
    request = call.message.request or Request()
    profiles = request.filters or (call.message.payload.elements if call.message.payload else ())
    own = own_kinds(call)
    found = [
        criterion
        for profile in profiles
        for element in (
            objects_of(profile) if local(profile) == noun else [child for _, child in children(profile)]
        )
        for criterion in [_criterion(element)]
    ]
    if not profiles:
        default = min(own, default="")
        found = [
            Criterion(kind=kind_of(i.object_type) if i.object_type else default, identity=read_id(i))
            for i in request.ids
        ]
    criteria: dict[str, list[Criterion]] = {}
    for criterion in found:
        if not criterion.identity and criterion.kind not in own and not is_definition(criterion.kind):
            raise Incomplete(
                f"{criterion.kind} in this query has no mRID and no Names: say which one is meant, since its own "
                f"texts are not looked at for {noun}",
                code="1.6",
            )
        criteria.setdefault(criterion.kind, []).append(criterion)
    return ConfigFilter(
        noun=noun,
        own=own,
        criteria=criteria,
        namespace=next((revision_of(profile, noun) for profile in profiles), None),
        at=_as_of(request),
    )


def own_kinds(call: Call) -> frozenset[str]:
    """The kinds of objects that the noun's profiles are about."""
    noun = call.message.header.noun
    kinds = {kind_of(name) for name in call.catalogue.parts_of(noun)}
    return frozenset(kind for kind in kinds if not is_definition(kind))


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A part begins behind the version of this ``key`` (None: with the first one). It tells what held ``at`` the
    time of the first part."""

    at: int
    key: tuple[int, int, int] | None

    @property
    def beginning(self) -> Place:
        """Where all begins that is told of this time."""
        return Place(self.at, None)


def answer(
    call: Call,
    reader: Reader,
    asked: Asked[ConfigFilter, Place],
    *,
    labelled: Callable[[etree._Element], None] = lambda _: None,
) -> tuple[Reply, Place | None]:
    """The part of the reply that was asked for, and where the next one begins. ``labelled`` is called with the
    profile of each object, before they are put together.
    """
    wanted, place = asked.filter, asked.place
    if place is not None:
        wanted = replace(wanted, at=place.at)
    errors: list[Error] = []
    found = asked.once("objects", lambda: _find(reader, wanted, errors))
    scope = _narrowest(wanted, found)
    fitting = _fitting(reader, wanted, found, scope, place)
    told, more = cut(fitting, asked.size)
    following = None
    if more:
        last = told[-1][0]
        following = Place(at=instants.now() if wanted.at is None else wanted.at, key=last.key)
    if asked.is_first:  # which tells all that is wrong
        errors += _missing(reader, wanted, found, {version.object_id for version, _ in told})
    else:
        errors.clear()
    for _, profile in told:
        labelled(profile)
    return _reply(call, wanted, [profile for _, profile in told], errors), following


def is_plain(reader: Reader, call: Call, wanted: ConfigFilter) -> bool:
    """Whether all that may be told is of one kind, and of one revision."""
    revisions = configs.revisions(reader, wanted.noun) if wanted.namespace is None else {wanted.namespace}
    roots = [etree.Element(f"{{{revision}}}{wanted.noun}") for revision in revisions]
    return len(roots) == 1 and len(call.catalogue.order(roots[0], roots[0])) == 1


def _fitting(
    reader: Reader, wanted: ConfigFilter, found: _Found, scope: set[int] | None, place: Place | None = None
) -> Iterator[tuple[Version, etree._Element]]:
    """The versions that fit, from the part's place on; of the objects in ``scope``, if it is not None."""
    versions = configs.versions(
        reader,
        wanted.noun,
        None if scope is None else sorted(scope),
        namespace=wanted.namespace,
        at=wanted.at,
        after=None if place is None else place.key,
    )
    for version in versions:
        profile = reparse(version.content)
        if _fits(version, profile, wanted, found):
            yield version, profile


def _reply(call: Call, wanted: ConfigFilter, profiles: list[etree._Element], errors: list[Error]) -> Reply:
    if not profiles and not wanted.criteria:
        empty = etree.Element(f"{{{wanted.namespace or call.catalogue.nouns[wanted.noun][0]}}}{wanted.noun}")
        return Reply.of(errors, any_done=True, payload=(empty,))
    if not profiles:
        nothing = Error(code="5.7", level="FATAL", reason=f"no {wanted.noun} fits this request")
        return Reply.of(errors or [nothing], any_done=False)
    by_namespace: dict[str, list[etree._Element]] = {}
    for profile in profiles:
        by_namespace.setdefault(namespace(profile), []).append(profile)
    payload = [root for parts in by_namespace.values() for root in together(parts, call.catalogue.order)]
    return Reply.of(errors, any_done=True, payload=tuple(payload))


def _criterion(element: etree._Element) -> Criterion:
    identity, kind = read_identity(element), kind_of(local(element))
    plain = {name: child.text for name, child in children(element) if name != "mRID" and not len(child)}
    texts = tuple((name, text.strip()) for name, text in plain.items() if text)
    if not identity and not texts:
        raise Incomplete(
            f"{local(element)} in this query has no mRID and no Names: say which is meant", code="1.6"
        )
    return Criterion(kind=kind, identity=identity, names=tuple(names_of(element)), texts=texts)


def _as_of(request: Request) -> int | None:
    for name, value in request.options:
        if name == "asOf":
            try:
                return instants.instant(value or "")
            except ValueError as error:
                raise Refused(f"Option asOf: {error}", code="1.6") from error
    return None


def _find(reader: Reader, wanted: ConfigFilter, errors: list[Error]) -> _Found:
    """The objects that each criterion names, those it stands for included; an Error for each that is not known."""
    found: _Found = {}
    for kind, criteria in wanted.criteria.items():
        for criterion in criteria if not is_definition(kind) else ():
            if not criterion.identity:
                continue  # by what the XML of objects says
            ids = set(objects.find(reader, kind, criterion.identity))
            if not ids:
                errors.append(unknown(kind, criterion.identity))
            elif kind not in wanted.own:
                ids |= configs.neighbours(reader, ids, wanted.at) | links.linked(reader, ids, wanted.at)
            found[criterion] = ids
    return found


def _narrowest(wanted: ConfigFilter, found: _Found) -> set[int] | None:
    """Objects among which all that fit are; None where only their XML can tell."""
    scopes = [
        set().union(*(found[criterion] for criterion in criteria))
        for criteria in wanted.criteria.values()
        if all(criterion in found for criterion in criteria)
    ]
    return set.intersection(*scopes) if scopes else None


def _fits(version: Version, profile: etree._Element, wanted: ConfigFilter, found: _Found) -> bool:
    """Whether an object is what one criterion of each kind asks for."""
    return all(
        any(_is(version, profile, criterion, found) for criterion in criteria)
        for criteria in wanted.criteria.values()
    )


def _is(version: Version, profile: etree._Element, criterion: Criterion, found: _Found) -> bool:
    if is_definition(criterion.kind):
        refs = {item.get("ref") for item in profile.iter(etree.Element) if kind_of(local(item)) == criterion.kind}
        return bool(refs.intersection(criterion.names))
    if criterion in found and version.object_id not in found[criterion]:
        return False
    element = next(objects_of(profile))
    if kind_of(local(element)) != criterion.kind:
        return True  # what such an object says of itself is not said here
    said = {name: (child.text or "").strip() for name, child in children(element)}
    return all(said.get(name) == text for name, text in criterion.texts)


def _missing(reader: Reader, wanted: ConfigFilter, found: _Found, given: set[int]) -> Iterator[Error]:
    """An Error for each object asked for that is known, but has no such configuration: neither among those
    ``given`` nor in another part.
    """
    for kind in wanted.own & wanted.criteria.keys():
        for criterion in wanted.criteria[kind]:
            ids = found.get(criterion)
            if ids and not ids & given and not any(_fitting(reader, wanted, found, ids)):
                yield invalid(kind, criterion.identity, f"this {kind} has no {wanted.noun} that fits this request")
