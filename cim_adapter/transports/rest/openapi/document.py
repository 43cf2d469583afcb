"""The OpenAPI document (3.1), made of the resources, the structs of their bodies and the XSDs.

It costs a quarter of a second, once, when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from cim_adapter.transports.rest.configs import Configs
from cim_adapter.transports.rest.examples import EXAMPLES, PATCHES
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.openapi import schemas
from cim_adapter.transports.rest.openapi.fixed import ABOUT, OPERATIONS, SCHEMAS, SECURITY
from cim_adapter.transports.rest.parameters import PARAMETERS
from cim_adapter.transports.rest.resource import Resource

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


class OpenApi:
    """Writes the document for some resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)

    def write(self) -> dict[str, Any]:
        """The document."""
        components = schemas.struct_schemas()
        paths: dict[str, Any] = {}
        for resource in self._resources:
            if isinstance(resource, Configs):
                components |= schemas.profile_schemas(resource)
            paths |= self._paths(resource)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "cim_adapter",
                "version": version("cim-adapter"),
                "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"apiKey": []}, {"basic": []}, {"bearer": []}, {"certificate": []}],
            "tags": [{"name": resource.path, "description": resource.noun} for resource in self._resources],
            "paths": paths | OPERATIONS,
            "components": {
                "schemas": components,
                "securitySchemes": SECURITY,
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
        methods[item]["get"] = _operation(resource, "fetch", "Fetch one", {"200": _ok(resource, "It")})
        methods[item]["patch"] = _operation(
            resource,
            "change",
            "Change one: what the body names takes the place of what was so (RFC 7396)",
            {"200": _ok(resource, "As it is now")},
            body=_patch(resource),
        )
        methods[item]["delete"] = _operation(
            resource, "delete", "Take one back; its history is kept", {"204": {"description": "Done"}}, keyed=True
        )
        return methods

    @staticmethod
    def _collect(resource: Resource) -> dict[str, Any]:
        told = _ok(resource, "A page", several=True)
        told["links"] = _links(resource, f"{resource.member}/0/{resource.key}")
        told["links"]["nextPage"] = {
            "operationId": f"list-{resource.path}",
            "parameters": {"cursor": "$response.body#/nextCursor"},
        }
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
        links: dict[str, Any] = _links(resource, "ids/0")
        if not resource.names_what_it_made:
            meter = f"$request.body#/{resource.member}/0/meterId"
            links = {"listThem": {"operationId": f"list-{resource.path}", "parameters": {"meter": meter}}}
        receipt = {"$ref": f"{SCHEMAS}Receipt"}
        content = {form.value: {"schema": receipt} for form in (Form.JSON, Form.XML)}
        location = {"Location": {"description": "Where it is, if it is one", "schema": {"type": "string"}}}
        answers = {
            "201": {"description": "Stored", "content": content, "headers": location, "links": links},
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


def _links(resource: Resource, place: str) -> dict[str, Any]:
    """What to ask next of the thing whose id stands at ``place`` in the answer."""
    return {
        f"{verb}It": {"operationId": f"{verb}-{resource.path}", "parameters": {"id": f"$response.body#/{place}"}}
        for verb in ("fetch", "change", "delete")
    }


def _body(resource: Resource) -> dict[str, Any]:
    forms = tuple(form for form in resource.FORMS if form is not Form.CSV)
    content: dict[str, Any] = {form.value: {"schema": schemas.sent(resource)} for form in forms}
    content[Form.JSON.value]["example"] = EXAMPLES[resource.path]
    if Form.NDJSON in forms:
        content[Form.NDJSON.value] = {"schema": {"type": "string", "description": "One item a line"}}
    return {"required": True, "content": content}


def _patch(resource: Resource) -> dict[str, Any]:
    media = {"schema": schemas.changes(resource), "example": PATCHES[resource.path]}
    return {"required": True, "content": {"application/merge-patch+json": media, Form.JSON.value: media}}


def _ok(resource: Resource, description: str, *, several: bool = False) -> dict[str, Any]:
    forms = resource.FORMS if several else resource.FORMS[:2]
    schema, text = schemas.told(resource, several=several), {"type": "string"}
    content = {form.value: {"schema": schema if form in (Form.JSON, Form.XML) else text} for form in forms}
    return {"description": description, "content": content}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": f"{SCHEMAS}Problem"}
    content = {"application/problem+json": {"schema": schema}, "application/problem+xml": {"schema": schema}}
    return {"description": description, "content": content}
