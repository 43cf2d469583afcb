"""What of the OpenAPI document is the same whatever the resources are."""

from __future__ import annotations

from typing import Any, Final

SCHEMAS: Final = "#/components/schemas/"

ABOUT: Final = """\
Metering messages of IEC 61968-9 as resources. Each request becomes the message that SOAP would carry; what is
written here is read there, and the reverse.

Bodies are JSON or XML with the same names. `meterId`, `deviceId` and the `id` of configurations are an mRID or a
name. Times carry their offset. Errors are problem documents (RFC 9457) with the reply code of the standard and a
pointer to each member that is wrong."""

SECURITY: Final = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "Any user name, with the API key as password"},
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "certificate": {"type": "mutualTLS", "description": "A client certificate that is mapped to a partner"},
}

_MESSAGE: Final = {"type": "object", "description": "A message; its JSON Schema is at /messages/schema/Message"}
_PLAIN: Final = {"text/plain": {"schema": {"type": "string"}}}
OPERATIONS: Final[dict[str, Any]] = {
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
                "406": {"description": "Accept likes neither JSON nor XML", "content": _PLAIN},
                "415": {"description": "Content-Type is neither JSON nor XML", "content": _PLAIN},
                "default": {
                    "description": "The reply, with the HTTP status that fits it",
                    "content": {"application/json": {"schema": _MESSAGE}, "application/xml": {"schema": _MESSAGE}},
                },
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
                    "content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}Status"}}},
                },
                "401": {"$ref": "#/components/responses/Problem401"},
                "503": {
                    "description": "It cannot, now",
                    "content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}Status"}}},
                },
            },
        }
    },
}
