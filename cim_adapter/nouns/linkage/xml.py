"""MasterDataLinkageConfig between XML and domain objects (facts/metering.md §2.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from cim_adapter import instants
from cim_adapter.nouns.identity_xml import kind_of, read_identity, write_identity
from cim_adapter.store.objects import Identity
from cim_adapter.xmltree import children, texts

NAMESPACE = "http://iec.ch/TC57/2011/MasterDataLinkageConfig#"
_EVENT = "ConfigurationEvent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """Objects that belong together, by kind; ``start`` is when they begin to, or cease to with close.

    None is "not said" for ``start``, and "not yet" for ``end``. Only answers have an ``end``.
    """

    objects: tuple[tuple[str, Identity], ...]
    start: int | None = None
    end: int | None = None


def read_linkage(root: etree._Element) -> Linkage:
    """One MasterDataLinkageConfig element. EndDevice and Meter are one kind of object: Meter."""
    start: int | None = None
    objects: list[tuple[str, Identity]] = []
    for name, child in children(root):
        if name != _EVENT:
            objects.append((kind_of(name), read_identity(child)))
        elif effective := texts(child).get("effectiveDateTime", "").strip():
            start = instants.instant(effective)
    return Linkage(objects=tuple(dict.fromkeys(objects)), start=start)


def write_linkages(linkages: Iterable[Linkage]) -> list[etree._Element]:
    """One MasterDataLinkageConfig element for each.

    ``ConfigurationEvent/effectiveDateTime`` is when the link begins. The profile has no place for its
    end, so where there is one it stands as ``ConfigurationEvent/status`` with the value ``closed``.
    """
    return [_write_linkage(linkage) for linkage in linkages]


def _write_linkage(linkage: Linkage) -> etree._Element:
    root = etree.Element(_tag("MasterDataLinkageConfig"), nsmap={"l": NAMESPACE})
    # The order of the profile is that of the alphabet, with the event among the objects.
    for kind, identity in sorted([*linkage.objects, (_EVENT, None)], key=lambda item: item[0]):
        element = etree.SubElement(root, _tag(kind))
        if identity is None:
            _write_event(element, linkage)
        else:
            write_identity(element, identity)
    return root


def _write_event(event: etree._Element, linkage: Linkage) -> None:
    if linkage.start is not None:
        etree.SubElement(event, _tag("effectiveDateTime")).text = instants.as_text(linkage.start)
    if linkage.end is not None:
        status = etree.SubElement(event, _tag("status"))
        etree.SubElement(status, _tag("dateTime")).text = instants.as_text(linkage.end)
        etree.SubElement(status, _tag("value")).text = "closed"


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
