"""Schemas of the bodies: of our structs, and of the profiles of configurations."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import msgspec

from cim_adapter.items.control import Control
from cim_adapter.items.event import Event
from cim_adapter.items.reading import Reading
from cim_adapter.transports.rest.configs import Configs
from cim_adapter.transports.rest.openapi.fixed import SCHEMAS
from cim_adapter.transports.rest.problem import Problem
from cim_adapter.transports.rest.resource import Receipt, Resource
from cim_adapter.transports.rest.status import Status

_DEFINITION = re.compile(r"^#/\$defs/")
_STRUCTS: dict[str, type[msgspec.Struct]] = {
    "meter-readings": Reading,
    "end-device-events": Event,
    "end-device-controls": Control,
}
#: What schemas say of what is sent, and not of what is told.
_OF_WHAT_IS_SENT = frozenset({"enum", "additionalProperties", "pattern", "format", "minLength", "maxLength"})
#: Of each of these lists of members, those of one entry must be there.
_ONE_OF = {
    "Reading": ([["meterId"], ["usagePointId"]], [["readingTypeCode"], ["readingType", "unit"]]),
    "Event": ([["deviceId"], ["usagePointId"]], [["eventTypeCode"], ["eventType"]]),
    "Control": ([["deviceId"], ["usagePointId"]], [["controlTypeCode"], ["controlType"]]),
}


def struct_schemas() -> dict[str, Any]:
    """Of everything that is no profile."""
    structs = [*_STRUCTS.values(), Receipt, Problem, Status]
    _, found = msgspec.json.schema_components(structs, ref_template=f"{SCHEMAS}{{name}}")
    schemas: dict[str, Any] = {name: _clean(schema) for name, schema in found.items()}
    for name, choices in _ONE_OF.items():
        schemas[f"{name}Told"] = _told(schemas[name])
        schemas[name]["allOf"] = [{"anyOf": [{"required": names} for names in choice]} for choice in choices]
    return schemas


def sent(resource: Resource) -> dict[str, Any]:
    """What may be created: one or several."""
    if isinstance(resource, Configs):
        named = {"anyOf": [{"required": ["mRID"]}, {"required": ["Names"]}]}
        listed = {"allOf": [_ref(resource.noun), {"required": [resource.member]}]}
        return {"anyOf": [{"allOf": [_ref(f"{resource.noun}.{resource.member}"), named]}, listed]}
    item = _ref(_STRUCTS[resource.path].__name__)
    several = {
        "type": "object",
        "properties": {resource.member: {"type": "array", "items": item, "minItems": 1}},
        "required": [resource.member],
        "additionalProperties": False,
    }
    return {"anyOf": [several, item]}


def changes(resource: Resource) -> dict[str, Any]:
    """What may be changed of one."""
    if isinstance(resource, Configs):
        return {"anyOf": [_ref(f"{resource.noun}.{resource.member}"), _ref(resource.noun)]}
    struct = _STRUCTS[resource.path]
    (properties,) = (schema["properties"] for name, schema in struct_schemas().items() if name == struct.__name__)
    names = {field.encode_name for field in msgspec.structs.fields(struct) if field.name in resource.changeable}
    return {
        "type": "object",
        "properties": {name: schema for name, schema in properties.items() if name in names},
        "additionalProperties": False,
    }


def told(resource: Resource, *, several: bool) -> dict[str, Any]:
    """What is told: one, or a page."""
    if isinstance(resource, Configs):
        return {"type": "object", "properties": {resource.member: {"type": "array"}}}
    item = _ref(f"{_STRUCTS[resource.path].__name__}Told")
    if not several:
        return item
    return {
        "type": "object",
        "properties": {
            resource.member: {"type": "array", "items": item},
            "nextCursor": {"type": "string"},
            "errors": {"type": "array", "items": _ref("Offence")},
        },
        "required": [resource.member],
    }


def profile_schemas(resource: Configs) -> dict[str, Any]:
    """The JSON Schema of a profile, its definitions as components of their own."""
    schema = deepcopy(resource.json_schema())
    definitions = schema.pop("$defs", {})
    schema.pop("$schema", None)
    schema.pop("$id", None)
    named = {f"{resource.noun}.{name}": definition for name, definition in definitions.items()}
    found = {resource.noun: schema, **named}
    for item in found.values():
        _rename(item, resource.noun)
    own = schema.get("properties", {}).get(resource.member, {}).get("items", {"type": "object"})
    return {f"{resource.noun}.{resource.member}": own, **found}


def _rename(schema: Any, noun: str) -> None:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            schema["$ref"] = _DEFINITION.sub(f"{SCHEMAS}{noun}.", schema["$ref"])
        for value in schema.values():
            _rename(value, noun)
    elif isinstance(schema, list):
        for value in schema:
            _rename(value, noun)


def _clean(schema: Any) -> Any:
    """A schema with its descriptions on one line."""
    if isinstance(schema, dict):
        return {
            name: " ".join(value.split()) if name == "description" and isinstance(value, str) else _clean(value)
            for name, value in schema.items()
        }
    return [_clean(item) for item in schema] if isinstance(schema, list) else schema


def _told(schema: Any) -> Any:
    """A schema of what is told: names of the standard stand where no word of ours does, times and texts are as
    SOAP may have written them, and more may come.
    """
    if isinstance(schema, dict):
        return {name: _told(value) for name, value in schema.items() if name not in _OF_WHAT_IS_SENT}
    return [_told(item) for item in schema] if isinstance(schema, list) else schema


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"{SCHEMAS}{name}"}
