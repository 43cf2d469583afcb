"""Why a mistake is one, in a plain sentence."""

from __future__ import annotations

from cim_adapter.schema.explanation import Explained
from cim_adapter.xmltree import local

_SENTENCES = {
    "missing": "{name} is not whole without {missing}.",
    "missing before": "{within} needs {missing} before {name}.",
    "namespace": "A name belongs to its namespace: the same name in another one is another element.",
    "order": "The order of the elements is fixed, and {name} is out of it.",
    "twice": "{name} may stand in {within} once only.",
    "misspelt": "{within} has no element {name}, but one whose name is nearly the same.",
    "unknown": "{within} has no element {name} in this profile.",
    "soap": "An Envelope holds a Header or none, then one Body, and Body holds one message.",
    "root": "No document of this namespace begins with {name}.",
    "attribute": "{name} has no such attribute.",
    "missing attribute": "{name} is not whole without this attribute.",
}


def why(told: Explained) -> str:
    """One sentence about one mistake."""
    element = told.fault.element
    parent = element.getparent()
    names = {
        "name": local(element)[:80],
        "within": "the document" if parent is None else local(parent)[:80],
        "missing": told.missing.rpartition("}")[2] or told.finding.expected,
    }
    sentence = _SENTENCES.get(told.rule)
    if sentence is not None:
        return sentence.format_map(names)
    if told.rule == "content":
        return f"{names['name']} takes {_content(told.finding.expected)}."
    return _value(told, names["name"])


def _content(expected: str) -> str:
    if expected.startswith("an empty"):
        return "neither text nor elements"
    return "elements only, and no text between them" if expected.endswith("elements only") else "text only"


def _value(told: Explained, name: str) -> str:
    expected = told.finding.expected
    if told.value.strip() == "?":
        return "The question mark of a template was not filled in."
    if not told.value.strip():
        return f"{name} may be left out, but not left empty." if told.proposal else f"{name} needs a value."
    if expected.startswith("one of "):
        return "Only the words of the list are taken, letter by letter."
    if expected.startswith("xs:"):
        return f"This is not the form of {expected.partition(' ')[0]}."
    return "The XSD does not allow this value here."
