"""Elements that are stored and given back one by one: as a profile again."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from cim_adapter.schema import reparse
from cim_adapter.xmltree import adopt, namespace


def bundle(noun: str, contents: Iterable[bytes]) -> tuple[etree._Element, ...]:
    """One ``noun`` element with all of these in their order; one for each revision (by namespace) of it."""
    roots: dict[str, etree._Element] = {}
    for content in contents:
        element = reparse(content)
        own = namespace(element)
        if own not in roots:
            roots[own] = etree.Element(f"{{{own}}}{noun}", nsmap={"m": own})
        adopt(roots[own], element)
    return tuple(roots.values())
