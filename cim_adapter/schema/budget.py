"""What a body may cost, decided on its raw bytes before any parser sees them.

libxml2 bounds depth, the size of one text and entity expansion. It does not bound attributes, siblings or
namespace declarations, and those cost memory out of proportion to their bytes (facts/field.md D2). Every
check here is one pass in C over the bytes; counts are upper bounds, so text may be counted as markup but
markup never escapes the count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import NoReturn

from cim_adapter.errors import Finding, ForbiddenMarkup, OverBudget
from cim_adapter.schema.encoding import as_utf8

#: Elements inside elements. libxml2's own limit, enforced while parsing; not a setting.
MAX_DEPTH = 256

#: Bytes of one text, attribute value or comment. libxml2's own limit, enforced while parsing; not a setting.
MAX_TEXT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that one message body may hold. All limits are inclusive."""

    #: Bytes as received, inflated if they came compressed. A transport stops reading one byte after this.
    max_bytes: int = 32 * 1024 * 1024

    #: Start tags, comments, CDATA sections and processing instructions together; 10,000 readings need 60,000.
    max_elements: int = 500_000

    #: Attributes in the whole body, namespace declarations included; counted as ``=`` before a quote.
    max_attributes: int = 150_000

    #: Attributes of one element, namespace declarations included; the profiles use five at most.
    max_attributes_per_element: int = 256

    #: Namespace declarations in the whole body; counted as ``xmlns`` anywhere.
    max_namespace_declarations: int = 10_000

    def after(self, data: bytes) -> Budget:
        """What is left for a document that came inside ``data``, which was within this budget."""
        data = as_utf8(data)
        return replace(
            self,
            max_bytes=self.max_bytes - len(data),
            max_elements=self.max_elements - data.count(b"<") + data.count(b"</"),
            max_attributes=self.max_attributes - data.count(b"="),
            max_namespace_declarations=self.max_namespace_declarations - data.count(b"xmlns"),
        )


def spend(data: bytes, budget: Budget) -> bytes:
    """Return the body as UTF-8 without byte order mark, or refuse it.

    Raises ``OverBudget``, ``ForbiddenMarkup`` (a DOCTYPE or ENTITY declaration, wherever it stands: also in
    a comment or CDATA section) or ``Unreadable`` (an encoding other than UTF-8, UTF-16 and US-ASCII; NULs).
    """
    if len(data) > budget.max_bytes:
        _refuse(f"{len(data):,} bytes", f"at most {budget.max_bytes:,} bytes", "Send it in several messages.")
    data = as_utf8(data)
    forbid_declarations(data)
    _count_elements(data, budget.max_elements)
    _count_attributes(data, budget)
    return data


def forbid_declarations(data: bytes) -> None:
    """Raise ``ForbiddenMarkup`` where a DOCTYPE or ENTITY declaration stands; its line counts in ``data``."""
    if b"!" not in data:  # the usual body; one rare byte is found, or not, ten times faster than nine
        return
    for mark in (b"<!DOCTYPE", b"<!ENTITY"):
        at = data.find(mark)
        if at >= 0:
            name = mark.decode()
            finding = Finding(
                line=_line(data, at),
                path="",
                found=f"{name} …",
                expected="a document without DOCTYPE and without entity declarations",
                advice="Remove it; write the characters themselves in place of entities.",
            )
            raise ForbiddenMarkup(f"The body carries {name}, which is refused for safety.", [finding])


def _count_elements(data: bytes, limit: int) -> None:
    count = data.count(b"<")
    if count > limit:  # end tags are only worth a second scan when they could matter
        count -= data.count(b"</")
    if count > limit:
        _refuse(f"{count:,} elements", f"at most {limit:,} elements", "Send it in several messages.")


def _count_attributes(data: bytes, budget: Budget) -> None:
    count = data.count(b"=")
    if count > budget.max_namespace_declarations:
        declarations = data.count(b"xmlns")
        if declarations > budget.max_namespace_declarations:
            _refuse(
                f"{declarations:,} namespace declarations",
                f"at most {budget.max_namespace_declarations:,}",
                "Declare each namespace once, on the outermost element.",
            )
    if count > budget.max_attributes_per_element:
        forbid_crowded_tags(data, budget.max_attributes_per_element)
    if count > budget.max_attributes:
        quoted = re.finditer(rb"=[ \t\r\n]*+[\"']", data)
        if next(islice(quoted, budget.max_attributes, None), None) is not None:
            _refuse(
                f"more than {budget.max_attributes:,} attributes",
                f"at most {budget.max_attributes:,}",
                "Send fewer.",
            )


def forbid_crowded_tags(data: bytes, limit: int) -> None:
    """Raise ``OverBudget`` where a tag has more than ``limit`` attributes.

    Leap from ``<`` to ``<``: a well-formed tag holds no other, and a crowded one is long.

    An attribute takes four bytes at least (``a=""``), so only where no ``<`` follows for so long is the
    pattern tried. 2 MB of readings cost a few hundred microseconds.
    """
    crowded = _crowded_tag(limit)
    shortest = 4 * (limit + 1)
    at = data.find(b"<")
    while at >= 0:
        following = data.rfind(b"<", at + 1, at + 1 + shortest)
        if following >= 0:
            at = following
            continue
        match = crowded.match(data, at)
        if match:
            _refuse(
                f"more than {limit:,} attributes on {match[1][:80].decode(errors='replace')}",
                f"at most {limit:,} attributes on one element",
                "No profile has elements like that.",
                line=_line(data, at),
            )
        at = data.find(b"<", at + 1)


def _crowded_tag(limit: int) -> re.Pattern[bytes]:
    """Match a start tag with more than ``limit`` attributes; ``re`` keeps the compiled pattern.

    Linear on any input: no part of the pattern can cross the next ``<`` and possessive repeats never give
    back. ``>`` is legal inside a value.
    """
    attribute = rb"""[^<>"'=]*+=[ \t\r\n]*+(?:"[^"<]*+"|'[^'<]*+')"""
    return re.compile(rb"""<([^ \t\r\n<>/!?"'=]++)(?:%b){%d}""" % (attribute, limit + 1))


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _refuse(found: str, expected: str, advice: str, line: int = 0) -> NoReturn:
    finding = Finding(line=line, path="", found=found, expected=expected, advice=advice)
    raise OverBudget(f"The body has {found}; this adapter takes {expected}.", [finding])
