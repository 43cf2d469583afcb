"""Cuts a document of any size into small ones, without a parser and without an error.

    …<Payload><m:MeterReadings>   <m:MeterReading>…</m:MeterReading> … …   </m:MeterReadings></Payload>…
    └─────────── head ────────┘   └────── chunk ─────┘ └── chunk ──┘ …     └────────── tail ──────────┘

Whether a cut is right need not be known: a chunk between the head and the end tags of all that is open there is
a document, which is parsed and validated like any other, and what is well-formed in pieces is well-formed as a
whole. Whatever is cut in the wrong place is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from lxml import etree

from cim_adapter.errors import Finding, OverBudget
from cim_adapter.schema.budget import forbid_declarations
from cim_adapter.schema.parser import new_parser
from cim_adapter.xmltree import namespace

_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_LONGEST_HEAD = 1024 * 1024
_SPECIAL = rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_TAG = rb"""<(/?)([^\s<>/!?"'=]++)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>"""
_TOKEN = re.compile(_SPECIAL + b"|" + _TAG, re.DOTALL)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """All of a document up to and with the start tag of the profile in it. ``data + closing`` is well-formed.

    ``name`` is the raw name of the profile's root, ``tag`` its Clark name, ``nsmap`` what is declared there.
    """

    data: bytes
    closing: bytes
    name: bytes
    tag: str
    unit: str
    nsmap: dict[str | None, str]

    @property
    def lines(self) -> int:
        """Line feeds in it."""
        return self.data.count(b"\n")

    @property
    def local(self) -> str:
        """The profile's name without namespace."""
        return self.tag[self.tag.rfind("}") + 1 :]

    @property
    def prefix(self) -> bytes:
        """With its colon; empty for the default namespace."""
        before, colon, _ = self.name.rpartition(b":")
        return before + colon

    def tags(self, name: str) -> tuple[bytes, bytes]:
        """Start and end tag of an element of the profile that stands alone, with all that is declared here."""
        element = etree.Element(f"{{{namespace_of(self.tag)}}}{name}", nsmap=self.nsmap)  # type: ignore[arg-type]
        element.text = ""
        start, _, end = etree.tostring(element).rpartition(b"</")
        return start, b"</" + end


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some of what is in the profile, cut behind a unit: the bytes of the document up to ``end``."""

    index: int
    data: bytes
    end: int


def is_special(data: bytes) -> bool:
    """Whether there may be comments, CDATA sections or processing instructions. (One rare byte is found, or not,
    ten times faster than two of which the first is everywhere.)
    """
    return (b"!" in data and b"<!" in data) or (b"?" in data and b"<?" in data)


def namespace_of(tag: str) -> str:
    return tag[1 : tag.rfind("}")]


class Cutter:
    """Takes a document in UTF-8, piece by piece. ``units`` says at which children a profile may be cut; a chunk
    has about ``size`` bytes, the first one holds the first unit alone. ``most`` bounds a unit, and the tail.
    """

    def __init__(self, units: Mapping[str, str], *, size: int, most: int) -> None:
        self._units = units
        self._size = size
        self._most = most
        self._held = b""
        self._searched = 0
        self._offset = 0
        self._index = 0
        self._skip_to: tuple[int, int] | None = None
        self._end: bytes | None = None
        self._ends: re.Pattern[bytes] | None = None
        self.head: Head | None = None
        self.unfit = False
        """The document is none that can be cut; all of it is to be read."""

    def resume(self, *, end: int, index: int) -> None:
        """Go on with chunk ``index`` behind ``end`` bytes of the document, once the first chunk was cut."""
        self._skip_to = (end, index)

    def feed(self, data: bytes) -> list[Chunk]:
        """The chunks that are whole. Raises ForbiddenMarkup and OverBudget, with lines from the last end."""
        self._held += data
        if self.head is None:
            self._find_head()
        if self.head is None:
            return []
        return self._cut(last=False)

    def close(self) -> tuple[list[Chunk], bytes]:
        """What is left when all was fed: chunks, and what stands behind the last unit. Raises as ``feed`` does."""
        return self._cut(last=True), self._held

    def give_up(self) -> bytes:
        """What is held, of which this lets go: the document is read in another way."""
        held, self._held = self._held, b""
        return held

    # ------------------------------------------------------------------------------------------ head

    def _find_head(self) -> None:
        at, stack = 0, list[bytes]()
        while not self.unfit:
            at = self._held.find(b"<", at)
            if at < 0:
                break
            token = _TOKEN.match(self._held, at)
            if token is None:
                break
            at = token.end()
            if token[2] is None:
                continue
            if token[1]:
                self.unfit = not stack or stack.pop() != token[2]
            elif not token[3].endswith(b"/"):
                stack.append(token[2])
                unit = self._units.get(_local(token[2]))
                if unit is not None and (len(stack) == 1 or _local(stack[-2]) == "Payload"):
                    self._open(at, stack, unit)
                    return
        self.unfit = self.unfit or len(self._held) > _LONGEST_HEAD

    def _open(self, end: int, stack: list[bytes], unit: str) -> None:
        data = self._held[:end]
        closing = b"".join(b"</" + name + b">" for name in reversed(stack))
        forbid_declarations(data)
        try:
            element = etree.fromstring(data + closing, new_parser())
        except etree.XMLSyntaxError:
            self.unfit = True
            return
        for _ in stack[1:]:
            element = element[-1]
        if not namespace(element) or not _is_plain(element):
            self.unfit = True
            return
        nsmap: dict[str | None, str] = dict(element.nsmap)
        name = stack[-1]
        self.head = Head(data=data, closing=closing, name=name, tag=element.tag, unit=unit, nsmap=nsmap)
        self._take(end)

    # ---------------------------------------------------------------------------------------- chunks

    def _cut(self, *, last: bool) -> list[Chunk]:
        chunks: list[Chunk] = []
        while self._skipped() and (len(self._held) >= self._size or last or self._index == 0):
            cut = self._last_end() if self._index else self._first_end()
            if not cut:
                if len(self._held) > self._most:
                    raise self._too_large()
                break
            chunks.append(Chunk(index=self._index, data=self._held[:cut], end=self._offset + cut))
            self._take(cut)
            self._index += 1
        return chunks

    def _skipped(self) -> bool:
        """Throw away what was taken before; whether all of that is gone."""
        if self._skip_to is None or self._index == 0:
            return True
        end, index = self._skip_to
        gone = min(len(self._held), end - self._offset)
        self._take(gone)
        if self._offset < end:
            return False
        self._skip_to, self._index = None, index
        return True

    def _first_end(self) -> int:
        """Where the first unit ends; 0 where it does not yet."""
        ends = self._unit_ends()
        return ends[0] if ends else 0

    def _last_end(self) -> int:
        """Where the last unit ends that is whole; 0 where none is."""
        end = self._end
        if end is not None and not is_special(self._held):
            at = self._held.rfind(end, max(self._searched - len(end), 0))
            self._searched = len(self._held)
            if at >= 0:
                return at + len(end)
        ends = self._unit_ends()
        return ends[-1] if ends else 0

    def _unit_ends(self) -> list[int]:
        """Where units end: exactly, whatever comments and CDATA sections hold."""
        pattern = self._pattern()
        if pattern is None:
            return []
        forbid_declarations(self._held)
        ends: list[int] = []
        for found in pattern.finditer(self._held):
            if found[1]:
                ends.append(found.end())
            elif found[2]:
                break  # it goes on in the next piece
        return ends

    def _pattern(self) -> re.Pattern[bytes] | None:
        """What ends a unit, by the name that the first one goes by."""
        if self._ends is None and self.head is not None:
            unit = re.escape(self.head.unit.encode())
            begins = re.compile(_SPECIAL + rb"|<((?:[^\s<>/!?:]+:)?" + unit + rb")[\s/>]", re.DOTALL)
            name = next((found[1] for found in begins.finditer(self._held) if found[1]), None)
            if name is not None:
                self._end = b"</" + name + b">"
                self._ends = re.compile(_SPECIAL + rb"|(</" + re.escape(name) + rb"\s*>)|(<!|<\?)", re.DOTALL)
        return self._ends

    def _take(self, count: int) -> None:
        self._held = self._held[count:]
        self._offset += count
        self._searched = 0

    def _too_large(self) -> OverBudget:
        unit = self.head.unit if self.head else ""
        finding = Finding(
            line=1,
            path="",
            found=f"a {unit} of more than {self._most:,} bytes",
            expected=f"at most {self._most:,} bytes (setting max_bytes)",
            advice=f"Divide it into several elements {unit}.",
        )
        return OverBudget(f"The body has {finding.found}; this adapter takes {finding.expected}.", [finding])


def _local(name: bytes) -> str:
    return name[name.rfind(b":") + 1 :].decode(errors="replace")


def _is_plain(element: etree._Element) -> bool:
    """Whether the profile itself has no attributes that could mean something to what is in it."""
    return all(str(name).startswith(_INSTANCE) for name in element.attrib)
