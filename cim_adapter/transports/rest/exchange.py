"""One exchange with the pipeline: a message goes in, and what its answer says comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from lxml import etree

from cim_adapter.access import Access, Credentials
from cim_adapter.envelope import ID, Error, Reply, Result, carrier_of, read_reply
from cim_adapter.errors import AdapterError, Unauthenticated
from cim_adapter.nouns.registry import Content
from cim_adapter.pipeline import Pipeline
from cim_adapter.schema import Budget, parse
from cim_adapter.store.scope import Scopes
from cim_adapter.transports.rest.messages import request_message
from cim_adapter.transports.rest.problem import Offence, Problem, offences
from cim_adapter.wire import Answer, Arrival
from cim_adapter.xmltree import children

#: HTTP statuses of what FAILED, by reply code (facts/envelope.md §5.7); of the others 422.
_STATUSES = {
    "3.1": 413,
    "3.2": 429,
    "4.1": 504,
    "5.1": 503,
    "5.2": 409,
    "5.3": 500,
    "5.7": 404,
    "7.2": 401,
    "7.4": 401,
    "7.5": 403,
}
_INFORM = "INFORM"


class RestWire:
    """Keeps the answer of the pipeline as it is; the form is given to it later, outside the transaction."""

    name = "rest"

    def __init__(self) -> None:
        self.message: etree._Element | None = None
        self.error: AdapterError | None = None

    def open(self, document: etree._Element) -> etree._Element:
        """The document itself."""
        return document

    def close(self, message: etree._Element, text: bytes) -> Answer:
        self.message = message
        return Answer(body=b"")

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        self.message, self.error = message, error
        return Answer(body=b"", status=error.http_status)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. ``payload`` are the profiles in it; ``error`` is there where nothing was understood."""

    reply: Reply
    message_id: str | None = None
    payload: tuple[etree._Element, ...] = ()
    error: AdapterError | None = None

    @property
    def failed(self) -> bool:
        return self.reply.result is Result.FAILED

    @property
    def errors(self) -> tuple[Error, ...]:
        """What is wrong, without what is only told."""
        return tuple(
            error for error in self.reply.errors if error.level != _INFORM and not error.code.startswith("0.")
        )

    @property
    def told(self) -> tuple[Error, ...]:
        """What is only told: states of controls and events."""
        return tuple(error for error in self.reply.errors if error.level == _INFORM)

    @property
    def continuation(self) -> str | None:
        """What asks for the next part; None where this is all, or the last one."""
        return next((item.value for item in self.reply.ids if item.id_type == "continuation"), None)

    @property
    def empty(self) -> bool:
        """Whether nothing fits what was asked for, and nothing else is wrong."""
        return self.failed and all(error.code == "5.7" for error in self.errors)

    def problem(self, *, unknown: int = 422) -> Problem:
        """What failed. ``unknown`` is the status for an object that is not as the request wants it: 404 where it
        asks for it, 409 where it makes it.
        """
        instance = next((item.value for item in self.reply.ids if item.id_type == "journal"), None)
        if self.error is not None:
            status = self.error.http_status if self.error.http_status >= 400 else 422
            found = offences(self.error)
            return Problem.of(status, self.error.code, self.error.reason, instance=instance, errors=found)
        code = self.errors[0].code if self.errors else "5.3"
        status = _STATUSES.get(code) or (unknown if code.startswith("2.") else 422)
        reason = self.errors[0].reason if self.errors else None
        return Problem.of(status, code, reason or "", instance=instance, errors=offences_of(self.errors))


def offences_of(errors: tuple[Error, ...]) -> tuple[Offence, ...]:
    """Errors of a Reply that name an object."""
    return tuple(
        Offence(
            detail=error.reason or "",
            code=error.code,
            object=error.id.value if error.id else None,
            object_type=error.id.object_type if error.id else None,
        )
        for error in errors
    )


class Exchange:
    """Hands the messages of one request to the pipeline; the first of them counts for the caller's quota.

    ``counted`` is the answer to that one: it says what is left.
    """

    def __init__(self, pipeline: Pipeline, access: Access, credentials: Credentials, remote: str | None) -> None:
        self._pipeline = pipeline
        self._access = access
        self._credentials = credentials
        self._remote = remote
        self.counted: Answer | None = None
        self.scopes: Scopes = ()
        """What a caller that is known may reach."""

    async def known(self) -> bool:
        """Whether the caller is one we know: nothing is read for others."""
        try:
            self.scopes = (await self._access.who(self._credentials)).scopes
        except Unauthenticated:
            return False
        return True

    async def send(
        self,
        verb: str,
        noun: str,
        *,
        message_id: str | None = None,
        payload: etree._Element | None = None,
        query: etree._Element | None = None,
        ids: Iterable[ID] = (),
        times: tuple[str | None, str | None] = (None, None),
        options: Mapping[str, str] | None = None,
        content: Content | None = None,
    ) -> Outcome:
        """What becomes of a message (see ``request_message``). Its bytes are for the journal; nobody parses it.
        What is told goes into ``content``, where there is one, and not into the payload.
        """
        message = request_message(
            verb, noun, message_id, payload=payload, query=query, ids=ids, times=times, options=options
        )
        return await self._take(etree.tostring(message), lambda _body, _budget: message, content)

    async def send_content(self, verb: str, noun: str, message_id: str, content: Content, body: bytes) -> Outcome:
        """What becomes of a message whose payload is ``content``; ``body`` is what the journal keeps of it."""
        message = request_message(verb, noun, message_id)
        return await self._take(body, lambda _body, _budget: message, content)

    async def refuse(self, body: bytes, error: AdapterError) -> Outcome:
        """What is said of a body that could not be made a message: it is in the journal all the same."""

        def read(_body: bytes, _budget: Budget) -> etree._Element:
            raise error

        return await self._take(body, read)

    async def turn_away(self) -> Outcome:
        """What is said to a caller that is not known."""
        return await self._take(b"", parse)

    async def _take(
        self, body: bytes, read: Callable[[bytes, Budget], etree._Element], content: Content | None = None
    ) -> Outcome:
        wire = RestWire()
        arrival = Arrival(
            body=body,
            credentials=self._credentials,
            remote=self._remote,
            wire=wire,
            further=self.counted is not None,
            unrepeatable=True,  # by its Idempotency-Key, which is asked for where this matters
            read=read,
            content=content,
        )
        answer = await self._pipeline.take(arrival)
        self.counted = self.counted or answer
        if wire.message is None:
            raise RuntimeError("the pipeline gave no answer")
        return _outcome(wire.message, wire.error)


def _outcome(message: etree._Element, error: AdapterError | None) -> Outcome:
    carrier = carrier_of(message)
    parts = dict(children(message if carrier is None else carrier))
    header = dict(children(parts["Header"])) if "Header" in parts else {}
    return Outcome(
        reply=read_reply(parts["Reply"]),
        message_id=header["CorrelationID"].text if "CorrelationID" in header else None,
        payload=tuple(child for _, child in children(parts["Payload"])) if "Payload" in parts else (),
        error=error,
    )
