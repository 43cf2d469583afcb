"""/meter-config, /end-device-config, /usage-point-config, /com-module-config: what is known of devices and points.

Bodies have the names of the profile, in JSON as the bridge has them: ``{"Meter": [{"mRID": …}]}`` with the
definitions that it refers to, or one object alone: ``{"mRID": …}``. XML is the profile itself; it may go
without its namespace, and it too may be one object alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec
from lxml import etree

from cim_adapter.envelope import ID
from cim_adapter.errors import Finding, Invalid
from cim_adapter.items.profile_xml import ProfileXml
from cim_adapter.items.tokens import as_token
from cim_adapter.nouns.configs.xml import is_definition, objects_of
from cim_adapter.nouns.identity_xml import kind_of, read_identity, write_id
from cim_adapter.schema import parse
from cim_adapter.schema.bridge import JsonText
from cim_adapter.store.objects import Identity
from cim_adapter.transports.rest.exchange import Outcome, offences_of
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.pages import Place
from cim_adapter.transports.rest.query import PAGING
from cim_adapter.transports.rest.resource import Receipt, Resource, RestCall, Tools
from cim_adapter.transports.rsgi import Response
from cim_adapter.xmltree import children, local, namespace


class Configs(Resource):
    """One noun of master data."""

    parameters = ("id", "meter", "usagePoint", "asOf", *PAGING)
    key = "mRID"
    FORMS = (Form.JSON, Form.XML)

    def __init__(self, tools: Tools, path: str, noun: str) -> None:
        super().__init__(tools)
        self.path, self.noun = path, noun
        self._namespace = tools.catalogue.nouns[noun][0]
        self._tag = f"{{{self._namespace}}}{noun}"
        self._xml = ProfileXml(self._namespace)
        self._text = JsonText()

    @cached_property
    def member(self) -> str:  # type: ignore[override]  # read from the XSD, when first needed
        """The element of the profile that holds one object, such as ``EndDevice``."""
        parts = self.tools.catalogue.parts_of(self.noun)
        return next(name for name in parts if not is_definition(kind_of(name)))

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of the profile."""
        return self.tools.bridge.schema_of(self._tag) or {}

    async def create(self, call: RestCall) -> Response:
        """POST: one object, or several."""

        async def payload(body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
            profile = await self.aside(lambda: self._profile(body, form), len(body))
            names = [str(read_identity(element)) for element in objects_of(profile)]
            return profile, Receipt(result="", count=len(names), ids=tuple(names))

        outcome, receipt = await self.submit(call, payload, "create")
        alone = receipt.ids if len(receipt.ids) == 1 else ()
        return self.receipt(call, outcome, receipt, *(("location", self.url(call, name)) for name in alone))

    async def collect(self, call: RestCall) -> Response:
        """GET: the objects that fit, in the order in which they became known."""
        query = call.query(*self.parameters)
        place, moment = query.cursor(Place) or Place(query.limit()), query.moment("asOf")
        asked = [(self.member, text) for text in query.all("id")]
        asked += [("Meter", text) for text in query.all("meter")]
        asked += [("UsagePoint", text) for text in query.all("usagePoint")]
        outcome = await self._ask(call, asked, place.options | ({} if moment is None else {"asOf": moment}))
        if outcome.failed and not outcome.empty:
            return outcome.problem(unknown=404).response(call.form)
        cursor = None if outcome.continuation is None else as_token(Place(place.size, outcome.continuation))
        told = offences_of(tuple(error for error in outcome.errors if error.code != "5.7"))
        beside = {name: value for name, value in (("nextCursor", cursor), ("errors", told)) if value}
        link = query.link(self.url(call), cursor)
        return await asyncio.to_thread(self._told, call, outcome.payload, beside, link)

    async def fetch(self, call: RestCall, name: str) -> Response:
        """GET by mRID or name."""
        call.query()
        outcome = await self._ask(call, [(self.member, name)], {})
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return self._told(call, outcome.payload, {})

    async def amend(self, call: RestCall, name: str) -> Response:
        """PATCH: what the body names takes the place of what stood under that name; the rest stays."""
        call.query()
        identity = await self._identity(call, self.member, name)

        async def payload(body: bytes, form: Form) -> tuple[etree._Element, Receipt]:
            profile = self._profile(body, form)
            self._address(profile, identity[0])
            return profile, Receipt(result="", count=1, ids=(name,))

        outcome, _ = await self.submit(call, payload, "change")
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return await self.fetch(call, name)

    async def remove(self, call: RestCall, name: str) -> Response:
        """DELETE: the object holds no longer; what it was is kept."""
        call.query()
        ids = [self._id(self.member, identity) for identity in await self._identity(call, self.member, name)]
        outcome = await call.exchange.send("delete", self.noun, message_id=call.message_id, ids=ids)
        if outcome.failed:
            return outcome.problem(unknown=404).response(call.form)
        return Response(status=204)

    # ------------------------------------------------------------------------------------- inside

    def _profile(self, body: bytes, form: Form) -> etree._Element:
        """The profile that a body says. Raises Fault with pointers."""
        if form is Form.XML:
            return self._of_xml(parse(body, self.tools.budget))
        if form is Form.NDJSON:
            return self._of_json([self._text.read(line, self.tools.budget) for line in body.splitlines() if line])
        return self._of_json(self._text.read(body, self.tools.budget))

    def _of_json(self, value: Any) -> etree._Element:
        if isinstance(value, dict) and not value.keys() & set(self.tools.catalogue.parts_of(self.noun)):
            value = [value]
        alone = isinstance(value, list)
        profile = self.tools.bridge.from_json({self.member: value} if alone else value, self._tag)
        self._check(profile)
        return profile

    def _of_xml(self, root: etree._Element) -> etree._Element:
        if not namespace(root):
            for element in root.iter(etree.Element):
                if not namespace(element):
                    element.tag = self._xml.tag(local(element))
        if local(root) == self.member:
            profile = etree.Element(f"{{{namespace(root)}}}{self.noun}")
            profile.append(root)
            root = profile
        self._check(root)
        return root

    def _check(self, profile: etree._Element) -> None:
        """Raises Invalid for what has no object of this resource. Whether it is valid, the pipeline says."""
        if local(profile) != self.noun or not any(name == self.member for name, _ in children(profile)):
            found = f"{local(profile)} without {self.member}"
            finding = Finding(line=0, path="", found=found, expected=f"{self.noun} with {self.member} in it")
            raise Invalid(f"The body has no {self.member}.", [finding], code="1.7")

    def _address(self, profile: etree._Element, identity: Identity) -> None:
        """Say in ``profile`` whom the URL means. Raises Invalid where it says another."""
        own = [element for name, element in children(profile) if name == self.member]
        given = read_identity(own[0])
        if len(own) > 1 or (
            given and (given.mrid, identity.mrid) not in ((None, None), (identity.mrid, given.mrid))
        ):
            found = f"{len(own)} objects" if len(own) > 1 else str(given)
            finding = Finding(
                line=0, path=f"/{self.member}", found=found, expected=f"{identity} alone, as the URL says"
            )
            raise Invalid("The body is of another object than the URL.", [finding], code="2.15")
        if not given:
            holder = self._xml.identity(own[0], self.member, identity)
            own[0].remove(holder)
            order = self.tools.catalogue.order(profile, own[0])
            parts = sorted(
                [*own[0], *holder], key=lambda part: order.index(local(part)) if local(part) in order else 0
            )
            own[0][:] = parts

    async def _identity(self, call: RestCall, name: str, text: str) -> list[Identity]:
        kind = kind_of(name)
        wanted = {kind: [text]} if await call.exchange.known() else {}
        known = await self.tools.book.look_up(wanted, call.exchange.scopes)
        return known.of(kind, text)

    async def _ask(self, call: RestCall, asked: Sequence[tuple[str, str]], options: dict[str, str]) -> Outcome:
        ids = [
            self._id(name, identity) for name, text in asked for identity in await self._identity(call, name, text)
        ]
        return await call.exchange.send("get", self.noun, ids=ids, options=options)

    @staticmethod
    def _id(name: str, identity: Identity) -> ID:
        return write_id(name, identity)

    def _told(
        self, call: RestCall, payload: Sequence[etree._Element], beside: dict[str, Any], *headers: tuple[str, str]
    ) -> Response:
        """Profiles as one body."""
        if call.form is Form.XML:
            profile = payload[0] if payload else etree.Element(self._tag)
            body = etree.tostring(profile, xml_declaration=True, encoding="UTF-8")
            return Response(content_type=Form.XML.content_type, body=body, headers=headers)
        members: dict[str, Any] = {self.member: []}
        for profile in payload:
            for name, value in self.tools.bridge.to_json(profile).items():
                members.setdefault(name, []).extend(value)
        body = self._text.write({**members, **msgspec.to_builtins(beside)})
        return Response(content_type=Form.JSON.content_type, body=body, headers=headers)
