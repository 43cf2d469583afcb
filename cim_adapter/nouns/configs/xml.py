"""Configuration profiles as XML: their objects, the definitions those refer to, and one change on another.

A profile holds objects (Meter, UsagePoint, Customer …) and definitions that the objects point to with
``ref``, inside the same message (facts/metering.md §1, "Reference style"). Each object is stored as a
profile of its own, with the definitions it refers to, so that it can be given back alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from cim_adapter.envelope import Error
from cim_adapter.nouns.identity_xml import kind_of, read_identity
from cim_adapter.nouns.object_errors import invalid
from cim_adapter.store.objects import Identity
from cim_adapter.xmltree import adopt, canonical, children, local, namespace

Order = Callable[[etree._Element, etree._Element], Sequence[str]]
"""The local names that an element under a root may hold, in the order of the XSD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigObject:
    """One object of a profile. ``profile`` holds it and what it refers to, nothing else; ``references``
    are the other objects that it names."""

    kind: str
    identity: Identity
    profile: etree._Element
    references: frozenset[tuple[str, Identity]]

    @property
    def namespace(self) -> str:
        """That of the profile: which revision it is."""
        return namespace(self.profile)

    @property
    def content(self) -> bytes:
        return etree.tostring(self.profile)


def is_definition(kind: str) -> bool:
    """Whether such an element at the root of a profile is there to be referred to, not for itself."""
    return is_code(kind) or kind in (
        "ComFunction",
        "ConnectDisconnectFunction",
        "SimpleEndDeviceFunction",
        "DemandResponseProgram",
    )


def is_code(kind: str) -> bool:
    """Whether a ``ref`` to it may be an identifier of the standard that nobody has to define."""
    return kind in ("ReadingType", "ReadingQualityType", "EndDeviceEventType", "EndDeviceControlType")


def is_identifier(kind: str, name: str) -> bool:
    """Whether a name is such an identifier, in dots: what it means does not depend on the message."""
    return is_code(kind) and name.count(".") > 1 and name.replace(".", "").isdigit()


def read_objects(profile: etree._Element) -> tuple[list[ConfigObject], list[Error]]:
    """The objects of a profile, and an Error for each that has no identity or a dangling ``ref``."""
    found, errors = [], []
    definitions = definitions_of(profile)
    for element in objects_of(profile):
        kind, identity = kind_of(local(element)), read_identity(element)
        if not identity:
            where = f"line {element.sourceline}" if element.sourceline else "this message"
            reason = f"a {local(element)} ({where}) has neither mRID nor Names; give it one of them"
            errors.append(Error(code="1.7", level="FATAL", reason=reason))
            continue
        used, dangling = follow(element, definitions)
        if dangling:
            errors.append(invalid(kind, identity, _dangling(dangling, profile), code="2.29"))
            continue
        own = _profile_of(profile, (element, *used))
        found.append(
            ConfigObject(kind=kind, identity=identity, profile=own, references=frozenset(_references(element)))
        )
    return found, errors


def objects_of(profile: etree._Element) -> Iterator[etree._Element]:
    """The elements of a profile that are stored for themselves: its objects, or the profile itself where
    it is one object."""
    parts = list(children(profile))
    if any(name in ("mRID", "Names") for name, _ in parts):
        yield profile
        return
    for name, element in parts:
        if not is_definition(kind_of(name)):
            yield element


def merge(stored: etree._Element, change: etree._Element, order: Order) -> etree._Element:
    """``stored`` with what ``change`` says of the same object.

    What a change names takes the place of all that stood under that name; what it does not name stays.
    A definition takes the place of that of its identity.
    """
    merged = deepcopy(stored)
    old, new = next(objects_of(merged)), next(objects_of(change))
    named = {name for name, _ in children(new)}
    parts = [child for name, child in children(old) if name not in named]
    parts += [deepcopy(child) for _, child in children(new)]
    _arrange(old, parts, order(merged, old))
    if old is merged:
        return merged
    fresh = {(local(item), read_identity(item)) for item in definitions_of(change)}
    kept = [item for item in definitions_of(merged) if (local(item), read_identity(item)) not in fresh]
    kept += [deepcopy(item) for item in definitions_of(change)]
    used, _ = follow(old, kept)
    _arrange(merged, [old, *used], order(merged, merged))
    return merged


def without(stored: etree._Element, named: etree._Element) -> etree._Element:
    """``stored`` without the attributes and associations that ``named`` names; their values are ignored, but
    an association to one object of several is that object's alone (facts/envelope.md §5.4)."""
    left = deepcopy(stored)
    old, given = next(objects_of(left)), next(objects_of(named))
    for name, element in children(given):
        if name in ("mRID", "Names"):
            continue
        identity = read_identity(element)
        for child_name, child in list(children(old)):
            if child_name == name and (not identity or _is_same(read_identity(child), identity)):
                old.remove(child)
    return left


def together(profiles: Iterable[etree._Element], order: Order) -> list[etree._Element]:
    """One profile with the objects of all of these, which have one namespace; definitions once each. Profiles
    that are one object themselves stay as they are.
    """
    root: etree._Element | None = None
    parts: list[etree._Element] = []
    definitions: dict[tuple[str, str], etree._Element] = {}
    alone: list[etree._Element] = []
    for profile in profiles:
        objects = list(objects_of(profile))
        if objects == [profile]:
            alone.append(profile)
            continue
        if root is None:
            root = etree.Element(profile.tag, nsmap={"m": profile.nsmap.get(profile.prefix, "")})
        _add_definitions(definitions, profile)
        parts += objects
    if root is None:
        return alone
    _arrange(root, [*definitions.values(), *parts], order(root, root))
    return [root, *alone]


