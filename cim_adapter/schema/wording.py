"""What to say about each kind of fault: found, expected, advice, and the change that would mend it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from cim_adapter.schema.faults import Fault
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

_LONGEST_VALUE = 80  # characters that are shown
_LONGEST_KEPT = 10_000
_ALIKE = 0.8
_MOST_NAMES = 14
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_NAMESPACE = re.compile(r"\{[^{}]*\}")


class Words(NamedTuple):
    """``rule`` names the kind of mistake; ``missing`` is the Clark name of a child that is required."""

    found: str
    expected: str
    advice: str
    rule: str
    proposal: Proposal | None = None
    missing: str = ""


def words_for(root: etree._Element, fault: Fault, components: xmlschema.XMLSchema10) -> Words:
    """Return the words for ``fault``, which is about ``root``'s tree."""
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


def _incomplete(fault: Fault, declared: Declaration | None) -> Words:
    name = local_of(fault.element.tag)
    allowed = _expected_names(fault.message)
    present = {child.tag for child in fault.element.iterchildren("*")}
    required = [
        child
        for child in (declared.children if declared else ())
        if child.required and child.name not in present and child.name in allowed
    ]
    missing = [child.local_name for child in required] or [local_of(item) for item in allowed]
    advice = f"{missing[0]} is required: add it to {name}." if required else ""
    which = required[0].name if required else ""
    return Words(f"{name} without {_either(missing)}", _either(missing), advice, "missing", missing=which)


def _unexpected(fault: Fault, parent: etree._Element, content: Declaration | None) -> Words:
    element, within = fault.element, local_of(parent.tag)
    name = local_of(element.tag)
    allowed = _expected_names(fault.message)
    expected = _either([local_of(item) for item in allowed]) if allowed else f"the end of {within}"
    children = content.children if content else ()
    same = [child for child in children if child.local_name == name]
    if same and all(child.name != element.tag for child in same):
        return _wrong_namespace(element, same[0])
    if same:
        return _misplaced(element, same[0], children, expected)
    guess = nearest(name, [child.local_name for child in children])
    advice = f"{name} is not part of {within} in this profile"
    if not guess:
        return Words(name, expected, f"{advice}: remove it.", "unknown", Remove(element))
    tag = next(child.name for child in children if child.local_name == guess)
    advice = f"{advice}; nearest is '{guess}'."
    if content is None or not _could_be(element, content.child(tag)):
        return Words(name, expected, advice, "unknown", Remove(element))
    return Words(name, expected, advice, "misspelt", Rename(element, tag))


def _could_be(element: etree._Element, other: Declaration | None) -> bool:
    """Whether an element of the other name could hold what this one holds."""
    if other is None:
        return False
    inside = {local_of(child.tag) for child in element.iterchildren("*")}
    if inside:
        return not inside.isdisjoint(child.local_name for child in other.children)
    if (element.text or "").strip():
        return other.values() is not None
    return SequenceMatcher(None, local_of(element.tag).lower(), other.local_name.lower()).ratio() >= _ALIKE


def _wrong_namespace(element: etree._Element, meant: Child) -> Words:
    found, wanted = etree.QName(element).namespace, etree.QName(meant.name).namespace or ""
    told = f"Found namespace '{found}'" if found else "Found no namespace"
    prefix = f":{element.prefix}" if element.prefix else ""
    where = f"namespace '{found}'" if found else "no namespace"
    return Words(
        f"{meant.local_name} in {where}",
        f"{meant.local_name} in namespace '{wanted}'",
        f"{told}, expected '{wanted}'; write xmlns{prefix}=\"{wanted}\" on it or on an element around it.",
        "namespace",
        Requalify(element, wanted),
    )


def _misplaced(element: etree._Element, own: Child, children: Sequence[Child], expected: str) -> Words:
    """What the content model has, but not here."""
    name = own.local_name
    order = {child.name: at for at, child in enumerate(children)}
    place = order[own.name]
    previous = element.getprevious()
    once = f"{name} may stand here once only: remove one."
    if previous is not None and previous.tag == element.tag and not own.repeatable:
        return Words(name, expected, once, "twice", _remove_repetition(element, previous))
    later = [
        item for item in islice(element.itersiblings(preceding=True), 1_000) if order.get(item.tag, -1) > place
    ]
    if later:
        advice = f"The order counts: move it before {local_of(later[-1].tag)}."
        return Words(name, expected, advice, "order", MoveBefore(element, later[-1]))
    missing = [child for child in children[:place] if child.required and element.getparent() is not None]
    if missing:
        before = missing[-1]
        advice = f"{before.local_name} is required before it."
        earlier = [item for item in islice(element.itersiblings(), 1_000) if order.get(item.tag, place) < place]
        if any(item.tag == before.name for item in earlier):
            return Words(name, expected, advice, "order", MoveBehind(element, earlier[-1]))
        return Words(name, expected, advice, "missing before", missing=before.name)
    return Words(name, expected, once, "twice")


