"""What the resources have in common: taking a body in, sending a message, giving an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import msgspec

from cim_adapter.codes import CodeLists
from cim_adapter.errors import AdapterError
from cim_adapter.schema import Budget, Catalogue
from cim_adapter.schema.bridge import Bridge
from cim_adapter.settings import Settings
from cim_adapter.store.store import Store
from cim_adapter.transports.public import PublicAddress
from cim_adapter.transports.rest import answers
from cim_adapter.transports.rest.addresses import AddressBook
from cim_adapter.transports.rest.exchange import Exchange, Outcome, offences_of
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.problem import Offence, Problem, RestError
from cim_adapter.transports.rest.query import Query
from cim_adapter.transports.rsgi import Request, Response


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What resources work with."""

    settings: Settings
    store: Store
    book: AddressBook
    lists: CodeLists
    catalogue: Catalogue
    bridge: Bridge
    address: PublicAddress

    @property
    def budget(self) -> Budget:
        return Budget(
            max_bytes=self.settings.max_bytes,
            max_elements=self.settings.max_elements,
            max_attributes_per_element=self.settings.max_attributes,
            max_namespace_declarations=self.settings.max_namespaces,
        )


class RestCall(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a resource, and the form in which it is answered."""

    request: Request
    exchange: Exchange
    form: Form
    message_id: str
    """The Idempotency-Key, which is the MessageID of what is sent; else a new one."""

    def query(self, *known: str) -> Query:
        """The parameters of the URL."""
        return Query(self.request.query_string, known)

    @property
    def sent(self) -> Form:
        """The form of the body. Raises RestError (415)."""
        form = Form.sent(self.request.content_type)
        if form is None:
            said = self.request.content_type[:80] or "none"
            raise RestError(415, f"Content-Type is {said}; send application/json, application/xml or NDJSON")
        if (encoding := self.request.headers.get("content-encoding", "identity")) != "identity":
            raise RestError(415, f"Content-Encoding {encoding} is not taken here; send the body as it is")
        return form

    async def body(self, at_most: int) -> tuple[bytes, Form]:
        """The body and its form."""
        form = self.sent
        return await self.request.body(at_most), form


class Receipt(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What is said of a message that was carried out. ``ids`` name what it made."""

    result: str
    message_id: str | None = None
    count: int | None = None
    ids: tuple[str, ...] = ()
    errors: tuple[Offence, ...] = ()


class Resource:
    """A kind of thing under one path. Methods that a resource does not have are answered 405."""

    path: str
    noun: str
    member: str
    #: Forms of lists; single things come in the first two.
    parameters: tuple[str, ...] = ()
    """Those of GET; of DELETE of several things: ``clearing``."""
    clearing: tuple[str, ...] = ()
    changeable: frozenset[str] = frozenset()
    """Members that PATCH may name, by their names in Python."""
    key: ClassVar[str] = "id"
    """The member by which answers name a thing."""
    names_what_it_made: ClassVar[bool] = True
    FORMS: ClassVar[tuple[Form, ...]] = (Form.JSON, Form.XML, Form.NDJSON)

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    # ------------------------------------------------------------------ what a resource may have

    collect: Callable[[RestCall], Awaitable[Response]] | None = None
    create: Callable[[RestCall], Awaitable[Response]] | None = None
    clear: Callable[[RestCall], Awaitable[Response]] | None = None
    fetch: Callable[[RestCall, str], Awaitable[Response]] | None = None
    amend: Callable[[RestCall, str], Awaitable[Response]] | None = None
    remove: Callable[[RestCall, str], Awaitable[Response]] | None = None

    # ----------------------------------------------------------------------------- what all need

    async def aside(self, work: Callable[[], Any], size: int) -> Any:
        """``work`` in a thread of its own where there is much of it."""
        if size <= self.tools.settings.inline_bytes:
            return work()
        return await asyncio.to_thread(work)

    async def submit(
        self, call: RestCall, make: Callable[[bytes, Form], Awaitable[tuple[Any, Receipt]]], verb: str
    ) -> tuple[Outcome, Receipt]:
        """Send what ``make`` makes of the body: a profile. A body that it cannot be made of is refused, and
        kept in the journal like every other message of a caller that is known.
        """
        body, form = await call.body(self.tools.settings.max_bytes)
        if not await call.exchange.known():
            return await call.exchange.turn_away(), Receipt(result="FAILED")
        try:
            payload, receipt = await make(body, form)
        except AdapterError as error:
            return await call.exchange.refuse(body, error), Receipt(result="FAILED")
        outcome = await self.sent(call, verb, payload)
        receipt.result = outcome.reply.result.value
        receipt.message_id = call.message_id
        receipt.errors = offences_of(outcome.errors)
        return outcome, receipt

    async def sent(self, call: RestCall, verb: str, payload: Any) -> Outcome:
        """What becomes of a message with this payload: a profile element."""
        return await call.exchange.send(verb, self.noun, message_id=call.message_id, payload=payload)

    def receipt(
        self, call: RestCall, outcome: Outcome, receipt: Receipt, *headers: tuple[str, str], status: int = 201
    ) -> Response:
        """The answer to what was submitted; 207 where a part of it failed."""
        if outcome.failed:
            return outcome.problem(unknown=409).response(call.form)
        return answers.one(receipt, "receipt", call.form, *headers, status=207 if receipt.errors else status)

    def url(self, call: RestCall, *steps: str) -> str:
        """The address of this resource, or of something in it."""
        return "/".join((self.tools.address.of(call.request), self.path, *steps))

    def missing(self, call: RestCall, name: str) -> Response:
        """404 for an id."""
        problem = Problem.of(404, "2.15", f"there is no {self.path} of the id {name[:250]}")
        return problem.response(call.form)
