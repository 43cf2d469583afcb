"""mRID and Names between XML and ``Identity``: the same in every profile (facts/metering.md §1).

Which objects those are is said by the name of the element, which differs: ``kind_of`` makes it one.
"""

from __future__ import annotations

from lxml import etree

from cim_adapter.envelope import ID
from cim_adapter.store.objects import Identity, Name
from cim_adapter.xmltree import LocalNames, children, local, namespace


def kind_of(name: str) -> str:
    """The kind of object that an element or an ``objectType`` of this name stands for.

    Profiles name one and the same meter Meter, EndDevice(s) or Asset(s), and put objects into elements
    named by the association: PricingStructures, Equipments.
    """
    match name:
        case "Meter" | "EndDevice" | "EndDevices" | "Asset" | "Assets" | "Meters":
            return "Meter"
        case "Equipments":
            return "TransformerTank"
        case _ if name.endswith("s") and not name.endswith(("ss", "us")):
            return name[:-1]
        case _:
            return name


def read_id(identifier: ID) -> Identity:
    """The object that an ID of a Request names: by mRID, or by name where its kind says so."""
    if identifier.kind == "name":
        return Identity(None, (Name(identifier.value, identifier.id_type, identifier.id_authority),))
    return Identity(identifier.value)


def write_id(kind: str, identity: Identity) -> ID:
    """How a Reply names an object that something is wrong with."""
    if identity.mrid is not None:
        return ID(value=identity.mrid, object_type=kind, kind="uuid")
    name = identity.names[0] if identity.names else Name("")
    return ID(value=name.name, id_type=name.type, id_authority=name.authority, object_type=kind, kind="name")


def read_identity(element: etree._Element, names: LocalNames | None = None) -> Identity:
    """The mRID and Names of an object element, whatever its namespace. ``names`` may be shared by many."""
    names = LocalNames() if names is None else names
    mrid: str | None = None
    called: list[Name] = []
    for child in element.iterchildren(etree.Element):
        name = names[child.tag]
        if name == "mRID":
            mrid = (child.text or "").strip() or None
        elif name == "Names":
            called.append(read_name(child))
    return Identity(mrid, tuple(called))


def read_name(element: etree._Element) -> Name:
    """One ``Names`` element."""
    parts = dict(children(element))
    type_ = dict(children(parts["NameType"])) if "NameType" in parts else {}
    authority = dict(children(type_["NameTypeAuthority"])) if "NameTypeAuthority" in type_ else {}
    return Name(
        name=_text(parts, "name") or "",
        type=_text(type_, "name"),
        authority=_text(authority, "name"),
        type_description=_text(type_, "description"),
        authority_description=_text(authority, "description"),
    )


def write_identity(parent: etree._Element, identity: Identity) -> None:
    """mRID and Names into ``parent``, in its namespace. (A profile with simple elements between the
    two writes them in between itself.)"""
    if identity.mrid is not None:
        _child(parent, "mRID").text = identity.mrid
    for name in identity.names:
        names = _child(parent, "Names")
        _child(names, "name").text = name.name
        if name.type is None:
            continue
        type_ = _child(names, "NameType")
        if name.type_description is not None:
            _child(type_, "description").text = name.type_description
        _child(type_, "name").text = name.type
        if name.authority is None:
            continue
        authority = _child(type_, "NameTypeAuthority")
        if name.authority_description is not None:
            _child(authority, "description").text = name.authority_description
        _child(authority, "name").text = name.authority


def _text(parts: dict[str, etree._Element], name: str) -> str | None:
    return parts[name].text or "" if name in parts else None


def _child(parent: etree._Element, name: str) -> etree._Element:
    tag = parent.tag
    return etree.SubElement(parent, f"{tag[: tag.rfind('}') + 1]}{name}")


def revision_of(profile: etree._Element, noun: str) -> str:
    """The namespace of the profile that goes with a query: ``…/GetMeterConfig#`` asks for ``…/MeterConfig#``."""
    name = namespace(profile)
    return name.replace(f"Get{noun}", noun) if local(profile) == f"Get{noun}" else name
