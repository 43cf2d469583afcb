"""The door of REST: which path and method lead to which resource.

A small router and not a framework. Litestar would decode, validate, negotiate and document in its own way,
none of which fits bodies in JSON, XML, NDJSON and CSV with a pointer to each finding; it speaks ASGI where our
server speaks RSGI, takes 55 µs a request where this takes 2, and brings 15 packages along. The types of the
bodies are msgspec structs all the same, and the OpenAPI document is made of them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from cim_adapter.access import Access
from cim_adapter.errors import AdapterError
from cim_adapter.items.members import CARRIED
from cim_adapter.items.query import UnusableParameter
from cim_adapter.pipeline import Pipeline
from cim_adapter.transports.rest.configs import Configs
from cim_adapter.transports.rest.devices import Controls, Events
from cim_adapter.transports.rest.docs import Docs
from cim_adapter.transports.rest.exchange import Exchange
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.openapi.document import OpenApi
from cim_adapter.transports.rest.problem import Problem, RestError, offences
from cim_adapter.transports.rest.readings import Readings
from cim_adapter.transports.rest.resource import Resource, RestCall, Tools
from cim_adapter.transports.rest.status import StatusPage
from cim_adapter.transports.rsgi import Request, Response, quota_headers

_MOST_KEY = 250
_COLLECTION = {"GET": "collect", "HEAD": "collect", "POST": "create", "DELETE": "clear"}
_CONFIGS = {
    "meter-config": "MeterConfig",
    "end-device-config": "EndDeviceConfig",
    "usage-point-config": "UsagePointConfig",
    "com-module-config": "ComModuleConfig",
}
_ITEM = {"GET": "fetch", "HEAD": "fetch", "PATCH": "amend", "DELETE": "remove"}


class RestDoor:
    """Takes the requests under the paths of its resources."""

    def __init__(self, tools: Tools, pipeline: Pipeline, access: Access) -> None:
        self._pipeline = pipeline
        self._access = access
        self._key_required = tools.settings.require_replay_detection
        self._may_be_id = re.compile(f"{CARRIED}*")
        self.resources: dict[str, Resource] = {
            resource.path: resource
            for resource in (
                Readings(tools),
                Events(tools),
                Controls(tools),
                *(Configs(tools, path, noun) for path, noun in _CONFIGS.items()),
            )
        }

        self._status = StatusPage(tools.store, {row.code: row.meaning for row in tools.lists.reply_codes})
        self._docs = Docs(OpenApi(self.resources.values()), tools.address)

    async def page(self, request: Request, first: str, rest: str) -> Response | None:
        """What is said of the interface itself, to GET; None for what is none of it."""
        match first, rest:
            case "openapi.json", "":
                return await self._docs.document(request)
            case "docs", name:
                return self._docs.page(name)
            case "status", "":
                return await self._tell_status(request)
        return None

    async def _tell_status(self, request: Request) -> Response:
        """To whoever is known: it says what failed."""
        exchange = Exchange(self._pipeline, self._access, request.credentials, request.remote)
        if await exchange.known():
            return await self._status.answer()
        return (await exchange.turn_away()).problem().response(Form.JSON)

    async def answer(self, request: Request, path: str, rest: str) -> Response:
        """What is said to a request for ``path`` or something in it."""
        exchange = Exchange(self._pipeline, self._access, request.credentials, request.remote)
        response = await self._answer(request, exchange, self.resources[path], rest)
        if exchange.counted is None:
            return response
        quota = quota_headers(replace(exchange.counted, status=response.status))
        return replace(response, headers=(*response.headers, *quota)) if quota else response

    async def _answer(self, request: Request, exchange: Exchange, resource: Resource, rest: str) -> Response:
        accept = request.headers.get("accept", "")
        offers = resource.FORMS[:2] if rest else resource.FORMS
        form = Form.wanted(accept, offers)
        told = Form.wanted(accept, (Form.JSON, Form.XML)) or Form.JSON
        try:
            if form is None and request.method in ("GET", "HEAD"):
                raise RestError(406, f"Accept likes none of {', '.join(offers)}")
            method = self._method(request, resource, rest)
            call = RestCall(
                request=request, exchange=exchange, form=form or told, message_id=self._message_id(request)
            )
            if not self._may_be_id.fullmatch(rest):
                return resource.missing(call, rest)
            return await method(call)
        except RestError as error:
            return error.problem.response(told, *error.headers)
        except UnusableParameter as error:
            return RestError.parameter(error.name, error.detail).problem.response(told)
        except AdapterError as error:  # a body larger than any we take: it is not even read to its end
            problem = Problem.of(error.http_status, error.code, error.reason, errors=offences(error))
            return problem.response(told, ("connection", "close"))

    @staticmethod
    def _method(request: Request, resource: Resource, rest: str) -> Callable[[RestCall], Awaitable[Response]]:
        """What of the resource answers."""
        methods = _ITEM if rest else _COLLECTION
        served = [name for name, attribute in methods.items() if getattr(resource, attribute) is not None]
        if request.method not in served:
            raise RestError(
                405,
                f"{request.method} is not done here; {', '.join(served)} are",
                code="2.9",
                headers=(("allow", ", ".join(served)),),
            )
        method = getattr(resource, methods[request.method])
        return (lambda call: method(call, rest)) if rest else method

    def _message_id(self, request: Request) -> str:
        """The Idempotency-Key. Where messages must not be played again, whatever changes something has one."""
        if "idempotency-key" not in request.headers:
            if self._key_required and request.method not in ("GET", "HEAD"):
                reason = "Idempotency-Key is required here: a request that comes again is then done once"
                raise RestError(400, reason, code="1.5")
            return str(uuid.uuid4())
        key: str = request.headers.get("idempotency-key", "").strip().strip('"')
        if not 1 <= len(key) <= _MOST_KEY:
            raise RestError(
                400, f"Idempotency-Key has 1 to {_MOST_KEY} ASCII characters, not {len(key)}", code="1.5"
            )
        return key
