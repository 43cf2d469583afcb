"""Faults in the words of the engineer who must mend them: line, path, found, expected, advice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from cim_adapter.errors import Finding
from cim_adapter.schema.faults import Fault, line_of
from cim_adapter.schema.model import Child, Declaration, declaration
from cim_adapter.schema.proposal import (
    IntoReference,
    MoveBefore,
    MoveBehind,
    Proposal,
    Remove,
    RemoveAttribute,
    Rename,
    RenameAttribute,
    Requalify,
    Strip,
    Write,
)
from cim_adapter.schema.values import meant as meant_value
from cim_adapter.schema.values import nearest

if TYPE_CHECKING:
    import xmlschema

#: More are not written: the first few show the pattern, and a reply stays small.
MAX_FINDINGS = 20

_LONGEST_VALUE = 80  # characters that are shown
_LONGEST_KEPT = 10_000
_ALIKE = 0.8
_MOST_NAMES = 14
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_NAMESPACE = re.compile(r"\{[^{}]*\}")


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


class _Words(NamedTuple):
    found: str
    expected: str
    advice: str
    rule: str
    proposal: Proposal | None = None
    missing: str = ""


def explain(root: etree._Element, faults: Sequence[Fault], components: xmlschema.XMLSchema10) -> list[Finding]:
    """Return findings for the first ``MAX_FINDINGS`` of ``faults``, which are about ``root``'s tree."""
    return [explained(root, fault, components).finding for fault in islice(faults, MAX_FINDINGS)]


def explained(root: etree._Element, fault: Fault, components: xmlschema.XMLSchema10) -> Explained:
    """Return ``fault`` with the words for it."""
    element = fault.element
    words = _words(root, fault, components)
    path = path_of(root, element, components)
    if fault.attribute:
        path += f"/@{_local(fault.attribute)}"
    finding = Finding(
        line=line_of(element), path=path, found=words.found, expected=words.expected, advice=words.advice
    )
    value = _value(fault) if words.rule == "value" else ""
    return Explained(fault, finding, words.rule, value, words.missing, words.proposal)


def _words(root: etree._Element, fault: Fault, components: xmlschema.XMLSchema10) -> _Words:
    element = fault.element
    declared = declaration(components, root, element)
    if fault.kind == "SCHEMAV_ELEMENT_CONTENT":
        parent = element.getparent()
        if "Missing child" in fault.message or parent is None:
            return _incomplete(fault, declared)
        return _unexpected(fault, parent, declaration(components, root, parent))
    if fault.kind == "SCHEMAV_CVC_ELT_1":
        return _wrong_root(element, components)
    if fault.kind in ("SCHEMAV_CVC_COMPLEX_TYPE_3_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2"):
        return _unknown_attribute(fault, declared)
    if fault.kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        return _missing_attribute(fault, element)
    if fault.kind in _STRUCTURE:
        return _misplaced_content(fault, declared)
    return _bad_value(root, fault, declared, components)


#: Text or elements where the type has none.
_STRUCTURE = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_TYPE_3_1_2"})


def _incomplete(fault: Fault, declared: Declaration | None) -> _Words:
    name = _local(fault.element.tag)
    allowed = _expected_names(fault.message)
    present = {child.tag for child in fault.element.iterchildren("*")}
    required = [
        child
        for child in (declared.children if declared else ())
        if child.required and child.name not in present and child.name in allowed
    ]
    missing = [child.local_name for child in required] or [_local(item) for item in allowed]
    advice = f"{missing[0]} is required: add it to {name}." if required else ""
    which = required[0].name if required else ""
    return _Words(f"{name} without {_either(missing)}", _either(missing), advice, "missing", missing=which)


def _unexpected(fault: Fault, parent: etree._Element, content: Declaration | None) -> _Words:
    element, within = fault.element, _local(parent.tag)
    name = _local(element.tag)
    allowed = _expected_names(fault.message)
    expected = _either([_local(item) for item in allowed]) if allowed else f"the end of {within}"
    children = content.children if content else ()
    same = [child for child in children if child.local_name == name]
    if same and all(child.name != element.tag for child in same):
        return _wrong_namespace(element, same[0])
    if same:
        return _misplaced(element, same[0], children, expected)
    guess = nearest(name, [child.local_name for child in children])
    advice = f"{name} is not part of {within} in this profile"
    if not guess:
        return _Words(name, expected, f"{advice}: remove it.", "unknown", Remove(element))
    tag = next(child.name for child in children if child.local_name == guess)
    advice = f"{advice}; nearest is '{guess}'."
    if content is None or not _could_be(element, content.child(tag)):
        return _Words(name, expected, advice, "unknown", Remove(element))
    return _Words(name, expected, advice, "misspelt", Rename(element, tag))


