"""The little of RSGI that the doors over HTTP share: a request, its body within bounds, a response.

RSGI is Granian's own interface. An ASGI application is called back by the server's threads for each event
of a request, and whoever calls Python waits for everyone else who runs it: 130 µs of CPU a message, where
this takes 85.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, nullcontext
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from cim_adapter.access import Credentials
from cim_adapter.errors import OverBudget
from cim_adapter.transports.connection import Connection
from cim_adapter.transports.peers import Peer, Peers
from cim_adapter.transports.proxies import TrustedProxies
from cim_adapter.wire import Answer, Undelivered

_ONE_PIECE = 64 * 1024  # bytes; the server holds a larger body twice before it hands it over whole


STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of what is no page."""

_GUARDS = (
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("server", ""),  # Granian names itself where nothing stands
)
_OVER_TLS = (*_GUARDS, ("strict-transport-security", "max-age=31536000; includeSubDomains"))


# Basic comes first: it is what SOAP stacks know, and some of them read the first alone.
CHALLENGES = (
    ("www-authenticate", 'Basic realm="cim_adapter", charset="UTF-8"'),
    ("www-authenticate", 'Bearer realm="cim_adapter"'),
)


class NotOurs(Exception):
    """The request did not come through our own front, where all have to."""


class ClientGone(Exception):
    """The client went away before its request was whole."""


class Request:
    """One HTTP request. Header names are lower case; of a header sent twice, the first counts.

    ``peer`` is the IP address at the other end of the connection, ``remote`` that of who asks: the same, unless
    the peer is a proxy that we trust.
    """

    def __init__(
        self, scope: Scope, protocol: HTTPProtocol, proxies: TrustedProxies, peers: Peers | None = None
    ) -> None:
        """``peers``: the clients of our own front, where there is one. Raises NotOurs."""
        self._scope = scope
        self._protocol = protocol
        self._proxies = proxies
        address, _, port = scope.client.rpartition(":")
        self._fronted: Peer | None = None
        if peers is not None:
            self._fronted = peers.at(int(port))
            if self._fronted is None:
                raise NotOurs
            address = self._fronted.address
        self.peer: str | None = address.strip("[]") or None
        self.through_proxy = proxies.trusts(self.peer)
        self.method = scope.method
        self.path = scope.path
        self.scheme = scope.scheme if self._fronted is None else "https"
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
        if not self.through_proxy:
            return self.peer
        return self._proxies.behind(self._all("x-forwarded-for")) or self.peer

    def _all(self, name: str) -> list[str]:
        values: list[str] = self.headers.get_all(name)  # type: ignore[attr-defined]  # missing in its stubs
        return values

    @property
    def content_type(self) -> str:
        content_type: str = self.headers.get("content-type", "")
        return content_type

    @property
    def secure(self) -> bool:
        """Whether the client speaks TLS, to us or to the proxy in front of us."""
        if self.through_proxy and (forwarded := self.headers.get("x-forwarded-proto")):
            return bool(forwarded.split(",")[0].strip() == "https")
        return bool(self.scheme == "https")

    @property
    def credentials(self) -> Credentials:
        return Credentials(
            api_key=self._credential("x-api-key"),
            authorization=self._credential("authorization"),
            certificate=self._certificate() if self.through_proxy else None,
            certified=None if self._fronted is None else self._fronted.certified,
        )

    def _certificate(self) -> str | None:
        """What the proxy says of the client's certificate. Where the header stands twice, one of them is the
        client's own: that is no certificate.
        """
        found = self._all(self._proxies.certificate_header)
        return found[0] if len(found) == 1 else " ".join(found) or None

    def _credential(self, name: str) -> str | None:
        value: str | None = self.headers.get(name)
        # What is not ASCII is not handed out; but a credential that is no good is not the same as none.
        return "\ufffd" if value is None and name in self.headers else value

    def connection(self, patience: float) -> Connection | None:
        """Its connection, for an answer that is a stream."""
        return Connection.between(self._scope.client, self._scope.server, patience)

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

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, however long it is. Raises ClientGone as ``body`` does."""
        declared = self.headers.get("content-length", "")
        missing = int(declared) if declared.isdigit() else 0
        try:
            async for chunk in self._protocol:
                missing -= len(chunk)
                yield chunk
        except ProtocolClosed as error:
            raise ClientGone from error
        if missing > 0:
            raise ClientGone


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP response. ``policy`` is its Content-Security-Policy: a page says what of its own it may use.
    ``stream`` stands for ``body`` where that is written while it is made.
    """

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    policy: str = STRICT
    stream: AsyncGenerator[bytes, None] | None = None

    async def send(self, protocol: HTTPProtocol, request: Request, patience: float) -> None:
        """Answer ``request``. ``patience``: see ``Connection``. Raises what a stream raises, and Undelivered where
        it does not reach the client: the connection is broken off then.
        """
        headers = [
            ("content-type", self.content_type),
            ("content-security-policy", self.policy),
            *(_OVER_TLS if request.secure else _GUARDS),  # over TLS a client is told to stay there (RFC 6797 §7.2)
            *self.headers,
        ]
        if self.stream is None:
            protocol.response_bytes(self.status, headers, self.body)
            return
        connection = request.connection(patience)
        with nullcontext() if connection is None else connection:
            # Dropped, the transport ends the response as if it were whole: it is held until the connection is cut.
            transport = protocol.response_stream(self.status, headers)
            await _send(self.stream, transport, connection)


class _Transport(Protocol):
    """Granian's, of a response that is a stream; its type has no public name."""

    async def send_bytes(self, data: bytes) -> None: ...


async def _send(stream: AsyncGenerator[bytes, None], transport: _Transport, connection: Connection | None) -> None:
    async with aclosing(stream):
        async for part in stream:
            try:
                if connection is not None:
                    await connection.room(len(part))
                await transport.send_bytes(part)
            except (ProtocolClosed, Undelivered) as error:
                told = error if isinstance(error, Undelivered) else Undelivered("the caller went away")
                await stream.athrow(told)


def quota_headers(answer: Answer) -> tuple[tuple[str, str], ...]:
    """What is left of the caller's quota: the names of draft-ietf-httpapi-ratelimit-headers, 03 to 06, which are
    those that clients know; and Retry-After (RFC 9110 §10.2.3) for one who has to wait.
    """
    if answer.allowance is None:
        return ()
    limit, remaining, reset = answer.allowance.limit, answer.allowance.remaining, answer.allowance.reset
    told = (
        ("ratelimit-limit", str(limit)),
        ("ratelimit-remaining", str(remaining)),
        ("ratelimit-reset", str(reset)),
    )
    return (*told, ("retry-after", str(reset))) if answer.status == 429 else told


def _too_large(at_most: int) -> OverBudget:
    return OverBudget(f"the body is larger than {at_most:,} bytes; send it in several messages")
