"""Bringing an element closer to its XSD: in the order that it has, and without what it does not have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from lxml import etree

from cim_adapter.schema.model import Declaration
from cim_adapter.xmltree import local

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True, slots=True)
class Arranged:
    """The elements whose children were put in order, and those that held what was removed.

    A removed element or attribute is named after the element that held it, as a path has it.
    """

    ordered: list[etree._Element] = field(default_factory=list)
    removed: list[tuple[etree._Element, str]] = field(default_factory=list)


class _Place:
    """What the XSD says of elements of one kind; asked of it once."""

    def __init__(self, declared: Declaration) -> None:
        self._declared = declared
        self._inside: dict[str, _Place] = {}
        self.order = {child.name: at for at, child in enumerate(declared.children)}
        self.names = frozenset(child.local_name for child in declared.children)
        self.attributes = frozenset(declared.attributes)

    def inside(self, tag: str) -> _Place | None:
        found = self._inside.get(tag)
        if found is None and (declared := self._declared.child(tag)) is not None:
            found = self._inside[tag] = _Place(declared)
        return found


def arrange(
    root: etree._Element, declared: Declaration, *, reorder: bool, remove: bool, kept: Collection[str] = ()
) -> Arranged:
    """Put children in the order of the XSD and remove what it does not have, all through ``root``, in place.

    Elements of one name keep their order. An element of a known name in a wrong namespace is a mistake, not
    an addition, and stays, as what is called like one of ``kept`` does. ``declared`` is that of ``root``.
    """
    done = Arranged()
    waiting = [(root, _Place(declared))]
    while waiting:
        element, place = waiting.pop()
        if remove:
            _remove_unknown(element, place, kept, done)
        if reorder:
            _put_in_order(element, place, done)
        for child in element:
            inside = place.inside(child.tag)
            if inside is not None:
                waiting.append((child, inside))
    return done


def _remove_unknown(element: etree._Element, place: _Place, kept: Collection[str], done: Arranged) -> None:
    for name in element.attrib:
        if str(name) not in place.attributes and not str(name).startswith(_XSI):
            done.removed.append((element, f"@{etree.QName(name).localname}"))
            del element.attrib[name]
    for child in list(element):
        if local(child) not in place.names and local(child) not in kept:
            done.removed.append((element, local(child)))
            element.remove(child)


def _put_in_order(element: etree._Element, place: _Place, done: Arranged) -> None:
    last = len(place.order)
    places = [place.order.get(child.tag, last) for child in element]
    if places != sorted(places):
        done.ordered.append(element)
        element[:] = sorted(element, key=lambda child: place.order.get(child.tag, last))
