"""Faults in the words of the engineer who must mend them: line, path, found, expected, advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from cim_adapter.errors import Finding
from cim_adapter.schema.faults import Fault, line_of
from cim_adapter.schema.model import Declaration, declaration
from cim_adapter.schema.proposal import Proposal
from cim_adapter.schema.wording import local_of, value_of, words_for

if TYPE_CHECKING:
    import xmlschema

#: More are not written: the first few show the pattern, and a reply stays small.
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Explained:
    """A fault in words. ``rule`` names the kind of mistake; ``value`` is the text that is refused, if it is one.

    ``missing`` is the Clark name of a child that is required and not there.
    """

    fault: Fault
    finding: Finding
    rule: str
    value: str = ""
    missing: str = ""
    proposal: Proposal | None = None


def explain(root: etree._Element, faults: Sequence[Fault], components: xmlschema.XMLSchema10) -> list[Finding]:
    """Return findings for the first ``MAX_FINDINGS`` of ``faults``, which are about ``root``'s tree."""
    return [explained(root, fault, components).finding for fault in islice(faults, MAX_FINDINGS)]


def explained(root: etree._Element, fault: Fault, components: xmlschema.XMLSchema10) -> Explained:
    """Return ``fault`` with the words for it."""
    element = fault.element
    words = words_for(root, fault, components)
    path = path_of(root, element, components)
    if fault.attribute:
        path += f"/@{local_of(fault.attribute)}"
    finding = Finding(
        line=line_of(element), path=path, found=words.found, expected=words.expected, advice=words.advice
    )
    value = value_of(fault) if words.rule == "value" else ""
    return Explained(fault, finding, words.rule, value, words.missing, words.proposal)


def path_of(root: etree._Element, element: etree._Element, components: xmlschema.XMLSchema10) -> str:
    """Return the path of ``element`` from ``root`` on, in local names; [n] where others could stand beside it."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None and node is not root:
        parent = node.getparent()
        content = None if parent is None else declaration(components, root, parent)
        steps.append(local_of(node.tag) + _position(node, content))
        node = parent
    return "/".join([local_of(root.tag), *reversed(steps)])


def _position(element: etree._Element, content: Declaration | None) -> str:
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    repeatable = any(
        child.name == element.tag and child.repeatable for child in (content.children if content else ())
    )
    if before or repeatable or next(element.itersiblings(element.tag), None) is not None:
        return f"[{before + 1}]"
    return ""
