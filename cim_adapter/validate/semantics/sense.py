"""One thing that an XSD cannot see."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from cim_adapter.validate.remark import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """What is wrong with the meaning of ``element``, or of its ``attribute``. Words as in ``Remark``."""

    element: etree._Element
    rule: str
    found: str
    expected: str
    why: str
    value: str = ""
    attribute: str = ""
    proposal: str = ""
    severity: Severity = Severity.ERROR
