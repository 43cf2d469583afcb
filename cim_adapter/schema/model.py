"""What an XSD says about one element of a document: its type, its children, its attributes.

lxml cannot be asked; xmlschema can. Its components are walked by names from the root down, so a look-up costs
the depth of the element and xmlschema never validates a sender's document: it is slow on hostile ones
(facts/field.md D2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    import xmlschema

_EXAMPLES = {
    "dateTime": "2026-11-23T00:15:00Z",
    "date": "2026-11-23",
    "time": "00:15:00Z",
    "duration": "PT15M",
    "boolean": "true",
    "integer": "15",
    "int": "15",
    "decimal": "1.50",
    "float": "1.50",
    "double": "1.50",
}


@dataclass(frozen=True, slots=True)
class Child:
    """A child that a content model names, in its order."""

    name: str
    local_name: str
    required: bool
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Values:
    """The values that a simple type takes: its name, its enumeration, an example, its patterns."""

    type_name: str
    enumeration: tuple[str, ...]
    example: str
    patterns: tuple[str, ...]


class Declaration:
    """The declaration of one element; a thin reading of xmlschema's component."""

    def __init__(self, component: Any) -> None:  # xmlschema's classes are too wide to name
        self._component = component

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return str(self._component.local_name)

    def child(self, name: str) -> Declaration | None:
        """Return the declaration of the child called ``name`` (Clark), if the content model has it."""
        for item in self._items():
            if item.name == name:
                return Declaration(item)
        return None

    @property
    def children(self) -> tuple[Child, ...]:
        """The children of the content model, in order; empty for simple and empty content."""
        return tuple(
            Child(
                name=item.name,
                local_name=item.local_name,
                required=item.min_occurs > 0,
                repeatable=item.max_occurs is None or item.max_occurs > 1,
            )
            for item in self._items()
        )

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the attributes, as written in a document."""
        found = getattr(self._component.type, "attributes", None) or {}
        return tuple(etree.QName(name).localname for name in found if name)

    def values(self, attribute: str = "") -> Values | None:
        """Return what the element, or its attribute, takes as text; None where it takes none."""
        if attribute:
            declared = (getattr(self._component.type, "attributes", None) or {}).get(attribute)
            return None if declared is None else _values(declared.type)
        simple = self._component.type
        if not simple.is_simple():
            simple = simple.content if simple.has_simple_content() else None
        return None if simple is None else _values(simple)

    def _items(self) -> list[Any]:
        content = getattr(self._component.type, "content", None)
        if content is None or not hasattr(content, "iter_elements"):
            return []
        return [item for item in content.iter_elements() if getattr(item, "local_name", None)]


def declaration(
    components: xmlschema.XMLSchema10, root: etree._Element, element: etree._Element
) -> Declaration | None:
    """Return the declaration of ``element`` under ``root``; None where the XSD has no such place."""
    names: list[str] = []
    node: etree._Element | None = element
    while node is not None and node is not root:
        names.append(node.tag)
        node = node.getparent()
    component = components.maps.elements.get(root.tag)
    found = None if component is None else Declaration(component)
    for name in reversed(names):
        found = None if found is None else found.child(name)
    return found


def _values(simple: Any) -> Values:
    primitive = getattr(simple, "primitive_type", None)
    base = simple if simple.prefixed_name and simple.prefixed_name.startswith("xs:") else simple.root_type
    name = str(base.prefixed_name or base.local_name or "a simple type")
    patterns = getattr(simple, "patterns", None)
    return Values(
        type_name=name,
        enumeration=tuple(str(value) for value in (simple.enumeration or ())),
        example=_EXAMPLES.get(name.partition(":")[2])
        or _EXAMPLES.get(str(getattr(primitive, "local_name", "")), ""),
        patterns=tuple(str(pattern) for pattern in getattr(patterns, "regexps", ()) or ()),
    )
