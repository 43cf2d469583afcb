"""Where the start tags of a document are: line, column, and the characters to mark.

The parser counts elements; this counts start tags in the bytes, and so the two meet. Bytes are UTF-8, well-formed,
and without DTD.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

_MARKUP = re.compile(
    rb"<(?:!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|/[^>]*>|(?P<start>[^!?/](?:[^\"'>]|\"[^\"]*\"|'[^']*')*+>)"
    rb"|(?P<cut>.*\Z))",
    re.DOTALL,
)
_NAME = re.compile(r"<[^\s/>]+")
#: Characters of a long line that are shown on either side of the mark.
_AROUND = 160


@dataclass(frozen=True, slots=True)
class Place:
    """A start tag: where it begins, what stands before it on its line, and it and what follows, to the next tag.

    ``tail`` is the rest of the line after that.
    """

    line: int
    column: int
    before: str
    tag: str
    text: str
    tail: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters of a document; ``at`` is where in ``source`` they begin. Names as in ``Remark``."""

    line: int
    column: int
    length: int
    source: str
    at: int


def locate(pieces: Iterable[bytes], wanted: Collection[int]) -> dict[int, Place]:
    """The places of the start tags with these ordinals, counted from 0 in document order.

    Only a part of the document is held at a time.
    """
    left = sorted(set(wanted), reverse=True)
    found: dict[int, Place] = {}
    line, head, ordinal = 1, "", 0
    for piece in _whole_markup(pieces):
        if not left:
            break
        starts = _plain_starts(piece)
        if starts is None or left[-1] < ordinal + starts:
            positions = [match for match in _MARKUP.finditer(piece) if match["start"]]
            while left and left[-1] < ordinal + len(positions):
                found[left[-1]] = _place(piece, positions[left[-1] - ordinal], line, head)
                left.pop()
            starts = len(positions)
        ordinal += starts
        newlines = piece.count(b"\n")
        line += newlines
        last = piece.rpartition(b"\n")[2].decode(errors="replace")
        head = last if newlines else head + last
    return found


def _whole_markup(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut where a tag, a comment or a section begins."""
    held = b""
    for piece in pieces:
        held += piece
        cut = held.rfind(b"<")
        if b"<!" in held or b"<?" in held:
            cut = _end_of_last(held)
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    yield held


def _end_of_last(held: bytes) -> int:
    """Where the last piece of markup begins: it, or the text behind it, may go on in the next bytes."""
    start = 0
    for match in _MARKUP.finditer(held):
        start = match.start()
    return start


def _plain_starts(piece: bytes) -> int | None:
    """The number of start tags, counted fast; None where comments and sections make that unsafe."""
    if b"<!" in piece or b"<?" in piece:
        return None
    return piece.count(b"<") - piece.count(b"</")


def _place(piece: bytes, match: re.Match[bytes], line: int, head: str) -> Place:
    before = piece[: match.start()]
    newlines = before.count(b"\n")
    own = before.rpartition(b"\n")[2].decode(errors="replace")
    start = own if newlines else head + own
    end = piece.find(b"<", match.end())
    text = piece[match.end() : end if end >= 0 else len(piece)].decode(errors="replace")
    rest = piece[end : end + 4 * _AROUND].decode(errors="replace") if end >= 0 else ""
    return Place(
        line=line + newlines,
        column=len(start) + 1,
        before=start[-_AROUND:],
        tag=match[0].decode(errors="replace"),
        text=text,
        tail="" if "\n" in text else rest.partition("\n")[0],
    )


def mark_tag(place: Place) -> Mark:
    """The name in the start tag, with its bracket."""
    name = _NAME.match(place.tag)
    return _mark(place, 0, len(name[0]) if name else 1)


def mark_attribute(place: Place, name: str) -> Mark:
    """The attribute of this local name, value and all; the tag where it cannot be seen."""
    found = re.search(rf"\s((?:[^\s\"'=:]+:)?{re.escape(name)}\s*=\s*(?:\"[^\"]*\"|'[^']*'))", place.tag)
    return _mark(place, found.start(1), found.end(1) - found.start(1)) if found else mark_tag(place)


def mark_text(place: Place) -> Mark:
    """The text right after the start tag, without the white space around it; the tag where there is none."""
    text = place.text.strip()
    if not text:
        return mark_tag(place)
    skipped = len(place.text) - len(place.text.lstrip())
    return _mark(place, len(place.tag) + skipped, len(text))


def _mark(place: Place, start: int, length: int) -> Mark:
    """``start`` counts from the bracket of the tag."""
    whole = place.tag + place.text
    before, marked = whole[:start], whole[start : start + length]
    newlines = before.count("\n")
    lead = before.rpartition("\n")[2] if newlines else place.before + before
    column = len(lead) + 1 if newlines else place.column + len(before)
    first = marked.partition("\n")[0]
    after = whole[start + len(first) :].partition("\n")
    source = lead[-_AROUND:] + first + (after[0] + ("" if after[1] else place.tail))[:_AROUND]
    return Mark(place.line + newlines, column, max(1, len(first)), source.rstrip("\r"), len(lead[-_AROUND:]))
