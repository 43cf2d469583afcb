"""All that libxml2 complains about in a document, each tied to a start tag, in one pass and constant memory.

Validated as a tree, libxml2 writes a path for every complaint and walks all earlier siblings for it: 40,000 bad
values cost 10 s. Validated as a stream, it says neither path nor line. So a parser target counts the start tags,
and a log of Python's takes each complaint at the moment it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lxml import etree

from cim_adapter.schema.parser import new_parser

_ABOUT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?")
_TEXT = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_COMPLEX_TYPE_2_1"})


@dataclass(frozen=True, slots=True)
class Spotted:
    """One complaint about the start tag ``ordinal``, counted from 0 in document order.

    ``attribute`` is a Clark name, empty for the element itself; ``kind`` is libxml2's name for the rule.
    """

    ordinal: int
    attribute: str
    kind: str
    message: str


class Spotter:
    """Validates what it is fed. ``found`` grows in document order; ``full``: there is no room for more."""

    def __init__(self, compiled: etree.XMLSchema, at_most: int) -> None:
        self.found: list[Spotted] = []
        self._at_most = at_most
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
        about = _ABOUT.match(entry.message)
        if entry.domain_name != "SCHEMASV" or about is None or self.full:
            return
        ordinal = self._counting.ordinal_of(about[1], entry.type_name in _TEXT)
        attribute = about[2] or ""
        if (ordinal, attribute) not in self._seen:
            self._seen.add((ordinal, attribute))
            self.found.append(Spotted(ordinal, attribute, entry.type_name, entry.message))


def spot(pieces: Iterable[bytes], compiled: etree.XMLSchema, at_most: int) -> list[Spotted]:
    """Return the first complaints, ``at_most`` so many, about the document that ``pieces`` make up."""
    spotter = Spotter(compiled, at_most)
    for piece in pieces:
        spotter.feed(piece)
        if spotter.full:
            break
    return spotter.found


def passes(pieces: Iterable[bytes], compiled: etree.XMLSchema) -> bool:
    """Whether a well-formed document is valid; stops at the first piece that is not."""
    parser = new_parser(schema=compiled, target=_Nothing())
    try:
        for piece in pieces:
            parser.feed(piece)
            if len(parser.feed_error_log):
                return False
        parser.close()
    except etree.XMLSyntaxError:
        return False
    return True


class _Nothing:
    """A parser target without events: libxml2 validates and builds nothing."""

    def close(self) -> None:
        """Return what parsing yields: nothing."""


class _Counting:
    """A parser target that knows which start tag it is at."""

    def __init__(self) -> None:
        self.count = 0
        self._open: list[tuple[int, str]] = []
        self._closed: tuple[int, str] | None = None

    def start(self, tag: str, attributes: object) -> None:
        self._open.append((self.count, tag))
        self._closed = None
        self.count += 1

    def end(self, tag: str) -> None:
        self._closed = self._open.pop()

    def close(self) -> None:
        """Return what parsing yields: nothing."""

    def ordinal_of(self, tag: str, is_text: bool) -> int:
        """Which of the elements that can be meant now is called ``tag``: the last one closed, or opened, or the
        one around it.
        """
        around = self._open[:-3:-1]
        closed = [self._closed] if self._closed else []
        candidates = [*around, *closed] if is_text else [*closed, *around]
        named = (ordinal for ordinal, name in candidates if name == tag)
        return next(named, candidates[0][0] if candidates else 0)


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