def _could_be(element: etree._Element, other: Declaration | None) -> bool:
    """Whether an element of the other name could hold what this one holds."""
    if other is None:
        return False
    inside = {_local(child.tag) for child in element.iterchildren("*")}
    if inside:
        return not inside.isdisjoint(child.local_name for child in other.children)
    if (element.text or "").strip():
        return other.values() is not None
    return SequenceMatcher(None, _local(element.tag).lower(), other.local_name.lower()).ratio() >= _ALIKE


def _wrong_namespace(element: etree._Element, meant: Child) -> _Words:
    found, wanted = etree.QName(element).namespace, etree.QName(meant.name).namespace or ""
    told = f"Found namespace '{found}'" if found else "Found no namespace"
    prefix = f":{element.prefix}" if element.prefix else ""
    where = f"namespace '{found}'" if found else "no namespace"
    return _Words(
        f"{meant.local_name} in {where}",
        f"{meant.local_name} in namespace '{wanted}'",
        f"{told}, expected '{wanted}'; write xmlns{prefix}=\"{wanted}\" on it or on an element around it.",
        "namespace",
        Requalify(element, wanted),
    )


def _misplaced(element: etree._Element, own: Child, children: Sequence[Child], expected: str) -> _Words:
    """What the content model has, but not here."""
    name = own.local_name
    order = {child.name: at for at, child in enumerate(children)}
    place = order[own.name]
    previous = element.getprevious()
    once = f"{name} may stand here once only: remove one."
    if previous is not None and previous.tag == element.tag and not own.repeatable:
        return _Words(name, expected, once, "twice", _remove_repetition(element, previous))
    later = [
        item for item in islice(element.itersiblings(preceding=True), 1_000) if order.get(item.tag, -1) > place
    ]
    if later:
        advice = f"The order counts: move it before {_local(later[-1].tag)}."
        return _Words(name, expected, advice, "order", MoveBefore(element, later[-1]))
    missing = [child for child in children[:place] if child.required and element.getparent() is not None]
    if missing:
        before = missing[-1]
        advice = f"{before.local_name} is required before it."
        earlier = [item for item in islice(element.itersiblings(), 1_000) if order.get(item.tag, place) < place]
        if any(item.tag == before.name for item in earlier):
            return _Words(name, expected, advice, "order", MoveBehind(element, earlier[-1]))
        return _Words(name, expected, advice, "missing before", missing=before.name)
    return _Words(name, expected, once, "twice")


def _remove_repetition(element: etree._Element, previous: etree._Element) -> Remove | None:
    """Only what says the same again can be taken away without asking."""
    same = etree.tostring(element, with_tail=False) == etree.tostring(previous, with_tail=False)
    return Remove(element) if same else None


def _wrong_root(element: etree._Element, components: xmlschema.XMLSchema10) -> _Words:
    name = _local(element.tag)
    roots = [_local(item) for item in components.elements]
    guess = nearest(name, roots)
    if not guess:
        return _Words(name, _either(roots), "", "root")
    tag = next(item for item in components.elements if _local(item) == guess)
    advice = f"The root is not part of the profile; nearest is '{guess}'."
    return _Words(name, _either(roots), advice, "root", Rename(element, tag))


def _unknown_attribute(fault: Fault, declared: Declaration | None) -> _Words:
    name, within = _local(fault.attribute), _local(fault.element.tag)
    known = declared.attributes if declared else ()
    guess = nearest(name, known)
    advice = f"{within} has no attribute {name}"
    proposal: Proposal = RemoveAttribute(fault.element, fault.attribute)
    if guess and fault.element.get(guess) is None:
        proposal = RenameAttribute(fault.element, fault.attribute, guess)
    return _Words(
        f"attribute {name}",
        f"attribute {_either(known)}" if known else f"{within} without attributes",
        f"{advice}; nearest is '{guess}'." if guess else f"{advice}: remove it.",
        "attribute",
        proposal,
    )


def _missing_attribute(fault: Fault, element: etree._Element) -> _Words:
    match = re.search(r"The attribute '([^']*)' is required", fault.message)
    name = _local(match[1]) if match else "a required one"
    found = f"{_local(element.tag)} without attribute {name}"
    return _Words(found, f"attribute {name}", f'Add {name}="…".', "missing attribute")


