"""The one way in. Every message of every transport passes here:

    who ► budget ► parse ► open ► recognise ► may ► valid ► prepare ─► run ─► journal ─► commit ─► dress
    └───────────────── outside the transaction ─────────────────┘   └─ one transaction ─┘

Whoever is not known is stopped before a byte is parsed. Whatever goes wrong later is answered and kept
in the journal, with what was known of the message by then. "Seen before?" is asked inside the
transaction, where no other process can slip in between question and answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
from lxml import etree
from msgspec.structs import replace

from cim_adapter import instants
from cim_adapter.access import Access, Allowance, Identity
from cim_adapter.access.audit import subjects
from cim_adapter.codes import CodeLists
from cim_adapter.envelope import (
    ID,
    MESSAGE,
    MESSAGE_NS,
    Header,
    Message,
    Payload,
    Reply,
    ReplyWords,
    ReplyWriter,
    Request,
    Result,
    Shape,
    ShapeReader,
    Verb,
    as_message,
    carrier_of,
    read_message,
    same_content,
    write_fault,
    write_reply,
)
from cim_adapter.errors import (
    AdapterError,
    DuplicateMessage,
    Failed,
    OverQuota,
    Refused,
    Unauthenticated,
    UnknownNoun,
    UnknownVerb,
)
from cim_adapter.inflation import Inflater, may_be_compressed
from cim_adapter.nouns.registry import Call, Handler, Registry
from cim_adapter.operations import Operations
from cim_adapter.partners import Switch
from cim_adapter.policy import Policy
from cim_adapter.schema import Budget, Catalogue, parse, reparse
from cim_adapter.schema.bridge import Bridge
from cim_adapter.settings import Settings
from cim_adapter.store import journal, nonces
from cim_adapter.store.quota import Charge
from cim_adapter.store.store import Store
from cim_adapter.store.trail import Event
from cim_adapter.store.transaction import Transaction
from cim_adapter.store.writer import Work
from cim_adapter.tolerance import MENDABLE, Mended, Tally, Tolerance, Use, as_json
from cim_adapter.wire import Answer, Arrival, Wire
from cim_adapter.xmltree import namespace

#: How a body begins that was understood and is no XML.
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")


class _Passage(msgspec.Struct):
    """One message on its way, and what is known of it so far: all that a refusal can say."""

    arrival: Arrival
    identity: Identity
    uid: str = msgspec.field(default_factory=journal.new_uid)
    received: int = msgspec.field(default_factory=instants.now)
    shape: Shape | None = None
    sent: Header | None = None
    """The header as it was sent: what the answer echoes."""
    message: Message | None = None
    entry: journal.Entry | None = None
    charge: Charge | None = None
    uses: tuple[Use, ...] = ()


class _Understood(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is ready to be carried out."""

    wire: Wire
    shape: Shape
    sent: Header
    body: bytes
    call: Call
    handler: Handler
    prepared: Any
    entry: journal.Entry
    charge: Charge | None


