"""Faults in the words of the engineer who must mend them: line, path, found, expected, advice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from cim_adapter.errors import Finding
from cim_adapter.schema.faults import Fault, line_of
from cim_adapter.schema.model import Child, Declaration, declaration

if TYPE_CHECKING:
    import xmlschema

#: More are not written: the first few show the pattern, and a reply stays small.
MAX_FINDINGS = 20

_LONGEST_VALUE = 80
_MOST_NAMES = 14
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_NAMESPACE = re.compile(r"\{[^{}]*\}")
_Phrases = tuple[str, str, str]  # found, expected, advice


def explain(root: etree._Element, faults: Sequence[Fault], components: xmlschema.XMLSchema10) -> list[Finding]:
    """Return findings for the first ``MAX_FINDINGS`` of ``faults``, which are about ``root``'s tree."""
    return [_finding(root, fault, components) for fault in islice(faults, MAX_FINDINGS)]


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of ``names`` that was probably meant, letter case aside; empty if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower()[:200], list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def _finding(root: etree._Element, fault: Fault, components: xmlschema.XMLSchema10) -> Finding:
    element = fault.element
    declared = declaration(components, root, element)
    if fault.kind == "SCHEMAV_ELEMENT_CONTENT":
        parent = element.getparent()
        if "Missing child" in fault.message or parent is None:
            found, expected, advice = _incomplete(fault, declared)
        else:
            found, expected, advice = _unexpected(fault, parent, declaration(components, root, parent))
    elif fault.kind == "SCHEMAV_CVC_ELT_1":
        found, expected, advice = _wrong_root(element, components)
    elif fault.kind in ("SCHEMAV_CVC_COMPLEX_TYPE_3_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2"):
        found, expected, advice = _unknown_attribute(fault, declared)
    elif fault.kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        found, expected, advice = _missing_attribute(fault, element)
    elif fault.kind in _STRUCTURE:
        found, expected, advice = _misplaced_content(fault, declared)
    else:
        found, expected, advice = _bad_value(fault, declared)
    path = _path(root, element, components)
    if fault.attribute:
        path += f"/@{_local(fault.attribute)}"
    return Finding(line=line_of(element), path=path, found=found, expected=expected, advice=advice)


#: Text or elements where the type has none.
_STRUCTURE = frozenset({"SCHEMAV_CVC_COMPLEX_TYPE_2_1", "SCHEMAV_CVC_COMPLEX_TYPE_2_3", "SCHEMAV_CVC_TYPE_3_1_2"})


def _incomplete(fault: Fault, declared: Declaration | None) -> _Phrases:
    name = _local(fault.element.tag)
    allowed = _expected_names(fault.message)
    present = {child.tag for child in fault.element.iterchildren("*")}
    required = [
        child.local_name
        for child in (declared.children if declared else ())
        if child.required and child.name not in present and child.name in allowed
    ]
    missing = required or [_local(item) for item in allowed]
    advice = f"{required[0]} is required: add it to {name}." if required else ""
    return f"{name} without {_either(missing)}", _either(missing), advice


def _unexpected(fault: Fault, parent: etree._Element, content: Declaration | None) -> _Phrases:
    element, within = fault.element, _local(parent.tag)
    name = _local(element.tag)
    allowed = _expected_names(fault.message)
    expected = _either([_local(item) for item in allowed]) if allowed else f"the end of {within}"
    children = content.children if content else ()
    same = [child for child in children if child.local_name == name]
    if same and all(child.name != element.tag for child in same):
        return _wrong_namespace(element, same[0])
    if same:
        return name, expected, _order_advice(element, same[0], children)
    guess = nearest(name, [child.local_name for child in children])
    advice = f"{name} is not part of {within} in this profile"
    return name, expected, f"{advice}; nearest is '{guess}'." if guess else f"{advice}: remove it."


def _wrong_namespace(element: etree._Element, meant: Child) -> _Phrases:
    found, wanted = etree.QName(element).namespace, etree.QName(meant.name).namespace or ""
    told = f"Found namespace '{found}'" if found else "Found no namespace"
    prefix = f":{element.prefix}" if element.prefix else ""
    where = f"namespace '{found}'" if found else "no namespace"
    return (
        f"{meant.local_name} in {where}",
        f"{meant.local_name} in namespace '{wanted}'",
        f"{told}, expected '{wanted}'; write xmlns{prefix}=\"{wanted}\" on it or on an element around it.",
    )


