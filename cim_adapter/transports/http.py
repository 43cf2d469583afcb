"""The HTTP door: which path leads where."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from granian.rsgi import HTTPProtocol, Scope
from lxml import etree
from msgspec.structs import replace

from cim_adapter.envelope import ShapeReader
from cim_adapter.errors import AdapterError, Unreadable
from cim_adapter.pipeline import Pipeline
from cim_adapter.schema import Budget, parse
from cim_adapter.settings import Settings
from cim_adapter.transports.bare import BareWire, EitherWire, HttpWire
from cim_adapter.transports.contract import ContractPages, not_found
from cim_adapter.transports.messages import Messages
from cim_adapter.transports.peers import Peers
from cim_adapter.transports.proxies import TrustedProxies
from cim_adapter.transports.rest.door import RestDoor
from cim_adapter.transports.rsgi import CHALLENGES, ClientGone, NotOurs, Request, Response, quota_headers
from cim_adapter.transports.soap import Protocols, SoapWire
from cim_adapter.transports.upload import Upload
from cim_adapter.wire import Answer, Arrival, StreamBroken, Undelivered

_PAGES = ("health", "status", "openapi.json", "docs", "xsd")


class HttpDoor:
    """The RSGI application. ``started`` and ``stopped`` are called once in the server's life; the
    loop does not run any more when it is given to ``stopped``, and can be made to."""

    def __init__(
        self,
        settings: Settings,
        pipeline: Pipeline,
        contract: ContractPages,
        messages: Messages,
        rest: RestDoor,
        *,
        peers: Peers | None = None,
        started: Callable[[], Coroutine[None, None, None]],
        stopped: Callable[[asyncio.AbstractEventLoop], None],
    ) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._contract = contract
        self._messages = messages
        self._rest = rest
        self._peers = peers
        self._started = started
        self._stopped = stopped
        self._proxies = TrustedProxies(settings)
        self._log = logging.getLogger("cim_adapter.http")
        self._protocols = Protocols()
        self._shapes = ShapeReader()
        offers = (contract.generic, *contract.offers.values())
        self._known_operations = frozenset(name for offer in offers for name in offer.operations)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # A signal that comes before the server listens for it would be lost: say "ready" after that.
        loop.call_later(0.05, self._start)

    def _start(self) -> None:
        self._starting = asyncio.ensure_future(self._started())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._stopped(loop)

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        try:
            request = Request(scope, protocol, self._proxies, self._peers)
        except NotOurs:
            protocol.response_bytes(403, [], b"connect with TLS to the port that is published\n")
            return
        try:
            response = await self._route(request)
        except ClientGone:
            return
        except Exception:  # a defect of ours: the client is told, not shown
            self._log.exception("%s %s failed", request.method, request.path)
            response = Response(status=500, body=b"the adapter could not do this; its log says why\n")
        try:
            await response.send(protocol, request, self._settings.stream_patience)
        except Undelivered as error:  # whoever made the stream has said so; REST's says nothing
            self._log.info("the answer to %s %s broke off: %s", request.method, request.path, error)
        except Exception:
            self._log.exception("the answer to %s %s broke off", request.method, request.path)

    async def _route(self, request: Request) -> Response:
        first, _, rest = request.path.strip("/").partition("/")
        reading = request.method in ("GET", "HEAD")
        if first == "soap" and "/" not in rest:
            if reading:
                return self._contract.service(request, rest or None)
            if request.method == "POST":
                return await self._soap(request, rest or None)
            return Response(status=405, headers=(("allow", "GET, HEAD, POST"),), body=b"GET or POST\n")
        if first in self._rest.resources:
            return await self._rest.answer(request, first, rest)
        if first == "messages":
            if request.method == "POST" and not rest:
                return await self._message(request)
            return await self._messages.schema(request, rest)
        if first == "xsd" and reading:
            return self._contract.schema(rest)
        if first == "health" and not rest and reading:
            return Response(content_type="application/json", body=b'{"status":"ok"}')
        if reading and (page := await self._rest.page(request, first, rest)) is not None:
            return page
        if first in _PAGES and not reading:
            return Response(status=405, headers=(("allow", "GET, HEAD"),), body=b"GET\n")
        return not_found(f"nothing at {request.path}; start at /docs")

    async def _soap(self, request: Request, service: str | None) -> Response:
        if service is not None and service not in self._contract.offers:
            return not_found(f"no service {service}; these are: {', '.join(self._contract.offers)}")
        wire: HttpWire = SoapWire(
            self._protocols,
            content_type=request.content_type,
            action=request.headers.get("soapaction", ""),
            operations=self._contract.offers[service].roots if service else frozenset(),
            known=self._known_operations,
        )
        if service is None and not request.content_type.startswith("application/soap+xml"):
            wire = EitherWire(wire, BareWire(request.content_type), self._shapes)
        return await self._deliver(request, wire)

    async def _message(self, request: Request) -> Response:
        exchange = self._messages.exchange(request)
        if isinstance(exchange, Response):
            return exchange
        return await self._deliver(request, exchange, exchange.read)

    async def _deliver(
        self, request: Request, wire: HttpWire, read: Callable[[bytes, Budget], etree._Element] = parse
    ) -> Response:
        """Hand the body to the pipeline, and its answer back."""
        try:
            if (encoding := request.headers.get("content-encoding", "identity")) != "identity":
                raise Unreadable(f"Content-Encoding {encoding} is not taken here; send the body as it is")
            upload = Upload(request)
            body = await upload.beginning(min(self._settings.bulk_bytes, self._settings.max_bytes))
        except AdapterError as error:
            answer = await self._pipeline.turn_away(wire, error, request.remote)
            return self._response(wire, answer, closing=True)
        arrival = Arrival(
            body=body,
            credentials=request.credentials,
            remote=request.remote,
            wire=wire,
            streams=wire.streams,
            read=read,
        )
        if upload.whole:
            return self._response(wire, await self._pipeline.take(arrival))
        try:
            answer = await self._pipeline.take_stream(replace(arrival, body=b""), upload)
        except StreamBroken as error:
            raise ClientGone from error
        return self._response(wire, answer, closing=not upload.whole)

    @staticmethod
    def _response(wire: HttpWire, answer: Answer, *, closing: bool = False) -> Response:
        headers = quota_headers(answer) + (CHALLENGES if answer.status == 401 else ())
        if closing:
            headers += (("connection", "close"),)
        return Response(
            status=answer.status,
            content_type=wire.content_type,
            body=answer.body,
            headers=headers,
            stream=answer.stream,
        )
