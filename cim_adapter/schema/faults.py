"""What libxml2 says is wrong, tied back to the elements it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

#: One step of the path that libxml2 writes: ``*[7]``, ``m:Meter``, ``value[2]``.
_STEP = re.compile(r"(?:(?P<prefix>[^:\[\]]+):)?(?P<name>[^:\[\]]+)(?:\[(?P<position>\d+)\])?")
_ATTRIBUTE = re.compile(r"^Element '[^']*', attribute '([^']*)'")


@dataclass(frozen=True, slots=True)
class Fault:
    """One complaint: the element, the attribute (Clark name, empty for the element itself), kind, message.

    ``kind`` is libxml2's name for the violated rule, such as ``SCHEMAV_ELEMENT_CONTENT``.
    """

    element: etree._Element
    attribute: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Faults:
    """Complaints in document order; ``complete`` is False where checking stopped before the end."""

    listed: tuple[Fault, ...]
    complete: bool = True


def line_of(element: etree._Element) -> int:
    """Return the line on which the start tag of ``element`` ends, counted from 1; 0 if it was not parsed."""
    return int(getattr(element, "sourceline", None) or 0)


def read_log(root: etree._Element, log: Iterable[etree._LogEntry]) -> Iterator[Fault]:
    """Yield a fault for each entry of ``log``, which came from validating ``root``."""
    find = _Finder(root)
    seen: set[tuple[etree._Element, str]] = set()
    for entry in log:
        element = find(entry.path or "")
        match = _ATTRIBUTE.match(entry.message)
        attribute = match[1] if match else ""
        if (element, attribute) in seen:  # libxml2 may add the type after the facet: one is enough
            continue
        seen.add((element, attribute))
        yield Fault(element, attribute, entry.type_name, entry.message)


class _Finder:
    """Finds elements by libxml2's paths, listing the children of each parent once: linear in the document.

    Evaluating each path as XPath would walk the siblings again for every fault.
    """

    def __init__(self, root: etree._Element) -> None:
        self._elements = {"": root}
        self._children: dict[tuple[etree._Element, str | None, str], list[etree._Element]] = {}

    def __call__(self, path: str) -> etree._Element:
        """Return the element at ``path``, or the nearest one above it that exists."""
        # The first step is the root itself, whatever it is called there.
        return self._at("/".join(path.split("/")[2:]))

    def _at(self, path: str) -> etree._Element:
        known = self._elements.get(path)
        if known is not None:
            return known
        parent_path, _, step = path.rpartition("/")
        parent = self._at(parent_path)
        match = _STEP.fullmatch(step)
        found = parent
        if match:
            siblings = self._list(parent, match["prefix"], match["name"])
            position = int(match["position"] or 1)
            if position <= len(siblings):
                found = siblings[position - 1]
        self._elements[path] = found
        return found

    def _list(self, parent: etree._Element, prefix: str | None, name: str) -> list[etree._Element]:
        key = (parent, prefix, name)
        if key not in self._children:
            self._children[key] = [
                child
                for child in parent.iterchildren("*")
                if name == "*" or (child.prefix == prefix and etree.QName(child).localname == name)
            ]
        return self._children[key]
