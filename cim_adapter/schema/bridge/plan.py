"""What the bridge knows of an XSD: for each type its attributes, its children in order, and its text.

The same plan serves both directions and the JSON Schemas, so that they cannot disagree. ``component`` is
xmlschema's own object, for what only the JSON Schemas ask: names, annotations, enumerations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

#: Members that no XML name can clash with, for a dollar sign stands in none.
VALUE = "$value"
CONTENT = "$content"
NAMESPACE = "$namespace"

#: What XML calls white space; Unicode knows more.
WHITE = " \t\r\n"

XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_NIL = f"{{{XSI}}}nil"
XSI_TYPE = f"{{{XSI}}}type"


def split(tag: str) -> tuple[str, str]:
    """Namespace and local name of a Clark name."""
    namespace, _, name = tag.rpartition("}")
    return namespace[1:], name


class Kind(Enum):
    """How the text of a simple type is written in JSON."""

    TEXT = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    QNAME = "QName"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A simple type."""

    kind: Kind
    component: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute that a type declares. ``name`` is a Clark name, ``member`` what JSON calls it."""

    name: str
    member: str
    simple: Simple
    required: bool
    component: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcard:
    """A place for elements that the XSD does not name."""

    at: int
    allows: Callable[[str], bool]
    component: Any = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Type:
    """What may stand inside an element.

    ``text`` is the simple type of elements that hold text alone. ``loose`` content is told in order, item
    by item, since text may stand between its elements; of ``generic`` content nothing is known at all.
    ``reorderable``: a valid document may have an order of children that members cannot tell.
    """

    name: str
    text: Simple | None = None
    loose: bool = False
    generic: bool = False
    reorderable: bool = False
    component: Any = None
    #: By Clark name, and by member of the JSON object.
    attributes: dict[str, Attribute] = field(default_factory=dict)
    attribute_members: dict[str, Attribute] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    members: dict[str, Child] = field(default_factory=dict)
    wildcards: list[Wildcard] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Child:
    """An element where it stands: ``at`` is its place among its siblings, None where it has none.

    ``leaf`` is the kind of an element that holds text and declares no attribute: nearly all there are.
    ``foreign``: it stands for a wildcard, or nothing allows it.
    """

    tag: str
    name: str
    type: Type
    at: int | None = 0
    repeated: bool = False
    required: bool = False
    nillable: bool = False
    foreign: bool = False
    leaf: Kind | None = None
    component: Any = None


#: Elements that no XSD knows: attributes by their names, children and text in order.
GENERIC = Type(name="", text=Simple(kind=Kind.TEXT), generic=True)