class Pipeline:
    """Takes messages in. Built once by ``Adapter``; holds no state of any message."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        catalogue: Catalogue,
        bridge: Bridge,
        access: Access,
        store: Store,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._catalogue = catalogue
        self._bridge = bridge
        self._access = access
        self._store = store
        self._tolerance = Tolerance(settings.partners, catalogue, registry.nouns)
        self.tolerated = Tally()
        self._shapes = ShapeReader()
        self._codes = CodeLists()
        self._words = ReplyWords(self._codes.reply_codes)
        self._replies = ReplyWriter()
        self._operations = Operations(settings, registry, catalogue, access, self._words)
        self._log = logging.getLogger("cim_adapter.pipeline")
        self._budget = Budget(
            max_bytes=settings.max_bytes,
            max_elements=settings.max_elements,
            max_attributes_per_element=settings.max_attributes,
            max_namespace_declarations=settings.max_namespaces,
        )
        self._inflater = Inflater(self._budget, settings.max_inflation)
        self._policy = Policy(settings)
        self._large = asyncio.Semaphore(settings.large_at_once)

    async def take(self, arrival: Arrival) -> Answer:
        """Answer one message. Never raises for anything that a message can do."""
        try:
            identity = await self._access.who(arrival.credentials)
        except Unauthenticated as error:
            return await self.turn_away(arrival.wire, error, arrival.remote)
        except Exception:  # the database is away: nobody can be let in
            self._log.exception("cannot tell who is calling from %s", arrival.remote)
            failure = Failed("the adapter cannot check credentials now")
            return await self.turn_away(arrival.wire, failure, arrival.remote)
        passage = _Passage(arrival, identity)
        try:
            if not arrival.further:
                passage.charge = self._access.quotas.charge(identity, passage.received)
        except OverQuota as error:
            return await self.turn_away(arrival.wire, error, arrival.remote, identity)
        answer = await self._answer_to(passage)
        if passage.charge is not None and passage.charge.counted:
            answer = replace(answer, allowance=self._access.quotas.settle(passage.charge, passage.received))
        return answer

    async def _answer_to(self, passage: _Passage) -> Answer:
        try:
            return await self._carry_out(passage)
        except AdapterError as error:
            return await self._refuse(passage, error)
        except Exception:  # a defect of ours, or the database is away: the partner is told, not shown
            self._log.exception("message %s failed", passage.uid)
            return await self._refuse(
                passage,
                Failed("the adapter could not do this; nothing was stored. The operator finds why by the ID"),
            )

    async def turn_away(
        self, wire: Wire, error: AdapterError, remote: str | None, identity: Identity | None = None
    ) -> Answer:
        """The answer to a message that is not let in: not journaled, and told to log and audit trail only so
        often, so that strangers cannot fill the disk.
        """
        self._log.warning("turned away over %s from %s: %s", wire.name, remote, error.reason)
        event = Event(
            received=instants.now(),
            transport=wire.name,
            remote=remote,
            partner=identity.name if identity else None,
            credential=identity.credential if identity else None,
            result=Result.FAILED.value,
            code=error.code,
        )
        await self._access.turned_away.tell(event)
        answer = wire.fault(error, write_fault(self._words.failure(error), None))
        if isinstance(error, OverQuota):
            return replace(answer, allowance=Allowance(limit=error.limit, remaining=0, reset=error.wait))
        return answer

    # ------------------------------------------------------------------- outside the transaction

    def _understand(self, passage: _Passage) -> _Understood:
        """From bytes to a call that is ready to run."""
        arrival = passage.arrival
        root = arrival.wire.open(arrival.read(arrival.body, self._budget))
        shape, carrier = self._shapes.recognise(root)
        passage.shape = shape
        if shape.dialect is not None:
            shape.dialect.put_off(carrier)
        passage.message = message = read_message(carrier)
        passage.sent = sent = message.header
        if message.payload is not None and message.payload.compressed is not None:
            passage.message = message = self._inflater.open(message, carrier, arrival.body)
        self._policy.admit(sent)
        try:
            handler = self._admit(passage.identity, message, shape, carrier)
        except MENDABLE:
            mended = self._tolerance.mend(carrier, shape, passage.identity.name)
            if mended is None:
                raise
            shape, message, handler = self._admit_mended(passage, mended, carrier)
        call = Call(
            uid=passage.uid,
            partner=passage.identity.name,
            message=message,
            vault=self._store.vault,
            settings=self._settings,
            codes=self._codes,
            catalogue=self._catalogue,
        )
        prepared = handler.prepare(call)
        passage.entry = entry = self._entry(passage, *subjects(call))
        return _Understood(
            wire=arrival.wire,
            shape=shape,
            sent=sent,
            body=arrival.body,
            call=call,
            handler=handler,
            prepared=prepared,
            entry=entry,
            charge=passage.charge,
        )

    def _admit(
        self,
        identity: Identity,
        message: Message,
        shape: Shape,
        carrier: etree._Element,
        excused: Collection[Switch] = (),
    ) -> Handler:
        """Who carries the message out: it is strictly as it must be, but for what is ``excused``."""
        verb, noun = self._route(message, shape)
        self._tolerance.agree(message, shape, excused)
        handler = self._handler(identity, message, verb, noun)
        self._validate(shape, carrier, message)
        return handler

    def _admit_mended(
        self, passage: _Passage, mended: Mended, carrier: etree._Element
    ) -> tuple[Shape, Message, Handler]:
        """Try it once more, as it was mended; what was let pass is kept and counted."""
        passage.shape, passage.message = shape, message = mended.shape, read_message(carrier)
        handler = self._admit(passage.identity, message, shape, carrier, mended.switches)
        passage.uses = mended.uses
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

    def _validate(self, shape: Shape, carrier: etree._Element, message: Message) -> None:
        """The whole typed message against its own XSD; else envelope and profiles, each against theirs."""
        if namespace(carrier) != MESSAGE_NS:
            self._catalogue.check(carrier)
            return
        payload, request = message.payload or Payload(), message.request or Request()
        # A forgotten xmlns puts a profile into the envelope's namespace: say that, not that it is misplaced.
        for element in (*payload.strays, *payload.elements):
            if element in payload.strays or self._catalogue.schema_for(element) is None:
                raise self._catalogue.unknown(element)
        with as_message(carrier, shape):
            self._catalogue.check(carrier)
        for element in (*payload.elements, *request.filters):
            self._catalogue.check(element)

    def _entry(self, passage: _Passage, subjects: tuple[str, ...] = (), subject_count: int = 0) -> journal.Entry:
        """The journal's row, as far as it is known."""
        header = passage.message.header if passage.message else None
        body = passage.arrival.body
        return journal.Entry(
            uid=passage.uid,
            received=passage.received,
            transport=passage.arrival.wire.name,
            remote=passage.arrival.remote,
            partner=passage.identity.name,
            digest=hashlib.sha256(body).digest(),
            request=journal.seal_request(self._store.vault, passage.uid, body),
            verb=header.verb if header else None,
            noun=header.noun if header else None,
            source=header.source if header else None,
            message_id=header.message_id if header else None,
            correlation_id=header.correlation_id if header else None,
            credential=passage.identity.credential,
            subjects=subjects,
            subject_count=subject_count,
            warnings=as_json(passage.uses),
        )

    # --------------------------------------------------------------------- inside the transaction

    async def _carry_out(self, passage: _Passage) -> Answer:
        """Small messages are understood by the writer, beside their commit; large ones in a thread of
        their own, so that nobody waits for them. A get reads on a snapshot that keeps no writer waiting.
        """
        body = passage.arrival.body
        if len(body) <= self._settings.inline_bytes and not may_be_compressed(body):
            outcome = await self._store.writer.prepare_and_commit(lambda: self._work(self._understand(passage)))
        else:
            async with self._large:
                outcome = self._work(await asyncio.to_thread(self._understand, passage))
                if isinstance(outcome, Work):
                    outcome = await self._store.commit(outcome)
        if isinstance(outcome, _Understood):
            known = outcome
            found = await self._store.read(lambda reader: known.handler.run(known.call, known.prepared, reader))
            outcome = await self._store.commit(self._settling(known, lambda _: found))
        answer: Answer = outcome
        return answer

    def _work(self, known: _Understood) -> Work[Answer] | _Understood:
        """What is to be committed; a get, which must read first, comes back as it is."""
        if Verb(known.handler.verb).reads_only:
            return known
        return self._settling(
            known, lambda transaction: known.handler.run(known.call, known.prepared, transaction)
        )

    def _settling(self, known: _Understood, run: Callable[[Transaction], Reply]) -> Work[Answer]:
        return Work(
            run=lambda transaction: self._settle(known, transaction, run),
            once=known.entry.once,
            wanted=known.call.wanted,
            keys=known.call.keys,
            charge=known.charge,
        )

    def _settle(self, known: _Understood, transaction: Transaction, run: Callable[[Transaction], Reply]) -> Answer:
        """The answer in the shape of its request, journaled; it leaves when the commit is on disk."""
        entry = known.entry
        if known.charge is not None:
            self._access.quotas.check(known.charge, entry.received)
        if entry.once is not None and entry.once in transaction.seen:
            return self._again(known, transaction, transaction.seen[entry.once])
        nonce = self._policy.nonce(transaction, entry.partner, known.sent, entry.received)
        reply = self._words.complete(run(transaction))
        if nonce is not None and reply.result is not Result.FAILED:
            nonces.use(transaction, nonce, now=entry.received)
        header = known.sent.answered(source=self._settings.source, now=datetime.now(UTC))
        element = known.shape.dressed(self._replies.write(header, reply, known.shape))
        journal.write(
            transaction, entry, result=reply.result.value, code=reply.code, reply=etree.tostring(element)
        )
        return self._answer(known.wire, known.sent, element)

    @staticmethod
    def _answer(wire: Wire, sent: Header, element: etree._Element) -> Answer:
        """Nothing at all to a sender who wants no answer (facts/envelope.md §5.1, one-way)."""
        return wire.close(element) if sent.ack_required else Answer(body=b"", status=202)

    def _again(self, known: _Understood, transaction: Transaction, uid: str) -> Answer:
        """The reply that the message got when it was carried out before.

        Raises DuplicateMessage where the MessageID is the same and the content is not.
        """
        entry, stored = known.entry, journal.read(transaction, uid)
        if stored.digest != entry.digest and not self._same(stored, known):
            raise DuplicateMessage(
                f"MessageID {entry.message_id} was used with other content at "
                f"{instants.as_text(stored.received)}; give every new message a new MessageID"
            )
        journal.write(transaction, entry, result=stored.result, code=stored.code, reply=stored.reply, repeats=uid)
        return self._answer(known.wire, known.sent, reparse(stored.reply))

    def _same(self, stored: journal.Stored, known: _Understood) -> bool:
        """Whether a body that differs in bytes says the same: another SOAP version, a newer Timestamp."""
        # Both from their bytes: validation may have trimmed white space in the tree that was carried out.
        before, now = (self._carrier(body) for body in (stored.request, known.body))
        return before is not None and now is not None and same_content(before, now)

    def _carrier(self, body: bytes) -> etree._Element | None:
        """What carries the message in a body that was understood before; nothing in it is compressed."""
        if _JSON.match(body):
            carrier = carrier_of(self._bridge.read(body, MESSAGE, self._budget))
        else:
            carrier = carrier_of(parse(body, self._budget))
        if carrier is not None and may_be_compressed(body):
            self._inflater.open(read_message(carrier), carrier, body)
        return carrier

    # -------------------------------------------------------------------------------- when it fails

    async def _refuse(self, passage: _Passage, error: AdapterError) -> Answer:
        """A FaultMessage, or a ResponseMessage with Result FAILED (facts/envelope.md §5.5), journaled."""
        own_id = ID(value=passage.uid, id_type="journal", kind="transaction")
        reply = self._words.failure(error, own_id, passage.message)
        if isinstance(error, Refused) and passage.sent is not None and passage.shape is not None:
            header = passage.sent.answered(source=self._settings.source, now=datetime.now(UTC))
            element = write_reply(header, reply, passage.shape)
        else:
            element = write_fault(reply, passage.shape)
        if passage.shape is not None:
            element = passage.shape.dressed(element)
        text = etree.tostring(element)
        entry = passage.entry or self._entry(passage)
        charge = None if passage.charge is None or passage.charge.counted else passage.charge
        try:
            await self._store.commit(
                Work(
                    run=lambda tx: journal.write(
                        tx, entry, result=reply.result.value, code=reply.code, reply=text
                    ),
                    charge=charge,
                )
            )
        except Exception:  # the refusal stands, journal or not; the log keeps what the journal could not
            self._log.exception("refused message %s is not in the journal: %s", passage.uid, error.reason)
        if isinstance(error, Refused) and passage.sent is not None:
            return self._answer(passage.arrival.wire, passage.sent, element)
        return passage.arrival.wire.fault(error, element)
