"""/meter-readings: submit, query, correct and take back readings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import ID, Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.transports.rest import answers
from cim_adapter.transports.rest.addresses import Addresses, look_up
from cim_adapter.transports.rest.bodies import Bodies, Sent
from cim_adapter.transports.rest.exchange import Outcome, offences_of
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.problem import RestError
from cim_adapter.transports.rest.profile_xml import ProfileXml
from cim_adapter.transports.rest.query import as_token, of_token
from cim_adapter.transports.rest.reading import Reading
from cim_adapter.transports.rest.reading_query import ReadingQuery
from cim_adapter.transports.rest.reading_reader import Key, ReadingReader, Spot
from cim_adapter.transports.rest.reading_writer import ReadingWriter
from cim_adapter.transports.rest.resource import Receipt, Resource, RestCall, Tools
from cim_adapter.transports.rsgi import Response

_QUERY_NAMESPACE = "http://iec.ch/TC57/2011/GetMeterReadings#"
_SMALLEST_PART = 1_000  # readings; the pages of a small limit share one
_MOST_PARTS = 50  # asked for one page: where most readings do not fit, a page may have fewer than its limit


class _Place(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a page begins: in which part of an answer in parts of ``size`` readings, after which reading."""

    size: int
    part: str | None = None
    after: Key | None = None


class _Page(msgspec.Struct):
    """Where the readings of one page are; ``following`` is where the next page begins, if there is one."""

    spots: list[Spot] = []
    told: list[Error] = []
    following: _Place | None = None


