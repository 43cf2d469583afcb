"""From bytes to a call that is ready to run: open, recognise, may, valid, prepare. Needs no transaction."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

from lxml import etree

from cim_adapter.access import Access, Identity
from cim_adapter.access.audit import subjects
from cim_adapter.codes import CodeLists
from cim_adapter.envelope import (
    MESSAGE_NS,
    Message,
    Payload,
    ReplyWords,
    Request,
    Shape,
    ShapeReader,
    Verb,
    as_message,
    read_message,
    wants_compressed,
)
from cim_adapter.errors import UnknownNoun, UnknownVerb
from cim_adapter.nouns.registry import Call, Handler, Registry
from cim_adapter.partners import Switch
from cim_adapter.pipeline.inflation import Inflater
from cim_adapter.pipeline.operations import Operations
from cim_adapter.pipeline.passage import Passage, Understood
from cim_adapter.pipeline.policy import Policy
from cim_adapter.schema import Budget, Catalogue
from cim_adapter.settings import Settings
from cim_adapter.steps import Steps
from cim_adapter.store.sealing import Vault
from cim_adapter.tolerance import MENDABLE, Mended, Tally, Tolerance
from cim_adapter.xmltree import namespace


class Understanding:
    """Reads messages, and admits them. Holds no state of any message."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        catalogue: Catalogue,
        access: Access,
        vault: Vault,
        *,
        budget: Budget,
        codes: CodeLists,
        inflater: Inflater,
        policy: Policy,
        words: ReplyWords,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._catalogue = catalogue
        self._access = access
        self._vault = vault
        self._budget = budget
        self._codes = codes
        self._inflater = inflater
        self._policy = policy
        self._shapes = ShapeReader()
        self._operations = Operations(settings, registry, catalogue, access, words)
        self._tolerance = Tolerance(settings.partners, catalogue, registry.nouns)
        self.tolerated = Tally()

    def understand(self, passage: Passage) -> Steps[Understood]:
        """From bytes to a call that is ready to run. ``passage`` keeps what is known when it raises."""
        call, handler, prepared = yield from self.prepare(passage)
        yield
        if passage.shape is None or passage.sent is None:
            raise RuntimeError("a message without shape and header cannot have been prepared")
        passage.entry = entry = passage.as_entry(self._vault, *subjects(call))
        return Understood(
            wire=passage.arrival.wire,
            shape=passage.shape,
            sent=passage.sent,
            body=passage.arrival.body,
            call=call,
            handler=handler,
            prepared=prepared,
            entry=entry,
            charge=passage.charge,
            scopes=passage.identity.scopes,
            compressed=passage.compressed,
        )

    def prepare(self, passage: Passage) -> Steps[tuple[Call, Handler, Any]]:
        """All of ``understand`` but what the journal is to be told: for a chunk of a larger message."""
        arrival = passage.arrival
        document = arrival.read(arrival.body, self._budget)
        yield
        root = arrival.wire.open(document)
        shape, carrier = self._shapes.recognise(root)
        passage.shape = shape
        if shape.dialect is not None:
            shape.dialect.put_off(carrier)
        yield
        passage.message = message = read_message(carrier)
        passage.sent = sent = message.header
        passage.compressed = wants_compressed(message)
        if message.payload is not None and message.payload.compressed is not None:
            passage.message = message = self._inflater.open(message, carrier, arrival.body)
            passage.inflated = True
        self._policy.admit(sent, unrepeatable=arrival.unrepeatable)
        yield
        try:
            handler = self._admit(passage, message, shape, carrier)
            mended = self._mend(passage, carrier, shape) if self._operations.blemished(message) else None
        except MENDABLE:
            mended = self._mend(passage, carrier, shape)
            if mended is None:
                raise
        if mended is not None:
            shape, message, handler = self._admit_mended(passage, mended, carrier)
        yield
        call = Call(
            uid=passage.uid,
            partner=passage.identity.name,
            message=message,
            vault=self._vault,
            settings=self._settings,
            codes=self._codes,
            catalogue=self._catalogue,
            streams=arrival.streams and sent.ack_required,
            content=arrival.content,
            first=passage.first,
            positions=count(passage.first),
        )
        return call, handler, handler.prepare(call)

    def _mend(self, passage: Passage, carrier: etree._Element, shape: Shape) -> Mended | None:
        return self._tolerance.mend(carrier, shape, passage.identity.name)

    def _admit(
        self,
        passage: Passage,
        message: Message,
        shape: Shape,
        carrier: etree._Element,
        excused: Collection[Switch] = (),
    ) -> Handler:
        """Who carries the message out: it is strictly as it must be, but for what is ``excused``."""
        verb, noun = self._route(message, shape)
        self._tolerance.agree(message, shape, excused)
        handler = self._handler(passage.identity, message, verb, noun)
        self._validate(shape, carrier, message, passage.size)
        return handler

    def _admit_mended(
        self, passage: Passage, mended: Mended, carrier: etree._Element
    ) -> tuple[Shape, Message, Handler]:
        """Try it once more, as it was mended; what was let pass is kept and counted."""
        passage.shape, passage.message = shape, message = mended.shape, read_message(carrier)
        handler = self._admit(passage, message, shape, carrier, mended.switches)
        passage.uses = mended.uses
        if not passage.first:
            self.tolerated.count(passage.identity.name, mended.uses)
        return shape, message, handler

    @staticmethod
    def _route(message: Message, shape: Shape) -> tuple[str, str]:
        """Verb and noun of the header, which a typed root must not contradict. What carries a Reply and no
        profile is a late answer, also where its root is that of an event.
        """
        header = message.header
        if not Verb.knows(header.verb):
            raise UnknownVerb(f"{header.verb[:80]!r} is no verb; these are: {', '.join(Verb)}")
        if shape.typed_noun is not None and header.noun != shape.header_noun:
            raise UnknownNoun(
                f"Header/Noun is {header.noun}, but the root {shape.operation} is of {shape.header_noun}"
            )
        if shape.typed_verb is not None and header.verb != shape.typed_verb:
            raise UnknownVerb(f"Header/Verb is {header.verb}, but the root is {shape.operation}")
        late = message.reply is not None and not (message.payload and message.payload.elements)
        return "reply" if late else header.verb, header.noun

    def _handler(self, identity: Identity, message: Message, verb: str, noun: str) -> Handler:
        """Who carries out ``verb`` on ``noun``, if the caller may have it done."""
        if verb != Verb.REPLY and self._operations.are_in(message):
            return self._operations.handler(identity, message)
        handler = self._registry.find(verb, noun)
        self._access.may(identity, verb, noun)
        return handler

    def _validate(self, shape: Shape, carrier: etree._Element, message: Message, size: int | None) -> None:
        """The whole typed message against its own XSD; else envelope and profiles, each against theirs."""
        if namespace(carrier) != MESSAGE_NS:
            self._catalogue.check(carrier, size=size)
            return
        payload, request = message.payload or Payload(), message.request or Request()
        # A forgotten xmlns puts a profile into the envelope's namespace: say that, not that it is misplaced.
        for element in (*payload.strays, *payload.elements):
            if element in payload.strays or self._catalogue.schema_for(element) is None:
                raise self._catalogue.unknown(element)
        with as_message(carrier, shape):
            self._catalogue.check(carrier, size=size)
        for element in (*payload.elements, *request.filters):
            self._catalogue.check(element, size=size)