def _remove_repetition(element: etree._Element, previous: etree._Element) -> Remove | None:
    """Only what says the same again can be taken away without asking."""
    same = etree.tostring(element, with_tail=False) == etree.tostring(previous, with_tail=False)
    return Remove(element) if same else None


def _wrong_root(element: etree._Element, components: xmlschema.XMLSchema10) -> Words:
    name = local_of(element.tag)
    roots = [local_of(item) for item in components.elements]
    guess = nearest(name, roots)
    if not guess:
        return Words(name, _either(roots), "", "root")
    tag = next(item for item in components.elements if local_of(item) == guess)
    advice = f"The root is not part of the profile; nearest is '{guess}'."
    return Words(name, _either(roots), advice, "root", Rename(element, tag))


def _unknown_attribute(fault: Fault, declared: Declaration | None) -> Words:
    name, within = local_of(fault.attribute), local_of(fault.element.tag)
    known = declared.attributes if declared else ()
    guess = nearest(name, known)
    advice = f"{within} has no attribute {name}"
    proposal: Proposal = RemoveAttribute(fault.element, fault.attribute)
    if guess and fault.element.get(guess) is None:
        proposal = RenameAttribute(fault.element, fault.attribute, guess)
    return Words(
        f"attribute {name}",
        f"attribute {_either(known)}" if known else f"{within} without attributes",
        f"{advice}; nearest is '{guess}'." if guess else f"{advice}: remove it.",
        "attribute",
        proposal,
    )


def _missing_attribute(fault: Fault, element: etree._Element) -> Words:
    match = re.search(r"The attribute '([^']*)' is required", fault.message)
    name = local_of(match[1]) if match else "a required one"
    found = f"{local_of(element.tag)} without attribute {name}"
    return Words(found, f"attribute {name}", f'Add {name}="…".', "missing attribute")


def _misplaced_content(fault: Fault, declared: Declaration | None) -> Words:
    element = fault.element
    name = local_of(element.tag)
    first = next(element.iterchildren("*"), None)
    if fault.kind == "SCHEMAV_CVC_TYPE_3_1_2" and first is not None:
        found = f"element {local_of(first.tag)} inside {name}"
        strip = Strip(element, "elements")
        return Words(found, f"{name} with text only", "Remove the element.", "content", strip)
    texts = [element.text or "", *(child.tail or "" for child in islice(element.iterchildren("*"), 1_000))]
    text = next((item for item in texts if item.strip()), "")
    found = f"text {quoted(text)}" if text else "content"
    if declared and declared.children:
        return Words(
            found, f"{name} with child elements only", "Remove the text.", "content", Strip(element, "text")
        )
    if declared and "ref" in declared.attributes and not element.get("ref") and not len(element):
        advice = f'Write the code in its attribute: <{name} ref="…"/>.'
        return Words(found, f"an empty {name}", advice, "content", IntoReference(element))
    return Words(found, f"an empty {name}", "Remove the text.", "content", Strip(element, "text"))


def _bad_value(
    root: etree._Element, fault: Fault, declared: Declaration | None, components: xmlschema.XMLSchema10
) -> Words:
    element, value = fault.element, value_of(fault)
    found = quoted(value) if value else "an empty value"
    takes = declared.values(fault.attribute) if declared else None
    if takes is None or not (fault.kind.endswith("_VALID") or "DATATYPE" in fault.kind):
        return Words(found, "what the XSD allows here", _plain(fault.message), "value")
    guess = meant_value(value, takes)
    proposal: Proposal | None = Write(element, guess, fault.attribute) if guess else None
    if not value.strip() and not fault.attribute and _is_optional(root, element, components):
        proposal = Remove(element)
    if takes.enumeration:
        advice = f"Did you mean '{guess}'?" if guess else ""
        return Words(found, _either(takes.enumeration), advice, "value", proposal)
    if takes.patterns:
        return Words(found, f"{takes.type_name} matching {_either(takes.patterns)}", "", "value", proposal)
    advice = f"For example {takes.example}." if takes.example else ""
    return Words(found, takes.type_name, advice, "value", proposal)


def value_of(fault: Fault) -> str:
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


def _expected_names(message: str) -> list[str]:
    """Return the Clark names that libxml2 lists, without the wildcards among them."""
    match = _EXPECTED.search(message)
    return [name for name in match[1].split(", ") if not name.startswith("##")] if match else []


def _either(names: Sequence[str]) -> str:
    shown = [*names[:_MOST_NAMES], *(["…"] if len(names) > _MOST_NAMES else [])]
    return shown[0] if len(shown) == 1 else "one of " + ", ".join(shown)


def local_of(name: str) -> str:
    """Return the local part of a Clark name, cut to 80 characters: names are the sender's."""
    return etree.QName(name).localname[:_LONGEST_VALUE]


def _plain(message: str) -> str:
    text = _NAMESPACE.sub("", message).strip()
    return text if len(text) <= 200 else text[:200] + "…"