def _order_advice(element: etree._Element, own: Child, children: Sequence[Child]) -> str:
    order = {child.name: at for at, child in enumerate(children)}
    place = order[own.name]
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag and not own.repeatable:
        return f"{own.local_name} may stand here once only: remove one."
    later = [
        item for item in islice(element.itersiblings(preceding=True), 1_000) if order.get(item.tag, -1) > place
    ]
    if later:
        return f"The order counts: move it before {_local(later[-1].tag)}."
    missing = [
        child.local_name for child in children[:place] if child.required and element.getparent() is not None
    ]
    if missing:
        return f"{missing[-1]} is required before it."
    return f"{own.local_name} may stand here once only: remove one."


def _wrong_root(element: etree._Element, components: xmlschema.XMLSchema10) -> _Phrases:
    name = _local(element.tag)
    roots = [_local(item) for item in components.elements]
    guess = nearest(name, roots)
    return name, _either(roots), f"The root is not part of the profile; nearest is '{guess}'." if guess else ""


def _unknown_attribute(fault: Fault, declared: Declaration | None) -> _Phrases:
    name, within = _local(fault.attribute), _local(fault.element.tag)
    known = declared.attributes if declared else ()
    guess = nearest(name, known)
    advice = f"{within} has no attribute {name}"
    return (
        f"attribute {name}",
        f"attribute {_either(known)}" if known else f"{within} without attributes",
        f"{advice}; nearest is '{guess}'." if guess else f"{advice}: remove it.",
    )


def _missing_attribute(fault: Fault, element: etree._Element) -> _Phrases:
    match = re.search(r"The attribute '([^']*)' is required", fault.message)
    name = _local(match[1]) if match else "a required one"
    return f"{_local(element.tag)} without attribute {name}", f"attribute {name}", f'Add {name}="…".'


def _misplaced_content(fault: Fault, declared: Declaration | None) -> _Phrases:
    element = fault.element
    name = _local(element.tag)
    first = next(element.iterchildren("*"), None)
    if fault.kind == "SCHEMAV_CVC_TYPE_3_1_2" and first is not None:
        return f"element {_local(first.tag)} inside {name}", f"{name} with text only", "Remove the element."
    texts = [element.text or "", *(child.tail or "" for child in islice(element.iterchildren("*"), 1_000))]
    text = next((item for item in texts if item.strip()), "")
    found = f"text {quoted(text)}" if text else "content"
    if declared and declared.children:
        return found, f"{name} with child elements only", "Remove the text."
    if declared and "ref" in declared.attributes:
        return found, f"an empty {name}", f'Write the code in its attribute: <{name} ref="…"/>.'
    return found, f"an empty {name}", "Remove the text."


def _bad_value(fault: Fault, declared: Declaration | None) -> _Phrases:
    element = fault.element
    value = (element.get(fault.attribute) if fault.attribute else element.text) or ""
    found = quoted(value) if value else "an empty value"
    takes = declared.values(fault.attribute) if declared else None
    if takes is None or not (fault.kind.endswith("_VALID") or "DATATYPE" in fault.kind):
        return found, "what the XSD allows here", _plain(fault.message)
    if takes.enumeration:
        guess = nearest(value, takes.enumeration)
        return found, _either(takes.enumeration), f"Did you mean '{guess}'?" if guess else ""
    if takes.patterns:
        return found, f"{takes.type_name} matching {_either(takes.patterns)}", ""
    return found, takes.type_name, f"For example {takes.example}." if takes.example else ""


def quoted(value: str) -> str:
    """Return ``value`` in quotes, on one line, cut to 80 characters."""
    cut = value[: _LONGEST_VALUE + 1]
    shown = "".join(character if character.isprintable() else " " for character in cut[:_LONGEST_VALUE])
    return f"'{shown}…'" if len(cut) > _LONGEST_VALUE else f"'{shown}'"


def _path(root: etree._Element, element: etree._Element, components: xmlschema.XMLSchema10) -> str:
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
