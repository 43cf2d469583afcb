"""The OpenAPI document (3.1), made of the resources, the structs of their bodies and the XSDs.

It costs a quarter of a second, once, when it is first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from importlib.metadata import version
from typing import Any

import msgspec

from cim_adapter.transports.rest.configs import Configs
from cim_adapter.transports.rest.control import Control
from cim_adapter.transports.rest.event import Event
from cim_adapter.transports.rest.examples import EXAMPLES, PATCHES
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.parameters import PARAMETERS
from cim_adapter.transports.rest.problem import Problem
from cim_adapter.transports.rest.reading import Reading
from cim_adapter.transports.rest.resource import Receipt, Resource
from cim_adapter.transports.rest.status import Status

_SCHEMAS = "#/components/schemas/"
_DEFINITION = re.compile(r"^#/\$defs/")
_ERRORS = {
    "400": "The request cannot be read, or something in it is wrong: ``errors`` say what and where",
    "401": "The caller is not known",
    "403": "The caller may not do this",
    "404": "There is no such thing",
    "405": "This is not done here",
    "406": "Nothing that Accept likes can be given",
    "409": "What is so already is in the way: it exists, it is finished, or the Idempotency-Key was used before",
    "413": "More than is taken at once",
    "415": "Content-Type or Content-Encoding are not taken",
    "422": "The request was understood and cannot be carried out",
    "429": "Too many requests",
    "500": "The adapter could not do it; nothing was stored",
    "503": "The adapter cannot do it now",
}
_NO_BODY = ("413", "415", "422")
_ITEMS = {
    "meter-readings": ("Reading", "reading"),
    "end-device-events": ("Event", "event"),
    "end-device-controls": ("Control", "control"),
}


class OpenApi:
    """Writes the document for some resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)

    def write(self) -> dict[str, Any]:
        """The document."""
        schemas = self._schemas()
        paths: dict[str, Any] = {}
        for resource in self._resources:
            if isinstance(resource, Configs):
                schemas |= _profile(resource)
            paths |= self._paths(resource)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "cim_adapter",
                "version": version("cim-adapter"),
                "description": _ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"apiKey": []}, {"basic": []}, {"bearer": []}, {"certificate": []}],
            "tags": [{"name": resource.path, "description": resource.noun} for resource in self._resources],
            "paths": paths | _OPERATIONS,
            "components": {
                "schemas": schemas,
                "securitySchemes": _SECURITY,
                "responses": {f"Problem{code}": _problem(text) for code, text in _ERRORS.items()},
                "parameters": {
                    "IdempotencyKey": {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "description": "The MessageID. The same request with the same key is carried out once",
                        "schema": {"type": "string", "minLength": 1, "maxLength": 250},
                    }
                },
            },
        }

    @staticmethod
    def _schemas() -> dict[str, Any]:
        structs = [Reading, Event, Control, Receipt, Problem, Status]
        _, found = msgspec.json.schema_components(structs, ref_template=f"{_SCHEMAS}{{name}}")
        schemas: dict[str, Any] = {name: _clean(schema) for name, schema in found.items()}
        for name, _ in _ITEMS.values():
            schemas[f"{name}Told"] = _told(schemas[name])
        return schemas

    def _paths(self, resource: Resource) -> dict[str, Any]:
        collection, item = f"/{resource.path}", f"/{resource.path}/{{id}}"
        methods: dict[str, dict[str, Any]] = {collection: {}, item: {}}
        if resource.collect is not None:
            methods[collection]["get"] = self._collect(resource)
        if resource.create is not None:
            methods[collection]["post"] = self._create(resource)
        if resource.clear is not None:
            methods[collection]["delete"] = self._clear(resource)
        methods[item]["parameters"] = [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "What answers call ``id``, or the mRID",
                "schema": {"type": "string", "minLength": 1},
            }
        ]
        methods[item]["get"] = _operation(resource, "fetch", "Fetch one", {"200": _ok(resource, "one", "It")})
        methods[item]["patch"] = _operation(
            resource,
            "change",
            "Change one: what the body names takes the place of what was so (RFC 7396)",
            {"200": _ok(resource, "one", "As it is now")},
            body=_patch(resource),
        )
        methods[item]["delete"] = _operation(
            resource, "delete", "Take one back; its history is kept", {"204": {"description": "Done"}}, keyed=True
        )
        return methods

    @staticmethod
    def _collect(resource: Resource) -> dict[str, Any]:
        told = _ok(resource, "list", "A page")
        told["headers"] = {
            "Link": {
                "description": "The first page, and the next one (RFC 8288)",
                "schema": {"type": "string"},
            }
        }
        operation = _operation(resource, "list", "Ask for what fits", {"200": told})
        operation["parameters"] = [_parameter(name) for name in resource.parameters]
        return operation

    @staticmethod
    def _create(resource: Resource) -> dict[str, Any]:
        receipt = {"$ref": f"{_SCHEMAS}Receipt"}
        content = {form.value: {"schema": receipt} for form in (Form.JSON, Form.XML)}
        location = {"Location": {"description": "Where it is, if it is one", "schema": {"type": "string"}}}
        answers = {
            "201": {"description": "Stored", "content": content, "headers": location},
            "207": {"description": "A part was stored; ``errors`` say what was not", "content": content},
        }
        return _operation(resource, "create", "Submit", answers, body=_body(resource))

    @staticmethod
    def _clear(resource: Resource) -> dict[str, Any]:
        about = "Take back what a message brought, or what a meter or usage point has in a window"
        operation = _operation(resource, "clear", about, {"204": {"description": "Done"}}, keyed=True)
        operation["parameters"] += [_parameter(name) for name in resource.clearing]
        return operation


