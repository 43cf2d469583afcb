"""/end-device-events and /end-device-controls: what happened to devices, and what they are told to do."""

from __future__ import annotations

import uuid
from copy import deepcopy
from typing import Any

import msgspec
from lxml import etree

from cim_adapter.items.control import ControlXml
from cim_adapter.items.device_query import DeviceQuery, query_namespace
from cim_adapter.items.event import EventXml
from cim_adapter.items.findings import Findings
from cim_adapter.items.item_xml import ItemXml, tell_each
from cim_adapter.items.members import LONGEST
from cim_adapter.items.profile_xml import ProfileXml
from cim_adapter.items.tokens import as_token
from cim_adapter.transports.rest import answers
from cim_adapter.transports.rest.bodies import Bodies, Sent
from cim_adapter.transports.rest.exchange import Outcome, offences_of
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.pages import Place, page_from
from cim_adapter.transports.rest.query import PAGING
from cim_adapter.transports.rest.resource import Receipt, Resource, RestCall, Tools
from cim_adapter.transports.rsgi import Response
from cim_adapter.xmltree import adopt, children, local, move_to_namespace, namespace

_LARGER_PART = 1_000  # items; of a part of which not all are wanted, a small page takes some


class DeviceItems(Resource):
    """Items that are created, asked for, changed and ended one by one."""

    def __init__(self, tools: Tools, items: ItemXml) -> None:
        super().__init__(tools)
        self._items = items
        self._bodies: Bodies[Any] = Bodies(items.item, items.member, at_most=tools.settings.max_items)
        names = {field.name for field in msgspec.structs.fields(items.item)}
        self.changeable = frozenset(names - {"id", *items.told_only})
        self._query = ProfileXml(query_namespace(items.noun))

    async def create(self, call: RestCall) -> Response:
        """POST: one item, or several."""
        outcome, receipt = await self.submit(call, lambda body, form: self._payload(call, body, form), "create")
        alone = receipt.ids if len(receipt.ids) == 1 else ()
        return self.receipt(call, outcome, receipt, *(("location", self.url(call, name)) for name in alone))

    async def collect(self, call: RestCall) -> Response:
        """GET: the items that fit, in the order of time."""
        query = call.query(*self.parameters)
        limit = query.limit()
        wanted = DeviceQuery.read(query, self._items)
        place = query.cursor(Place) or Place(size=max(limit, _LARGER_PART) if wanted.narrows else limit)
        page = await page_from(
            place, limit, ask=lambda place: self._search(call, wanted, place), read=self._read, fits=wanted.fits
        )
        if isinstance(page, Outcome):
            return page.problem(unknown=404).response(call.form)
        cursor = None if page.following is None else as_token(page.following)
        told = offences_of(tuple(page.told))
        more = {name: value for name, value in (("nextCursor", cursor), ("errors", told)) if value}
        link = query.link(self.url(call), cursor)
        return answers.listed(page.items, self._items.item, self.member, call.form, more, link)

    async def fetch(self, call: RestCall, name: str) -> Response:
        """GET by mRID."""
        call.query()
        found = await self._find(call, name)
        return found if isinstance(found, Response) else answers.one(found, self._one, call.form)

    async def amend(self, call: RestCall, name: str) -> Response:
        """PATCH: what the body names takes the place of what was so."""
        call.query()
        known = await self._known(call, name)
        if isinstance(known, Response):
            return known
        before, source = known

        async def changed(body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
            merged = self._bodies.merged(before, body, form, self.tools.budget, self.changeable)
            if merged.kind != before.kind and merged.code == before.code:
                merged.code = None  # it told what was
            profile, receipt = await self._profile(call, Sent([merged], None), told=True)
            self._keep(profile, source)
            return profile, receipt

        outcome, _ = await self.submit(call, changed, "change")
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        found = await self._find(call, name)
        return found if isinstance(found, Response) else answers.one(found, self._one, call.form)

    async def remove(self, call: RestCall, name: str) -> Response:
        """DELETE: an event is not told any more, a control that is not finished is canceled."""
        call.query()
        profile = self._items.xml.root(self.noun)
        found = await self._find(call, name)
        if isinstance(found, Response):
            return found
        self._items.write(profile, found, None, None)
        outcome = await call.exchange.send("delete", self.noun, message_id=call.message_id, payload=profile)
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return Response(status=204)

    # ------------------------------------------------------------------------------------- inside

    @property
    def _one(self) -> str:
        return self.member.removesuffix("s")

    async def _payload(self, call: RestCall, body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
        sent: Sent[Any] = await self.aside(lambda: self._bodies.read(body, form, self.tools.budget), len(body))
        message = uuid.uuid5(uuid.NAMESPACE_URL, call.message_id)
        for number, item in enumerate(sent.items):
            # The same request makes the same ids, so that repeating it makes nothing new.
            item.id = item.id or str(uuid.uuid5(message, str(number)))
        return await self._profile(call, sent, told=False)

    async def _profile(self, call: RestCall, sent: Sent[Any], *, told: bool) -> tuple[etree._Element, Receipt]:
        """The profile. ``told``: the item was told by us, with members that nobody sends."""
        findings, items = Findings(), sent.items
        devices = {item.device_id for item in items if item.device_id}
        points = {item.usage_point_id for item in items if item.usage_point_id}
        wanted = {"Meter": devices, "UsagePoint": points}
        addresses = await self.tools.book.look_up(wanted, call.exchange.scopes)
        profile = self._items.xml.root(self.noun)
        for number, item in enumerate(items):
            pointer = sent.pointer(number)
            before = len(findings.listed)
            self._items.check(item, pointer, findings)
            for name in self._items.told_only:
                if not told and getattr(item, name):
                    findings.add(f"{pointer}/{name}", f"a member {name}", "none: it is told, not sent")
            owners = []
            for kind, name, text in (
                ("Meter", "deviceId", item.device_id),
                ("UsagePoint", "usagePointId", item.usage_point_id),
            ):
                named = addresses.of(kind, text) if text else [None]
                if len(named) > 1:
                    several = ", ".join(map(str, named[:5]))
                    findings.add(f"{pointer}/{name}", text, f"an mRID: it is the name of {several}", code="2.4")
                owners.append(named[0])
            if owners == [None, None]:
                findings.add(pointer, "no deviceId", "a member deviceId, or usagePointId", code="1.7")
            if len(findings.listed) == before:
                self._items.write(profile, item, *owners)
        findings.check()
        return profile, Receipt(result="", count=len(items), ids=tuple(item.id for item in items))

    async def _search(self, call: RestCall, wanted: DeviceQuery, place: Place) -> Outcome:
        named = wanted.named if await call.exchange.known() else {}
        addresses = await self.tools.book.look_up(named, call.exchange.scopes)
        profile = wanted.as_profile(self.noun, addresses)
        return await call.exchange.send("get", self.noun, query=profile, options=place.options)

    def _read(self, outcome: Outcome) -> list[Any]:
        pairs = [(self._items.read(element), element) for element in self._elements(outcome)]
        tell_each(self._items, pairs, outcome.told)
        return [item for item, _ in pairs]

    def _elements(self, outcome: Outcome) -> list[etree._Element]:
        return [
            element
            for profile in outcome.payload
            for name, element in children(profile)
            if name == self._items.element
        ]

    async def _find(self, call: RestCall, name: str) -> Any:
        """The item of this mRID, or a Response where there is none."""
        known = await self._known(call, name)
        return known if isinstance(known, Response) else known[0]

    async def _known(self, call: RestCall, name: str) -> tuple[Any, etree._Element] | Response:
        """The item of this mRID and its element, or a Response where there is none."""
        profile = self._query.root(f"Get{self.noun}")
        if len(name) > LONGEST:
            return self.missing(call, name)
        self._query.text(self._query.add(profile, self._items.element), "mRID", name)
        outcome = await call.exchange.send("get", self.noun, query=profile)
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        pairs = zip(self._read(outcome), self._elements(outcome), strict=True)
        return next((pair for pair in pairs if pair[0].id == name), None) or self.missing(call, name)

    def _keep(self, profile: etree._Element, source: etree._Element) -> None:
        """Add to the element in ``profile`` what ``source`` has that is no member, where it would be lost."""
        covered = self._items.covered
        kept = [deepcopy(child) for name, child in children(source) if covered and name not in covered]
        if not kept:
            return
        ((_, element),) = children(profile)
        for child in kept:
            move_to_namespace(child, namespace(element))
            adopt(element, child)
        order = self.tools.catalogue.order(profile, element)
        element[:] = sorted(element, key=lambda child: order.index(local(child)))


class Events(DeviceItems):
    """The noun EndDeviceEvents."""

    path, noun, member = "end-device-events", EventXml.noun, EventXml.member
    parameters = (*EventXml.parameters, *PAGING)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, EventXml(tools.lists))


class Controls(DeviceItems):
    """The noun EndDeviceControls."""

    path, noun, member = "end-device-controls", ControlXml.noun, ControlXml.member
    parameters = (*ControlXml.parameters, *PAGING)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools, ControlXml(tools.lists))
