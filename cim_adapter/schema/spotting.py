"""All that libxml2 complains about in a document, each tied to a start tag, in one pass and constant memory.

Validated as a tree, libxml2 writes a path for every complaint and walks all earlier siblings for it: 40,000 bad
values cost 10 s. Validated as a stream, it says neither path nor line. So a parser target counts the start tags,
and a log of Python's takes each complaint at the moment it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from lxml import etree

from cim_adapter.schema.parser import new_parser

_ABOUT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?")
#: Runs of equal children that are remembered of one parent.
_MOST_RUNS = 1_000
_LONGEST_MESSAGE = 10_000

_TEXT = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_COMPLEX_TYPE_2_1"})


class Step(NamedTuple):
    """An element on the way down: its tag, and the how manieth of that tag it is in its parent."""

    tag: str
    position: int


@dataclass(frozen=True, slots=True)
class Spotted:
    """One complaint about the start tag ``ordinal``, counted from 0 in document order.

    ``attribute`` is a Clark name, empty for the element itself; ``kind`` is libxml2's name for the rule. ``way``
    leads from the root to the element, ``before`` are the tags of its earlier siblings, ``inside`` those of its
    children so far; equal neighbours are named once.
    """

    ordinal: int
    attribute: str
    kind: str
    message: str
    way: tuple[Step, ...] = ()
    before: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


class Spotter:
    """Validates what it is fed. ``found`` grows in document order; ``full``: there is no room for more."""

    def __init__(self, compiled: etree.XMLSchema, at_most: int, surrounded: int) -> None:
        self.found: list[Spotted] = []
        self._at_most = at_most
        self._surrounded = surrounded
        self._counting = _Counting()
        self._log = _Listening(self)
        self._seen: set[tuple[int, str]] = set()
        self._parser = new_parser(schema=compiled, target=self._counting, recover=True)

    @property
    def full(self) -> bool:
        return len(self.found) >= self._at_most

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of a document that is known to be well-formed."""
        with _listening(self._log):
            self._parser.feed(piece)

    def hear(self, entry: etree._LogEntry) -> None:
        """Keep one complaint, but not a second about the same place: libxml2 adds the type after the facet."""
        message = entry.message  # made anew whenever it is asked for, the refused value of megabytes in it
        about = _ABOUT.match(message)
        if entry.domain_name != "SCHEMASV" or about is None or self.full:
            return
        line = self._counting.line_to(about[1], entry.type_name in _TEXT)
        ordinal, attribute = line[-1].ordinal if line else 0, about[2] or ""
        if (ordinal, attribute) in self._seen:
            return
        self._seen.add((ordinal, attribute))
        spotted = Spotted(ordinal, attribute, entry.type_name, message[:_LONGEST_MESSAGE])
        self.found.append(_with_surroundings(spotted, line) if len(self.found) < self._surrounded else spotted)


def spot(
    pieces: Iterable[bytes], compiled: etree.XMLSchema, at_most: int, *, surrounded: int = 0
) -> list[Spotted]:
    """Return the first complaints, ``at_most`` so many, about the document that ``pieces`` make up.

    The first ``surrounded`` come with what stands around their elements.
    """
    spotter = Spotter(compiled, at_most, surrounded)
    for piece in pieces:
        spotter.feed(piece)
        if spotter.full:
            break
    return spotter.found


def passes(pieces: Iterable[bytes], compiled: etree.XMLSchema) -> bool:
    """Whether a well-formed document is valid; stops at the first piece that is not."""
    parser = new_parser(schema=compiled, target=NoTree())
    try:
        for piece in pieces:
            parser.feed(piece)
            if len(parser.feed_error_log):
                return False
        parser.close()
    except etree.XMLSyntaxError:
        return False
    return True


class NoTree:
    """A parser target without events: libxml2 validates and builds nothing."""

    def close(self) -> None:
        """Return what parsing yields: nothing."""


class _Open:
    """An element whose end has not come, and what is known of its children."""

    __slots__ = ("counts", "follows", "ordinal", "position", "runs", "tag")

    def __init__(self, ordinal: int, tag: str) -> None:
        self.ordinal = ordinal
        self.tag = tag
        self.position = 1
        self.follows = False
        self.counts: dict[str, int] | None = None
        self.runs: list[str] = []

    def take(self, child: _Open) -> None:
        """Count a child, and tell it whether it follows one like itself."""
        if self.counts is None:
            self.counts = {}
        child.position = self.counts[child.tag] = self.counts.get(child.tag, 0) + 1
        child.follows = bool(self.runs) and self.runs[-1] == child.tag
        if not child.follows and len(self.runs) < _MOST_RUNS:
            self.runs.append(child.tag)


class _Counting:
    """A parser target that knows which start tag it is at."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[_Open] = []
        self._closed: _Open | None = None

    def start(self, tag: str, attributes: object) -> None:
        opened = _Open(self._count, tag)
        if self._open:
            self._open[-1].take(opened)
        self._open.append(opened)
        self._closed = None
        self._count += 1

    def end(self, tag: str) -> None:
        self._closed = self._open.pop()

    def close(self) -> None:
        """Return what parsing yields: nothing."""

    def line_to(self, tag: str, is_text: bool) -> list[_Open]:
        """The elements from the root to the one called ``tag`` that can be meant now: the last one closed, or
        opened, or the one around it.
        """
        around = [self._open[:length] for length in (len(self._open), len(self._open) - 1) if length > 0]
        closed = [[*self._open, self._closed]] if self._closed else []
        candidates = [*around, *closed] if is_text else [*closed, *around]
        named = (line for line in candidates if line[-1].tag == tag)
        return next(named, candidates[0] if candidates else [])


def _with_surroundings(spotted: Spotted, line: list[_Open]) -> Spotted:
    own = line[-1]
    siblings = line[-2].runs if len(line) > 1 else []
    before = tuple(siblings if own.follows else siblings[:-1])
    way = tuple(Step(item.tag, item.position) for item in line)
    return replace(spotted, way=way, before=before, inside=tuple(own.runs))


class _Listening(etree.PyErrorLog):  # type: ignore[misc]  # the stubs do not have it
    def __init__(self, spotter: Spotter) -> None:
        super().__init__()
        self._spotter = spotter

    def receive(self, entry: etree._LogEntry) -> None:
        self._spotter.hear(entry)


class _Deaf(etree.PyErrorLog):  # type: ignore[misc]
    def receive(self, entry: etree._LogEntry) -> None:
        """Keep nothing: whoever wants to know has a log of their own."""

    def clear(self) -> None:
        """Nothing is kept."""


@contextmanager
def _listening(log: etree.PyErrorLog) -> Iterator[None]:
    """lxml hands each complaint to the log of the thread as well as to that of the parser."""
    etree.use_global_python_log(log)
    try:
        yield
    finally:
        etree.use_global_python_log(_Deaf())  # there is no way to ask for the one before