def _operation(
    resource: Resource,
    verb: str,
    summary: str,
    answers: Mapping[str, Any],
    *,
    body: dict[str, Any] | None = None,
    keyed: bool = False,
) -> dict[str, Any]:
    errors = [code for code in _ERRORS if body is not None or code not in _NO_BODY or code in ("413", "422")]
    operation: dict[str, Any] = {
        "operationId": f"{verb}-{resource.path}",
        "tags": [resource.path],
        "summary": summary,
        "responses": {**answers, **{code: {"$ref": f"#/components/responses/Problem{code}"} for code in errors}},
    }
    if body is not None:
        operation["requestBody"] = body
    if body is not None or keyed:
        operation["parameters"] = [{"$ref": "#/components/parameters/IdempotencyKey"}]
    return operation


def _parameter(name: str) -> dict[str, Any]:
    schema, meaning = PARAMETERS[name]
    return {"name": name, "in": "query", "description": meaning, "schema": schema}


def _body(resource: Resource) -> dict[str, Any]:
    example = EXAMPLES[resource.path]
    if isinstance(resource, Configs):
        schema: dict[str, Any] = {
            "anyOf": [
                {"$ref": f"{_SCHEMAS}{resource.noun}"},
                {"$ref": f"{_SCHEMAS}{resource.noun}.{resource.member}"},
            ]
        }
        forms: tuple[Form, ...] = (Form.JSON, Form.XML)
    else:
        name, _ = _ITEMS[resource.path]
        item = {"$ref": f"{_SCHEMAS}{name}"}
        listed = {
            "type": "object",
            "properties": {resource.member: {"type": "array", "items": item, "minItems": 1}},
            "required": [resource.member],
            "additionalProperties": False,
        }
        schema, forms = {"anyOf": [listed, item]}, (Form.JSON, Form.XML, Form.NDJSON)
    content = {form.value: {"schema": schema} for form in forms}
    content[Form.JSON.value]["example"] = example
    if Form.NDJSON in forms:
        content[Form.NDJSON.value] = {"schema": {"type": "string", "description": "One item a line"}}
    return {"required": True, "content": content}


