"""/docs and /openapi.json: the interface described, to be read and tried. Nothing comes from elsewhere.

Swagger UI is taken from a package that ships its files; our own script starts it, so that the page needs no
script of its own and a browser may be told to run none.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Any

import msgspec
from lxml import etree
from lxml.html import builder as tags

from cim_adapter.transports.public import PublicAddress
from cim_adapter.transports.rest.openapi.document import OpenApi
from cim_adapter.transports.rsgi import Request, Response

_FILES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_START = b"""\
window.addEventListener("load", function () {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    tryItOutEnabled: true,
    displayRequestDuration: true
  });
});
"""
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


class Docs:
    """Serves the document and the page."""

    def __init__(self, openapi: OpenApi, address: PublicAddress) -> None:
        self._openapi = openapi
        self._address = address
        self._document: dict[str, Any] = {}

    async def document(self, request: Request) -> Response:
        """GET /openapi.json, with the address by which we were asked."""
        if not self._document:
            self._document = await asyncio.to_thread(self._openapi.write)
        told = {**self._document, "servers": [{"url": self._address.of(request)}]}
        return Response(content_type="application/json", body=msgspec.json.encode(told))

    def page(self, name: str) -> Response | None:
        """GET /docs, and the files that it needs; None for what is none of them."""
        if not name:
            return Response(content_type="text/html; charset=utf-8", body=_page(), policy=_POLICY)
        if name == "start.js":
            return Response(content_type="text/javascript; charset=utf-8", body=_START)
        if name not in _FILES:
            return None
        body = files("openapi_ui_bundles").joinpath("swagger_ui", "vendor", name).read_bytes()
        return Response(content_type=_FILES[name], body=body, headers=(("cache-control", "max-age=86400"),))


def _page() -> bytes:
    page = tags.HTML(
        tags.HEAD(
            tags.META(charset="utf-8"),
            tags.META(name="viewport", content="width=device-width, initial-scale=1"),
            tags.TITLE("cim_adapter"),
            tags.LINK(rel="stylesheet", href="docs/swagger-ui.css"),
            tags.LINK(rel="icon", href="docs/favicon-32x32.png"),
        ),
        tags.BODY(
            tags.DIV(id="swagger-ui"),
            tags.SCRIPT(src="docs/swagger-ui-bundle.js"),
            tags.SCRIPT(src="docs/start.js"),
        ),
        lang="en",
    )
    return etree.tostring(page, method="html", doctype="<!DOCTYPE html>", encoding="utf-8")
