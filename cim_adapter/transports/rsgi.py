"""The little of RSGI that the doors over HTTP share: a request, its body within bounds, a response.

RSGI is Granian's own interface. An ASGI application is called back by the server's threads for each event
of a request, and whoever calls Python waits for everyone else who runs it: 130 µs of CPU a message, where
this takes 85.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from cim_adapter.access import Credentials
from cim_adapter.errors import OverBudget

_ONE_PIECE = 64 * 1024  # bytes; the server holds a larger body twice before it hands it over whole


class ClientGone(Exception):
    """The client went away before its request was whole."""


class Request:
    """One HTTP request. Header names are lower case; of a header sent twice, the first counts."""

    def __init__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        self._scope = scope
        self._protocol = protocol
        self.method = scope.method
        self.path = scope.path
        self.scheme = scope.scheme
        self.headers = scope.headers

    @property
    def query_string(self) -> str:
        text: str = self._scope.query_string
        return text

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def host(self) -> str:
        """The host, and port, that the client asked: the authority of HTTP/2, else the header Host."""
        host: str = self._scope.authority or self.headers.get("host", "")
        return host

    @property
    def remote(self) -> str | None:
        """The client's IP address."""
        return self._scope.client.rpartition(":")[0].strip("[]") or None

    @property
    def content_type(self) -> str:
        content_type: str = self.headers.get("content-type", "")
        return content_type

    @property
    def credentials(self) -> Credentials:
        return Credentials(api_key=self._credential("x-api-key"), authorization=self._credential("authorization"))

    def _credential(self, name: str) -> str | None:
        value: str | None = self.headers.get(name)
        # What is not ASCII is not handed out; but a credential that is no good is not the same as none.
        return "\ufffd" if value is None and name in self.headers else value

    async def body(self, at_most: int) -> bytes:
        """The body. Raises OverBudget as soon as it is known to be larger than ``at_most`` bytes, and
        ClientGone where the client goes away before the declared length is reached.
        """
        declared = self.headers.get("content-length", "")
        length = int(declared) if declared.isdigit() else None
        if length is not None and length > at_most:
            raise _too_large(at_most)
        try:
            if length is not None and length <= _ONE_PIECE:
                return await self._protocol()
            body = await self._collected(at_most)
        except ProtocolClosed as error:
            raise ClientGone from error
        if length is not None and len(body) < length:
            raise ClientGone
        return body

    async def _collected(self, at_most: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in self._protocol:
            size += len(chunk)
            if size > at_most:
                raise _too_large(at_most)
            chunks.append(chunk)
        return b"".join(chunks)


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP response."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, protocol: HTTPProtocol) -> None:
        protocol.response_bytes(self.status, [("content-type", self.content_type), *self.headers], self.body)


def _too_large(at_most: int) -> OverBudget:
    return OverBudget(f"the body is larger than {at_most:,} bytes; send it in several messages")