def _patch(resource: Resource) -> dict[str, Any]:
    media = {"schema": {"type": "object", "minProperties": 1}, "example": PATCHES[resource.path]}
    return {"required": True, "content": {"application/merge-patch+json": media, Form.JSON.value: media}}


def _ok(resource: Resource, kind: str, description: str) -> dict[str, Any]:
    forms = resource.FORMS if kind == "list" else resource.FORMS[:2]
    if isinstance(resource, Configs):
        schema: dict[str, Any] = {"type": "object", "properties": {resource.member: {"type": "array"}}}
    else:
        name, _ = _ITEMS[resource.path]
        schema = {"$ref": f"{_SCHEMAS}{name}Told"}
        if kind == "list":
            schema = {
                "type": "object",
                "properties": {
                    resource.member: {"type": "array", "items": schema},
                    "nextCursor": {"type": "string"},
                    "errors": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Offence"}},
                },
                "required": [resource.member],
            }
    text = {"type": "string"}
    content = {form.value: {"schema": schema if form in (Form.JSON, Form.XML) else text} for form in forms}
    return {"description": description, "content": content}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": f"{_SCHEMAS}Problem"}
    content = {"application/problem+json": {"schema": schema}, "application/problem+xml": {"schema": schema}}
    return {"description": description, "content": content}


def _profile(resource: Configs) -> dict[str, Any]:
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
            schema["$ref"] = _DEFINITION.sub(f"{_SCHEMAS}{noun}.", schema["$ref"])
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
    """A schema of what is told: names of the standard stand where no word of ours does, and more may come."""
    if isinstance(schema, dict):
        return {
            name: _told(value) for name, value in schema.items() if name not in ("enum", "additionalProperties")
        }
    return [_told(item) for item in schema] if isinstance(schema, list) else schema


_ABOUT = """\
Metering messages of IEC 61968-9 as resources. Each request becomes the message that SOAP would carry; what is
written here is read there, and the reverse.

Bodies are JSON or XML with the same names. `meterId`, `deviceId` and the `id` of configurations are an mRID or a
name. Times carry their offset. Errors are problem documents (RFC 9457) with the reply code of the standard and a
pointer to each member that is wrong."""

_SECURITY = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "Any user name, with the API key as password"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "certificate": {"type": "mutualTLS", "description": "A client certificate that is mapped to a partner"},
}

_MESSAGE = {"type": "object", "description": "A message; its JSON Schema is at /messages/schema/Message"}
_OPERATIONS: dict[str, Any] = {
    "/messages": {
        "post": {
            "operationId": "send-message",
            "tags": ["messages"],
            "summary": "Send a message of IEC 61968-100 in JSON or XML, for every noun and verb",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _MESSAGE,
                        "example": {"Header": {"Verb": "get", "Noun": "MeterReadings"}},
                    },
                    "application/xml": {"schema": _MESSAGE},
                },
            },
            "responses": {
                "default": {
                    "description": "The reply, with the HTTP status that fits it",
                    "content": {"application/json": {"schema": _MESSAGE}, "application/xml": {"schema": _MESSAGE}},
                }
            },
        }
    },
    "/health": {
        "get": {
            "operationId": "health",
            "tags": ["operations"],
            "summary": "Whether the adapter is alive",
            "security": [],
            "responses": {
                "200": {
                    "description": "It is",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {"status": {"const": "ok"}},
                                "required": ["status"],
                            }
                        }
                    },
                }
            },
        }
    },
    "/status": {
        "get": {
            "operationId": "status",
            "tags": ["operations"],
            "summary": "Whether the adapter can work: database, queues, version, uptime, last errors",
            "responses": {
                "200": {
                    "description": "It can",
                    "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}Status"}}},
                },
                "401": {"$ref": "#/components/responses/Problem401"},
                "503": {
                    "description": "It cannot, now",
                    "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}Status"}}},
                },
            },
        }
    },
}