class Readings(Resource):
    """The noun MeterReadings."""

    path = "meter-readings"
    noun = "MeterReadings"
    member = "readings"
    parameters = ReadingQuery.NAMES
    clearing = ("messageId", "meter", "usagePoint", "from", "to")
    changeable = frozenset({"value", "quality", "quality_codes", "reported_date_time", "source", "reason"})
    names_what_it_made = False
    FORMS = (Form.JSON, Form.XML, Form.NDJSON, Form.CSV)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._bodies = Bodies(Reading, self.member, at_most=tools.settings.max_items)
        self._writer = ReadingWriter(tools.lists)
        self._reader = ReadingReader(tools.lists)
        self._query = ProfileXml(_QUERY_NAMESPACE)

    async def create(self, call: RestCall) -> Response:
        """POST: readings of any meters."""
        outcome, receipt = await self.submit(call, self._payload, "create")
        return self.receipt(call, outcome, receipt)

    async def collect(self, call: RestCall) -> Response:
        """GET: the readings that fit; those of one meter together, in the order of time."""
        query = call.query(*self.parameters)
        wanted, limit = ReadingQuery.read(query), query.limit()
        place = query.cursor(_Place) or _Place(size=max(limit, _SMALLEST_PART))
        page = await self._page(call, wanted, place, limit)
        if isinstance(page, Response):
            return page
        cursor = None if page.following is None else as_token(page.following)
        told = offences_of(tuple(page.told))
        more = {"nextCursor": cursor, "errors": told}
        more = {name: value for name, value in more.items() if value}
        link = query.link(self.url(call), cursor)

        def answer() -> Response:
            items = [self._reader.reading(spot) for spot in page.spots]
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
            addresses = await self._addresses(call, {kind: [text]})
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

        async def correction(body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
            corrected = self._bodies.merged(before, body, form, self.tools.budget, self.changeable)
            if corrected.quality != before.quality and corrected.quality_codes == before.quality_codes:
                corrected.quality_codes = []  # they told the quality that was
            return await self._profile(Sent([corrected], None))

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
        payload, _ = await self._profile(Sent([found], None))
        outcome = await call.exchange.send("delete", self.noun, message_id=call.message_id, payload=payload)
        return self._removed(call, outcome)

    # ------------------------------------------------------------------------------------- inside

    async def _payload(self, body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
        sent: Sent[Reading] = await self.aside(lambda: self._bodies.read(body, form, self.tools.budget), len(body))
        return await self._profile(sent, size=len(body))

    async def _profile(self, sent: Sent[Reading], *, size: int = 0) -> tuple[etree._Element, Receipt]:
        meters = {reading.meter_id for reading in sent.items if reading.meter_id}
        points = {reading.usage_point_id for reading in sent.items if reading.usage_point_id}
        addresses = await look_up(self.tools.store, {"Meter": meters, "UsagePoint": points})
        profile = await self.aside(lambda: self._writer.write(sent, addresses), size)
        return profile, Receipt(result="", count=len(sent.items))

    async def _page(self, call: RestCall, wanted: ReadingQuery, place: _Place, limit: int) -> _Page | Response:
        """Where the readings of a page are: out of as many parts as it takes."""
        addresses = await self._addresses(call, {"Meter": wanted.meters, "UsagePoint": wanted.usage_points})
        page = _Page()
        for _ in range(_MOST_PARTS):
            outcome = await self._ask(call, wanted, addresses, place)
            if outcome.failed and not outcome.empty:
                return outcome.problem(unknown=404).response(call.form)
            page.told += [error for error in outcome.errors if error.code != "5.7"]
            spots = await asyncio.to_thread(self._spots, outcome.payload, wanted, place.after)
            taken = spots[: limit - len(page.spots)]
            page.spots += taken
            if len(taken) < len(spots):
                page.following = _Place(size=place.size, part=place.part, after=page.spots[-1].key)
                return page
            if outcome.continuation is None:
                return page
            place = _Place(size=place.size, part=outcome.continuation)
            if len(page.spots) == limit:
                break
        page.following = place
        return page

    async def _ask(
        self, call: RestCall, wanted: ReadingQuery, addresses: Addresses, place: _Place | None = None
    ) -> Outcome:
        xml = self._query
        profile = xml.root("GetMeterReadings")
        for text in wanted.meters:
            for identity in addresses.of("Meter", text):
                xml.identity(profile, "EndDevice", identity)
        for code in wanted.codes:
            xml.text(xml.add(profile, "ReadingType"), "mRID", code)
        if wanted.start is not None or wanted.end is not None:
            xml.interval(xml.add(profile, "TimeSchedule"), "scheduleInterval", wanted.start, wanted.end)
        for text in wanted.usage_points:
            for identity in addresses.of("UsagePoint", text):
                xml.identity(profile, "UsagePoint", identity)
        options = {}
        if place is not None:
            options["partSize"] = str(place.size)
            if place.part is not None:
                options["continuation"] = place.part
        return await call.exchange.send("get", self.noun, query=profile, options=options)

    async def _addresses(self, call: RestCall, wanted: Mapping[str, Sequence[str]]) -> Addresses:
        return await look_up(self.tools.store, wanted) if await call.exchange.known() else Addresses({})

    def _spots(self, payload: Sequence[etree._Element], wanted: ReadingQuery, after: Key | None) -> list[Spot]:
        """Where in one part the readings are that fit and come after ``after``, in their order."""
        spots = (spot for profile in payload for spot in self._reader.spots(profile, wanted.fits))
        if after is not None:
            spots = (spot for spot in spots if spot.key > after)
        if wanted.qualities:
            spots = (spot for spot in spots if wanted.qualities.intersection(self._reader.qualities(spot)))
        return sorted(spots, key=lambda spot: spot.key)

    async def _find(self, call: RestCall, name: str) -> Reading | Response:
        """The reading of this id, or what is said where there is none."""
        key = of_token(name, Key)
        if key is None:
            return self.missing(call, name)
        moment = instants.as_text(key.at, exact=True)
        asked = ReadingQuery(
            meters=(key.meter,) if key.meter else (),
            usage_points=(key.usage_point,) if not key.meter else (),
            codes=(key.code,),
            start=moment,
            end=moment,
        )
        addresses = await self._addresses(call, {"Meter": asked.meters, "UsagePoint": asked.usage_points})
        outcome = await self._ask(call, asked, addresses)
        if outcome.failed and not outcome.empty:
            return outcome.problem(unknown=404).response(call.form)
        for profile in outcome.payload:
            for spot in self._reader.spots(profile, lambda _: True):
                # A meter may be told under other usage points than before: it is the same reading.
                if spot.key._replace(usage_point=key.usage_point) == key:
                    return self._reader.reading(spot)
        return self.missing(call, name)

    @staticmethod
    def _removed(call: RestCall, outcome: Outcome) -> Response:
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return Response(status=204)
