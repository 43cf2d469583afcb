"""What libxml2 says is wrong, tied back to the elements it is about."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class Fault:
    """One complaint: the element, the attribute (Clark name, empty for the element itself), kind, message.

    ``kind`` is libxml2's name for the violated rule, such as ``SCHEMAV_ELEMENT_CONTENT``.
    """

    element: etree._Element
    attribute: str
    kind: str
    message: str


def line_of(element: etree._Element) -> int:
    """Return the line on which the start tag of ``element`` ends, counted from 1; 0 if it was not parsed."""
    return int(getattr(element, "sourceline", None) or 0)
