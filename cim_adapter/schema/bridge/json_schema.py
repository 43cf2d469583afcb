"""JSON Schemas (2020-12) of what the bridge writes, from the same plans.

Numbers and booleans may also be text, for XML has more ways to write them: see literals.py.
"""

from __future__ import annotations

from typing import Any

from cim_adapter.schema.bridge.plan import CONTENT, VALUE, Child, Kind, Simple, Type

_Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_SPACE = "[ \\t\\r\\n]*"
_ZONE = "(Z|[+-][0-9]{2}:[0-9]{2})?"
_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
_DATE = "-?[0-9]{4,}-[0-9]{2}-[0-9]{2}"
_DECIMAL = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"


def _text(pattern: str) -> _Schema:
    return {"type": "string", "pattern": f"^{_SPACE}({pattern}){_SPACE}$"}


def _number(name: str, pattern: str, odd: str) -> _Schema:
    description = f"A number; text where XML writes it in a way that JSON has not, such as {odd}."
    return {"description": description, "anyOf": [{"type": name}, _text(pattern)]}


#: By built-in type of XSD. Built anew for each schema, so that nobody can change another's.
def _built_in() -> dict[str, _Schema]:
    return {
        "boolean": {
            "description": "true or false; XML may also say 1 and 0, as text.",
            "anyOf": [{"type": "boolean"}, _text("true|false|1|0")],
        },
        "integer": _number("integer", "[+-]?[0-9]+", "+1 or 01"),
        "decimal": _number("number", _DECIMAL, "+1.5 or 01"),
        "float": _number("number", f"{_DECIMAL}([eE][+-]?[0-9]+)?|-?INF|NaN", "INF or 1e3"),
        "dateTime": {"examples": ["2026-11-23T00:15:00Z"], **_text(f"{_DATE}T{_CLOCK}{_ZONE}")},
        "date": {"examples": ["2026-11-23"], **_text(f"{_DATE}{_ZONE}")},
        "time": {"examples": ["00:15:00Z"], **_text(f"{_CLOCK}{_ZONE}")},
        "QName": {
            "description": "A qualified name: {namespace}name, or a name without namespace.",
            "type": "string",
        },
    }


class SchemaWriter:
    """Writes one schema."""

    def __init__(self) -> None:
        self._definitions: dict[str, _Schema] = {}
        self._names: dict[int, str] = {}
        self._built_in = _built_in()

    def write(self, root: Child) -> _Schema:
        """The schema of ``root``, whole: it refers to its own ``$defs`` alone."""
        body = self._element(root)
        definitions = {name: self._definitions[name] for name in sorted(self._definitions)}
        return {"$schema": _DIALECT, "title": root.name, **body, "$defs": definitions}

    def _element(self, child: Child) -> _Schema:
        schema = self._type(child.type)
        if child.nillable:
            schema = {"anyOf": [schema, {"type": "null"}]}
        if child.repeated:
            schema = {"type": "array", "items": schema, **({"minItems": 1} if child.required else {})}
        description = _annotation(child.component)
        return {"description": description, **schema} if description else schema

    def _type(self, type_: Type) -> _Schema:
        if type_.generic:
            return {"type": ["object", "string"]}
        if type_.text is not None and not type_.attributes:
            return self._simple(type_.text)
        return self._reference(id(type_), type_.name, lambda: self._object(type_))

    def _reference(self, key: int, name: str, make: Any) -> _Schema:
        """A reference to the definition with this key, which is made when first referred to."""
        known = self._names.get(key)
        if known is None:
            count = sum(1 for other in self._names.values() if other.partition("-")[0] == name)
            known = self._names[key] = f"{name}-{count + 1}" if count else name
            self._definitions[known] = {}  # so that a type may refer to itself
            self._definitions[known] = make()
        return {"$ref": f"#/$defs/{known}"}

    def _object(self, type_: Type) -> _Schema:
        properties: _Schema = {
            attribute.member: self._described(self._simple(attribute.simple), attribute.component)
            for attribute in type_.attributes.values()
        }
        properties |= {child.name: self._element(child) for child in type_.members.values()}
        if type_.text is not None:
            properties[VALUE] = self._simple(type_.text)
        schema: _Schema = {"type": "object", "properties": properties}
        required = [attribute.member for attribute in type_.attributes.values() if attribute.required]
        children = [child.name for child in type_.members.values() if child.required]
        if type_.loose or type_.reorderable:
            properties[CONTENT] = self._content(type_)
            if children:
                schema["anyOf"] = [{"required": children}, {"required": [CONTENT]}]
        else:
            required += children
        if required:
            schema["required"] = required
        # Attributes of XML Schema itself, such as its schemaLocation, may stand on any element.
        schema["patternProperties"] = {"^\\{": {"type": "string"}}
        schema["additionalProperties"] = self._foreign(type_)
        return self._described(schema, type_.component)

    def _foreign(self, type_: Type) -> bool | _Schema:
        """What members of other names may be: elements for the wildcards, if there are any."""
        if not type_.wildcards:
            return False
        schema: _Schema = {"type": ["object", "array", "string", "number", "boolean"]}
        return self._described(schema, type_.wildcards[0].component)

    def _content(self, type_: Type) -> _Schema:
        """Children one by one, each in an object of its own, so that their order is told."""
        items = {child.name: self._once(child) for child in type_.members.values()}
        schema: _Schema = {
            "type": "object",
            "properties": items,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": bool(type_.wildcards),
        }
        return {
            "description": "All children, where their order is one that members cannot tell.",
            "type": "array",
            "items": {"anyOf": [schema, {"type": "string"}]} if type_.loose else schema,
        }

    def _once(self, child: Child) -> _Schema:
        schema = self._type(child.type)
        return {"anyOf": [schema, {"type": "null"}]} if child.nillable else schema

    def _simple(self, simple: Simple) -> _Schema:
        component = simple.component
        if component is not None and component.enumeration and simple.kind is Kind.TEXT:
            schema: _Schema = {"type": "string", "enum": [str(value) for value in component.enumeration]}
            return self._named(component, self._described(schema, component))
        name = _base(simple)
        if name not in self._built_in:
            return self._named(component, self._described({"type": "string"}, component))
        made = self._built_in[name]
        schema = self._reference(id(made), name, lambda: made)
        return self._named(component, self._described(schema, component))

    def _named(self, component: Any, schema: _Schema) -> _Schema:
        """Types of the XSD keep their names; built-in and nameless ones stand where they are used."""
        if component is None or not component.name or component.name.startswith(_XS):
            return schema
        return self._reference(id(component), component.local_name, lambda: schema)

    @staticmethod
    def _described(schema: _Schema, component: Any) -> _Schema:
        description = _annotation(component)
        return {"description": description, **schema} if description else schema


def _annotation(component: Any) -> str:
    annotation = getattr(component, "annotation", None)
    if annotation is None:
        return ""
    return " ".join("".join(item.itertext()) for item in annotation.documentation).strip()


def _base(simple: Simple) -> str:
    """The name of the built-in type that ``simple`` derives from, as far as schemas know it."""
    if simple.kind is not Kind.TEXT:
        return str(simple.kind.value)
    component = simple.component
    while component is not None and not (component.name or "").startswith(_XS):
        component = component.base_type
    return "" if component is None else str(component.local_name)
