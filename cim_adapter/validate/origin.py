"""A document as it came, kept while its tree is mended: ordinals and paths of elements."""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree

from cim_adapter.schema.proposal import local_name
from cim_adapter.xmltree import local

_INDEX = re.compile(r"\[\d+\]$")


class Origin:
    """What each element of a parsed tree was before any change. An element made later is not in it."""

    def __init__(self, root: etree._Element) -> None:
        self._ordinals: dict[etree._Element, int] = {}
        self._parents: dict[etree._Element, etree._Element | None] = {}
        self._steps: dict[etree._Element, tuple[str, int]] = {}
        self._counts: Counter[tuple[etree._Element | None, str]] = Counter()
        for ordinal, element in enumerate(root.iter(etree.Element)):
            parent = element.getparent()
            self._ordinals[element] = ordinal
            self._parents[element] = parent
            self._counts[parent, element.tag] += 1
            self._steps[element] = (element.tag, self._counts[parent, element.tag])

    def __len__(self) -> int:
        return len(self._ordinals)

    def __contains__(self, element: etree._Element) -> bool:
        return element in self._ordinals

    def ordinal(self, element: etree._Element) -> int:
        """Which start tag of the document it has, counted from 0."""
        return self._ordinals[element]

    def path(self, element: etree._Element, now: str) -> str:
        """The path that ``element`` had, where it is ``now`` (names and indexes may have changed since)."""
        steps: list[str] = []
        node: etree._Element | None = element
        attribute = ""
        parts = now.split("/")
        if parts[-1].startswith("@"):
            attribute = f"/{parts.pop()}"
        for part in reversed(parts):
            if node is None or node not in self._steps:
                break
            tag, position = self._steps[node]
            parent = self._parents[node]
            indexed = _INDEX.search(part) or self._counts[parent, tag] > 1
            steps.append(f"{local_name(tag)}[{position}]" if indexed else local_name(tag))
            node = parent
        return "/".join(reversed(steps)) + attribute

    def full_path(self, element: etree._Element) -> str:
        """The path from the document element on."""
        depth = sum(1 for _ in element.iterancestors()) + 1
        return self.path(element, "/".join([local(element)] * depth))