def _misplaced_content(fault: Fault, declared: Declaration | None) -> _Words:
    element = fault.element
    name = _local(element.tag)
    first = next(element.iterchildren("*"), None)
    if fault.kind == "SCHEMAV_CVC_TYPE_3_1_2" and first is not None:
        found = f"element {_local(first.tag)} inside {name}"
        strip = Strip(element, "elements")
        return _Words(found, f"{name} with text only", "Remove the element.", "content", strip)
    texts = [element.text or "", *(child.tail or "" for child in islice(element.iterchildren("*"), 1_000))]
    text = next((item for item in texts if item.strip()), "")
    found = f"text {quoted(text)}" if text else "content"
    if declared and declared.children:
        return _Words(
            found, f"{name} with child elements only", "Remove the text.", "content", Strip(element, "text")
        )
    if declared and "ref" in declared.attributes and not element.get("ref") and not len(element):
        advice = f'Write the code in its attribute: <{name} ref="…"/>.'
        return _Words(found, f"an empty {name}", advice, "content", IntoReference(element))
    return _Words(found, f"an empty {name}", "Remove the text.", "content", Strip(element, "text"))


def _bad_value(
    root: etree._Element, fault: Fault, declared: Declaration | None, components: xmlschema.XMLSchema10
) -> _Words:
    element, value = fault.element, _value(fault)
    found = quoted(value) if value else "an empty value"
    takes = declared.values(fault.attribute) if declared else None
    if takes is None or not (fault.kind.endswith("_VALID") or "DATATYPE" in fault.kind):
        return _Words(found, "what the XSD allows here", _plain(fault.message), "value")
    guess = meant_value(value, takes)
    proposal: Proposal | None = Write(element, guess, fault.attribute) if guess else None
    if not value.strip() and not fault.attribute and _is_optional(root, element, components):
        proposal = Remove(element)
    if takes.enumeration:
        advice = f"Did you mean '{guess}'?" if guess else ""
        return _Words(found, _either(takes.enumeration), advice, "value", proposal)
    if takes.patterns:
        return _Words(found, f"{takes.type_name} matching {_either(takes.patterns)}", "", "value", proposal)
    advice = f"For example {takes.example}." if takes.example else ""
    return _Words(found, takes.type_name, advice, "value", proposal)


def _value(fault: Fault) -> str:
    """The text that is refused, as far as anybody wants to see it: one of megabytes is not kept."""
    value = fault.element.get(fault.attribute) if fault.attribute else fault.element.text
    return (value or "")[:_LONGEST_KEPT]


def _is_optional(root: etree._Element, element: etree._Element, components: xmlschema.XMLSchema10) -> bool:
    parent = element.getparent()
    content = None if parent is None or element is root else declaration(components, root, parent)
    return any(child.name == element.tag and not child.required for child in (content.children if content else ()))


def quoted(value: str) -> str:
    """Return ``value`` in quotes, on one line, cut to 80 characters."""
    cut = value[: _LONGEST_VALUE + 1]
    shown = "".join(character if character.isprintable() else " " for character in cut[:_LONGEST_VALUE])
    return f"'{shown}…'" if len(cut) > _LONGEST_VALUE else f"'{shown}'"


def path_of(root: etree._Element, element: etree._Element, components: xmlschema.XMLSchema10) -> str:
    """Return the path of ``element`` from ``root`` on, in local names; [n] where others could stand beside it."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None and node is not root:
        parent = node.getparent()
        content = None if parent is None else declaration(components, root, parent)
        steps.append(_local(node.tag) + _position(node, content))
        node = parent
    return "/".join([_local(root.tag), *reversed(steps)])


def _position(element: etree._Element, content: Declaration | None) -> str:
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    repeatable = any(
        child.name == element.tag and child.repeatable for child in (content.children if content else ())
    )
    if before or repeatable or next(element.itersiblings(element.tag), None) is not None:
        return f"[{before + 1}]"
    return ""


def _expected_names(message: str) -> list[str]:
    """Return the Clark names that libxml2 lists, without the wildcards among them."""
    match = _EXPECTED.search(message)
    return [name for name in match[1].split(", ") if not name.startswith("##")] if match else []


def _either(names: Sequence[str]) -> str:
    shown = [*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])]
    return shown[0] if len(shown) == 1 else "one of " + ", ".join(shown)


def _local(name: str) -> str:
    return etree.QName(name).localname[:_LONGEST_VALUE]


def _plain(message: str) -> str:
    text = _NAMESPACE.sub("", message).strip()
    return text if len(text) <= 200 else text[:200] + "…"
