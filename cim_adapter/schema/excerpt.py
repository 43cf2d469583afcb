"""Finding the first fault of a large document without paying for all of them.

``XMLSchema.validate`` on a tree walks all earlier siblings of every faulty element to write its path, and
keeps every complaint: 40,000 bad values cost 10 s, and a crafted body could cost an hour. So a large tree is
validated as a stream, 4 kB at a time, until the first complaint; the neighbourhood of that spot is copied
into a small document, which is then validated as a tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import cast

from lxml import etree

from cim_adapter.schema.parser import new_parser

_PIECE = 4096
#: An excerpt keeps up to this many equal neighbours; of a longer run the first, the last and the wanted.
_WHOLE_RUN = 8
_LARGEST_EXCERPT = 5_000


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the stream broke: elements ``first`` to ``last`` in document order, counted from 0."""

    first: int
    last: int
    kind: str
    message: str


class _NoTree:
    """A parser target without events: libxml2 validates and builds nothing."""

    def close(self) -> None:
        """Return what parsing yields: nothing."""


def first_spot(element: etree._Element, compiled: etree.XMLSchema) -> Spot | None:
    """Validate ``element`` as a stream; return where it first breaks, or None if it is valid."""
    data = etree.tostring(element, with_tail=False)
    parser = new_parser(schema=compiled, target=_NoTree())
    for start in range(0, len(data), _PIECE):
        try:
            parser.feed(data[start : start + _PIECE])
        except etree.XMLSyntaxError:  # some lxml versions raise here what others leave in the log
            return _spot(data, start, parser)
        if len(parser.feed_error_log):
            return _spot(data, start, parser)
    try:
        parser.close()
    except etree.XMLSyntaxError:
        return _spot(data, len(data), parser)
    return None


def _spot(data: bytes, start: int, parser: etree.XMLParser) -> Spot:
    # The parser may hold back the end of a piece, so the fault may lie one piece earlier.
    entries = list(islice(parser.feed_error_log, 1))
    return Spot(
        first=max(0, _elements_before(data, start - _PIECE) - 1),
        last=_elements_before(data, start + _PIECE),
        kind=entries[0].type_name if entries else "",
        message=entries[0].message if entries else "",
    )


def _elements_before(data: bytes, end: int) -> int:
    """Count the start tags in serialised elements, where ``<`` is nothing but markup."""
    end = max(0, end)
    return data.count(b"<", 0, end) - data.count(b"</", 0, end)


def excerpt(element: etree._Element, spot: Spot) -> list[tuple[etree._Element, etree._Element]]:
    """Copy the neighbourhood of ``spot`` into a small document that breaks in the same way.

    Returns pairs (copy, original), the root first; empty where the document has no long runs of equal
    elements to leave out. What is left out are inner members of such runs, which no content model counts.
    """
    wanted: set[etree._Element] = set()
    for item in islice(element.iter("*"), spot.first, spot.last + 1):
        node: etree._Element | None = item
        while node is not None and node not in wanted:
            wanted.add(node)
            node = None if node is element else node.getparent()
    pairs: list[tuple[etree._Element, etree._Element]] = []
    root = etree.Element(element.tag, _attributes(element), nsmap=_nsmap(element))
    return pairs if _copy(element, root, wanted, pairs) else []


def _attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.items()}


def _nsmap(element: etree._Element) -> Mapping[str, str]:
    return cast("Mapping[str, str]", element.nsmap)  # None is a key: the default namespace


def _copy(
    original: etree._Element,
    copy: etree._Element,
    wanted: set[etree._Element],
    pairs: list[tuple[etree._Element, etree._Element]],
) -> bool:
    if len(pairs) >= _LARGEST_EXCERPT:
        return False
    pairs.append((copy, original))
    copy.text = original.text
    for child in _kept(original, wanted):
        below = etree.SubElement(copy, child.tag, _attributes(child), nsmap=_nsmap(child))
        below.tail = child.tail
        if not _copy(child, below, wanted, pairs):
            return False
    return True


def _kept(parent: etree._Element, wanted: set[etree._Element]) -> list[etree._Element]:
    children = list(parent.iterchildren("*"))
    if len(children) <= _WHOLE_RUN:
        return children
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(children), 1) if a.tag != b.tag), len(children)]
    kept: list[etree._Element] = []
    for start, end in pairwise(starts):
        run = children[start:end]
        if len(run) > _WHOLE_RUN:
            run = [run[0], *(child for child in run[1:-1] if child in wanted), run[-1]]
        kept += run
    return kept
