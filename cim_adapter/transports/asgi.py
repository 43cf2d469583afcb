"""The little of ASGI that the doors over HTTP share: a request, its body within bounds, a response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from cim_adapter.access import Credentials
from cim_adapter.errors import OverBudget

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Request:
    """One HTTP request. Header names are lower case."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.scheme: str = scope.get("scheme", "http")
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.query_string: str = scope.get("query_string", b"").decode("latin-1")
        self.query = dict(parse_qsl(self.query_string, keep_blank_values=True))
        client = scope.get("client")
        self.remote: str | None = client[0] if client else None

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def credentials(self) -> Credentials:
        return Credentials(api_key=self.headers.get("x-api-key"), authorization=self.headers.get("authorization"))

    async def body(self, at_most: int) -> bytes:
        """The body. Raises OverBudget as soon as it is known to be larger than ``at_most`` bytes."""
        declared = self.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > at_most:
            raise _too_large(at_most)
        chunks: list[bytes] = []
        size = 0
        while True:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise ConnectionError("the client went away before its request was whole")
            chunk: bytes = event.get("body", b"")
            size += len(chunk)
            if size > at_most:
                raise _too_large(at_most)
            chunks.append(chunk)
            if not event.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP response."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    async def __call__(self, send: Send) -> None:
        headers = [
            (b"content-type", self.content_type.encode("latin-1")),
            (b"content-length", str(len(self.body)).encode("latin-1")),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def _too_large(at_most: int) -> OverBudget:
    return OverBudget(f"the body is larger than {at_most:,} bytes; send it in several messages")