def names_of(element: etree._Element) -> list[str]:
    """What a ``ref`` may say to mean this definition: its mRID, or any of its names."""
    identity = read_identity(element)
    return ([identity.mrid] if identity.mrid else []) + [name.name for name in identity.names]


def definitions_of(profile: etree._Element) -> list[etree._Element]:
    """What stands in a profile to be referred to."""
    return [element for name, element in children(profile) if is_definition(kind_of(name))]


def follow(
    element: etree._Element, definitions: Sequence[etree._Element]
) -> tuple[list[etree._Element], list[tuple[str, str]]]:
    """The definitions that an element refers to, also through others; and (element, ref) of what dangles."""
    by_name = {(local(item), name): item for item in definitions for name in names_of(item)}
    used: list[etree._Element] = []
    dangling: list[tuple[str, str]] = []
    left = [element]
    while left:
        for item in left.pop().iter(etree.Element):
            ref = item.get("ref")
            if ref is None:
                continue
            kind = kind_of(local(item))
            target = by_name.get((kind, ref.strip()))
            if target is not None:
                if target not in used:
                    used.append(target)
                    left.append(target)
            elif not is_code(kind):
                dangling.append((local(item), ref))
    return used, dangling


def _dangling(refs: Sequence[tuple[str, str]], profile: etree._Element) -> str:
    named = ", ".join(f"{name} ref={ref!r}" for name, ref in refs)
    wanted = ", ".join(sorted({kind_of(name) for name, _ in refs}))
    return (
        f"{named} refers to nothing in this message; define it as {wanted} beside the objects in "
        f"{local(profile)}, with this mRID or name"
    )


def _profile_of(profile: etree._Element, kept: Iterable[etree._Element]) -> etree._Element:
    """A copy of ``profile`` with nothing in it but ``kept``, in the order of the document."""
    wanted = set(kept)
    if profile in wanted:
        return deepcopy(profile)
    own = etree.Element(profile.tag, nsmap=profile.nsmap)  # type: ignore[arg-type]  # the stubs forget None
    for _, child in children(profile):
        if child in wanted:
            own.append(deepcopy(child))
            own[-1].tail = None
    etree.cleanup_namespaces(own)
    return own


def _references(element: etree._Element) -> Iterator[tuple[str, Identity]]:
    """The objects that ``element`` names. What says more of itself than who it is, is a part of it."""
    for item in element.iterdescendants(etree.Element):
        names = {name for name, _ in children(item)}
        if names & {"mRID", "Names"} and (names <= {"mRID", "Names"} or _stands_alone(kind_of(local(item)))):
            identity = read_identity(item)
            if identity:
                yield kind_of(local(item)), identity


def _stands_alone(kind: str) -> bool:
    """Whether such an object is one of its own, although profiles say more of it than who it is."""
    return kind in ("PricingStructure", "ServiceCategory", "ServiceLocation", "ServiceSupplier", "Customer")


def _arrange(parent: etree._Element, parts: Sequence[etree._Element], order: Sequence[str]) -> None:
    """Make ``parts`` the children of ``parent``, in the order of the XSD."""
    place = {name: position for position, name in reversed(list(enumerate(order)))}
    for child in list(parent):
        parent.remove(child)
    for part in sorted(parts, key=lambda part: place.get(local(part), len(place))):
        part.tail = None
        adopt(parent, part)


def _add_definitions(known: dict[tuple[str, str], etree._Element], profile: etree._Element) -> None:
    """Add the definitions of ``profile``. Of an mRID, and of an identifier of the standard, the last word counts.
    Another name is only a label inside its message: where another definition has it already, this one gets a new
    one, and so do the refs to it."""
    for item in definitions_of(profile):
        kind, identity = local(item), read_identity(item)
        label = str(identity)
        if identity.mrid is None and identity.names and not is_identifier(kind, label):
            taken = known.get((kind, label))
            if taken is not None and canonical(taken) != canonical(item):
                label = _rename(profile, item, label, known)
        known[kind, label] = item


def _rename(
    profile: etree._Element, item: etree._Element, name: str, known: dict[tuple[str, str], etree._Element]
) -> str:
    kind, number = local(item), 2
    while (kind, f"{name} ({number})") in known:
        number += 1
    fresh = f"{name} ({number})"
    relabel(profile, item, name, fresh)
    return fresh


def relabel(profile: etree._Element, item: etree._Element, name: str, fresh: str) -> None:
    """Call a definition ``fresh`` where it is called ``name``, in place; what refers to it does so, too."""
    for reference in profile.iter(etree.Element):
        if kind_of(local(reference)) == kind_of(local(item)) and (reference.get("ref") or "").strip() == name:
            reference.set("ref", fresh)
    for child_name, child in children(item):
        for part, element in children(child) if child_name == "Names" else ():
            if part == "name" and (element.text or "").strip() == name:
                element.text = fresh


def _is_same(one: Identity, other: Identity) -> bool:
    if one.mrid is not None and other.mrid is not None:
        return one.mrid == other.mrid
    return bool({name.name for name in one.names} & {name.name for name in other.names})
