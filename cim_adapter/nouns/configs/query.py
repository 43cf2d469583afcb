"""Answers a get of master data: which objects are asked for, and one profile with all of them.

Elements of one name in a filter are alternatives, elements of different names narrow one another
(facts/metering.md §2.3, inferred). An object of another kind stands for those that name it, are named by
it, or are linked with it: meters of a usage point, devices of a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import Error, Reply, Request
from cim_adapter.errors import Incomplete, OverBudget, Refused
from cim_adapter.nouns.configs.xml import is_definition, names_of, objects_of, together
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, revision_of
from cim_adapter.nouns.object_errors import invalid, unknown
from cim_adapter.nouns.registry import Call
from cim_adapter.schema import reparse
from cim_adapter.store import configs, links, objects
from cim_adapter.store.configs import Version
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import children, local


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One element of a filter. ``texts`` are its plain children: amrSystem, kind, type."""

    kind: str
    identity: Identity
    names: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


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


def answer(reader: Reader, call: Call, wanted: ConfigFilter) -> Reply:
    """The reply to a get. Raises Refused (3.1) where it would hold more than ``max_objects`` objects."""
    errors: list[Error] = []
    ids = _ids(reader, wanted, errors)
    limit = call.settings.max_objects
    versions = list(
        configs.versions(
            reader,
            wanted.noun,
            None if ids is None else sorted(ids),
            namespace=wanted.namespace,
            at=wanted.at,
            at_most=limit + 1,
        )
    )
    if len(versions) > limit:
        raise Refused(f"more than {limit} objects fit this request; ask for fewer", code=OverBudget.code)
    profiles = [(version, reparse(version.content)) for version in versions]
    profiles = [(version, profile) for version, profile in profiles if _fits(profile, wanted)]
    errors += _missing(reader, wanted, [version for version, _ in profiles])
    if not profiles and not wanted.criteria:
        empty = etree.Element(f"{{{wanted.namespace or call.catalogue.nouns[wanted.noun][0]}}}{wanted.noun}")
        return Reply.of(errors, any_done=True, payload=(empty,))
    if not profiles:
        nothing = Error(code="5.7", level="FATAL", reason=f"no {wanted.noun} fits this request")
        return Reply.of(errors or [nothing], any_done=False)
    by_namespace: dict[str, list[etree._Element]] = {}
    for version, profile in profiles:
        by_namespace.setdefault(version.namespace, []).append(profile)
    payload = [together(parts, call.catalogue.order) for parts in by_namespace.values()]
    return Reply.of(errors, any_done=True, payload=tuple(part for part in payload if part is not None))


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


def _ids(reader: Reader, wanted: ConfigFilter, errors: list[Error]) -> set[int] | None:
    """The objects that are asked for; None where the filter does not name any."""
    ids: set[int] | None = None
    for kind, criteria in wanted.criteria.items():
        named = [criterion for criterion in criteria if criterion.identity]
        if is_definition(kind) or len(named) < len(criteria):
            continue  # by what their XML says
        found: set[int] = set()
        for criterion in named:
            known = set(objects.find(reader, kind, criterion.identity))
            if not known:
                errors.append(unknown(kind, criterion.identity))
            found |= known
        if kind not in wanted.own:
            found |= configs.neighbours(reader, found) | links.linked(reader, found, wanted.at)
        ids = found if ids is None else ids & found
    return ids


def _fits(profile: etree._Element, wanted: ConfigFilter) -> bool:
    """Whether an object is as its XML must be: refers to a definition that is asked for, has the texts."""
    element = next(objects_of(profile))
    own, identity = kind_of(local(element)), read_identity(element)
    for kind, criteria in wanted.criteria.items():
        if is_definition(kind):
            refs = {item.get("ref") for item in profile.iter(etree.Element) if kind_of(local(item)) == kind}
            if not any(refs.intersection(criterion.names) for criterion in criteria):
                return False
        elif kind == own and not any(_says(element, identity, criterion) for criterion in criteria):
            return False
    return True


def _says(element: etree._Element, identity: Identity, criterion: Criterion) -> bool:
    texts = {name: (child.text or "").strip() for name, child in children(element)}
    if any(texts.get(name) != text for name, text in criterion.texts):
        return False
    asked = criterion.identity
    if asked.mrid is not None and identity.mrid is not None:
        return asked.mrid == identity.mrid
    return True  # by name: the store found it


def _missing(reader: Reader, wanted: ConfigFilter, found: Sequence[Version]) -> Iterable[Error]:
    """An Error for each object asked for that is known, but has no such configuration."""
    have = {version.object_id for version in found}
    for kind in wanted.own & wanted.criteria.keys():
        for criterion in wanted.criteria[kind]:
            known = set(objects.find(reader, kind, criterion.identity)) if criterion.identity else set()
            if known and not known & have:
                yield invalid(kind, criterion.identity, f"this {kind} has no {wanted.noun} that fits this request")
