"""/meter-readings: submit, query, correct and take back readings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from cim_adapter import instants
from cim_adapter.envelope import ID, Result
from cim_adapter.items.reading import Reading
from cim_adapter.items.reading_query import ReadingQuery
from cim_adapter.items.reading_reader import Key, ReadingReader
from cim_adapter.items.tokens import as_token, of_token
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.registry import Content
from cim_adapter.transports.rest import answers, reading_streams
from cim_adapter.transports.rest.bodies import Bodies, Sent
from cim_adapter.transports.rest.exchange import Outcome, offences_of
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.problem import Problem, RestError
from cim_adapter.transports.rest.query import PAGING
from cim_adapter.transports.rest.reading_message import ReadingMessage
from cim_adapter.transports.rest.reading_pages import Part, Place, ReadingPages
from cim_adapter.transports.rest.reading_writer import ReadingWriter
from cim_adapter.transports.rest.resource import Receipt, Resource, RestCall, Tools
from cim_adapter.transports.rsgi import Response

_SMALLEST_PART = 1_000  # readings; the pages of a small limit share one
_STREAMED = 10_000  # readings of a stream that are read at a time
_ABOUT = 100  # bytes of a reading in a message


class Readings(Resource):
    """The noun MeterReadings."""

    path = "meter-readings"
    noun = "MeterReadings"
    member = "readings"
    parameters = (*ReadingQuery.NAMES, *PAGING)
    clearing = ("messageId", "meter", "usagePoint", "from", "to")
    changeable = frozenset({"value", "quality", "quality_codes", "reported_date_time", "source", "reason"})
    names_what_it_made = False
    FORMS = (Form.JSON, Form.XML, Form.NDJSON, Form.CSV)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._bodies = Bodies(Reading, self.member, at_most=tools.settings.max_items)
        self._writer = ReadingWriter(tools.lists)
        self._message = ReadingMessage()
        self._reader = ReadingReader(tools.lists)
        self._pages = ReadingPages(self._reader, tools.book)

    async def create(self, call: RestCall) -> Response:
        """POST: readings of any meters."""
        if call.sent is Form.NDJSON:
            return await self._take(call)
        outcome, receipt = await self.submit(call, lambda body, form: self._payload(call, body, form), "create")
        return self.receipt(call, outcome, receipt)

    async def collect(self, call: RestCall) -> Response:
        """GET: the readings that fit; those of one meter together, in the order of time."""
        query = call.query(*self.parameters)
        wanted, limit = ReadingQuery.read(query), query.limit()
        place = query.cursor(Place)
        if call.form in (Form.NDJSON, Form.CSV) and query.one("limit") is None and call.request.method == "GET":
            return await self._tell(call, wanted, place or Place(size=_STREAMED))
        place = place or Place(size=max(limit, _SMALLEST_PART))
        page = await self._pages.page(call, wanted, place, limit)
        if isinstance(page, Problem):
            return page.response(call.form)
        cursor = None if page.following is None else as_token(page.following)
        told = offences_of(tuple(page.told))
        more = {"nextCursor": cursor, "errors": told}
        more = {name: value for name, value in more.items() if value}
        link = query.link(self.url(call), cursor)

        def answer() -> Response:
            items = self._reader.readings(page.spots)
            return answers.listed(items, Reading, self.member, call.form, more, link)

        return await asyncio.to_thread(answer)

    async def clear(self, call: RestCall) -> Response:
        """DELETE: the readings of a meter or usage point in a window, or those that came with one message."""
        query = call.query(*self.clearing)
        asked = [(name, query.one(name)) for name in ("messageId", "meter", "usagePoint")]
        given = [(name, text) for name, text in asked if text is not None]
        if len(given) != 1:
            raise RestError(400, "say what to delete: messageId, meter or usagePoint, one of them", code="1.6")
        ((name, text),) = given
        if name == "messageId":
            ids = [ID(value=text, kind="transaction")]
        else:
            kind = "Meter" if name == "meter" else "UsagePoint"
            addresses = await self._pages.addresses(call, {kind: [text]})
            ids = [write_id(kind, identity) for identity in addresses.of(kind, text)]
        times = (query.moment("from"), query.moment("to"))
        outcome = await call.exchange.send("delete", self.noun, message_id=call.message_id, ids=ids, times=times)
        return self._removed(call, outcome)

    async def fetch(self, call: RestCall, name: str) -> Response:
        """GET by id."""
        call.query()
        found = await self._find(call, name)
        return found if isinstance(found, Response) else answers.one(found, "reading", call.form)

    async def amend(self, call: RestCall, name: str) -> Response:
        """PATCH: a corrected reading takes the place of what was known; its history stays."""
        call.query()
        found = await self._find(call, name)
        if isinstance(found, Response):
            return found
        before = found

        async def correction(body: bytes, form: Form) -> tuple[list[MeterReading], Receipt]:
            corrected = self._bodies.merged(before, body, form, self.tools.budget, self.changeable)
            if corrected.quality != before.quality and corrected.quality_codes == before.quality_codes:
                corrected.quality_codes = []  # they told the quality that was
            return await self._made(call, Sent([corrected], None))

        outcome, _ = await self.submit(call, correction, "change")
        if outcome.failed:
            return outcome.problem(unknown=409).response(call.form)
        found = await self._find(call, name)
        return found if isinstance(found, Response) else answers.one(found, "reading", call.form)

    async def remove(self, call: RestCall, name: str) -> Response:
        """DELETE by id."""
        call.query()
        found = await self._find(call, name)
        if isinstance(found, Response):
            return found
        brought, _ = await self._made(call, Sent([found], None))
        outcome = await self.sent(call, "delete", brought)
        return self._removed(call, outcome)

    # ------------------------------------------------------------------------------------- inside

    async def sent(self, call: RestCall, verb: str, payload: list[MeterReading]) -> Outcome:
        """What becomes of a message that brings these readings."""
        readings = sum(len(block.readings) for item in payload for block in item.blocks)
        body = await self.aside(lambda: self._message.write(verb, call.message_id, payload), readings * _ABOUT)
        outcome = await call.exchange.send_content(verb, self.noun, call.message_id, Content(sent=payload), body)
        if outcome.reply.result is Result.OK and verb != "delete":
            whose = (pair for item in payload for pair in item.objects)
            self.tools.book.remember((kind, who.mrid) for kind, who in whose if who and who.mrid)
        return outcome

    async def _payload(self, call: RestCall, body: bytes, form: Form) -> tuple[list[MeterReading], Receipt]:
        sent: Sent[Reading] = await self.aside(lambda: self._bodies.read(body, form, self.tools.budget), len(body))
        return await self._made(call, sent, size=len(body))

    async def _made(
        self, call: RestCall, sent: Sent[Reading], *, size: int = 0
    ) -> tuple[list[MeterReading], Receipt]:
        meters = {reading.meter_id for reading in sent.items if reading.meter_id}
        points = {reading.usage_point_id for reading in sent.items if reading.usage_point_id}
        addresses = await self.tools.book.look_up({"Meter": meters, "UsagePoint": points}, call.exchange.scopes)
        brought = await self.aside(lambda: self._writer.write(sent, addresses), size)
        return brought, Receipt(result="", count=len(sent.items))

    async def _take(self, call: RestCall) -> Response:
        """A stream of readings, a line each."""

        async def batch(call: RestCall, body: bytes, first: int) -> tuple[Outcome, Receipt]:
            read = self._bodies.read
            sent: Sent[Reading] = await self.aside(
                lambda: read(body, Form.NDJSON, self.tools.budget, first=first), len(body)
            )
            brought, receipt = await self._made(call, sent, size=len(body))
            outcome = await self.sent(call, "create", brought)
            receipt.result, receipt.errors = outcome.reply.result.value, offences_of(outcome.errors)
            return outcome, receipt

        settings = self.tools.settings
        receipt, problem = await reading_streams.take(
            call, batch, lines=settings.max_items, most_bytes=settings.max_bytes
        )
        if problem is not None:
            return problem.response(call.form)
        return answers.one(receipt, "receipt", call.form, status=207 if receipt.errors else 201)

    async def _tell(self, call: RestCall, wanted: ReadingQuery, place: Place) -> Response:
        """All readings from ``place`` on, written as they are read."""
        first = await self._pages.part(call, wanted, place)
        if isinstance(first, Problem):
            return first.response(call.form)

        async def parts() -> AsyncIterator[list[Reading] | Problem]:
            part: Part | Problem = first
            while not isinstance(part, Problem):
                yield await asyncio.to_thread(self._reader.readings, part.spots)
                if part.following is None:
                    return
                part = await self._pages.part(call, wanted, part.following)
            yield part

        return Response(content_type=call.form.content_type, stream=reading_streams.told(call.form, parts()))

    async def _find(self, call: RestCall, name: str) -> Reading | Response:
        """The reading of this id, or what is said where there is none."""
        key = of_token(name, Key)
        if key is None:
            return self.missing(call, name)
        meter, point, at, *_, code = key
        moment = instants.as_text(at, exact=True)
        asked = ReadingQuery(
            meters=(meter,) if meter else (),
            usage_points=(point,) if not meter else (),
            codes=(code,),
            start=moment,
            end=moment,
        )
        addresses = await self._pages.addresses(call, asked.named)
        outcome, told = await self._pages.ask(call, asked, addresses)
        if outcome.failed and not outcome.empty:
            return outcome.problem(unknown=404).response(call.form)
        for spot in self._reader.spots(told):
            # A meter may be told under other usage points than before: it is the same reading.
            if (spot[0][0], point, *spot[0][2:]) == key:
                return self._reader.readings([spot])[0]
        return self.missing(call, name)

    @staticmethod
    def _removed(call: RestCall, outcome: Outcome) -> Response:
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return Response(status=204)
