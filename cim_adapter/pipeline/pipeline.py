"""The one way in. Every message of every transport passes here:

    who ► budget ► parse ► open ► recognise ► may ► valid ► prepare ─► run ─► journal ─► commit ─► dress
    └───────────────── outside the transaction ─────────────────┘   └─ one transaction ─┘

Whoever is not known is stopped before a byte is parsed. Whatever goes wrong later is answered and kept
in the journal, with what was known of the message by then. "Seen before?" is asked inside the
transaction, where no other process can slip in between question and answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from cim_adapter import instants
from cim_adapter.access import Access, Allowance, Identity
from cim_adapter.codes import CodeLists
from cim_adapter.envelope import (
    ID,
    Reply,
    ReplyWords,
    Result,
    Verb,
    packed,
    write_fault,
    write_reply,
)
from cim_adapter.errors import (
    AdapterError,
    Failed,
    OverQuota,
    Refused,
    Unauthenticated,
)
from cim_adapter.nouns.registry import Registry
from cim_adapter.pipeline.bulk import Bulk
from cim_adapter.pipeline.inflation import Inflater, may_be_compressed
from cim_adapter.pipeline.passage import Passage, Understood
from cim_adapter.pipeline.policy import Policy
from cim_adapter.pipeline.settling import Settling, answered, written
from cim_adapter.pipeline.streaming import Streaming
from cim_adapter.pipeline.understanding import Understanding
from cim_adapter.processors import Processors
from cim_adapter.schema import Budget, Catalogue
from cim_adapter.schema.bridge import Bridge
from cim_adapter.settings import Settings
from cim_adapter.steps import Steps, finish
from cim_adapter.store import journal
from cim_adapter.store.store import Store
from cim_adapter.store.trail import Event
from cim_adapter.store.transaction import Reader
from cim_adapter.store.writer import Work
from cim_adapter.tolerance import Tally
from cim_adapter.wire import Answer, Arrival, Interrupted, Stream, StreamBroken, Wire

CarryOut = Callable[[Passage], Awaitable[Answer]]


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
        processors: Processors,
    ) -> None:
        self._settings = settings
        self._access = access
        self._store = store
        self._log = logging.getLogger("cim_adapter.pipeline")
        self._large = asyncio.Semaphore(settings.large_at_once)
        codes = CodeLists()
        budget = Budget(
            max_bytes=settings.max_bytes,
            max_elements=settings.max_elements,
            max_attributes_per_element=settings.max_attributes,
            max_namespace_declarations=settings.max_namespaces,
        )
        inflater, policy = Inflater(budget, settings.max_inflation), Policy(settings)
        self._words = words = ReplyWords(codes.reply_codes)
        self._understanding = Understanding(
            settings,
            registry,
            catalogue,
            access,
            store.vault,
            budget=budget,
            codes=codes,
            inflater=inflater,
            policy=policy,
            words=words,
        )
        self._settling = Settling(
            settings,
            access,
            bridge,
            budget=budget,
            inflater=inflater,
            policy=policy,
            words=words,
            streaming=Streaming(store),
        )
        self._bulk = Bulk(settings, registry, store, self._understanding, self._settling, processors)

    @property
    def tolerated(self) -> Tally:
        """How often each deviation of each partner was let pass."""
        return self._understanding.tolerated

    async def take(self, arrival: Arrival) -> Answer:
        """Answer one message. Never raises for anything that a message can do."""
        return await self._let_in(arrival, self._carry_out)

    async def take_stream(self, arrival: Arrival, stream: Stream) -> Answer:
        """``take`` for a body of any size: it comes from ``stream``, and ``arrival`` has none. A message that
        cannot be taken in parts is taken as a whole, if it has at most ``max_bytes``. Raises StreamBroken and,
        where the stream has a ``source``, Interrupted.
        """

        async def carry_out(passage: Passage) -> Answer:
            outcome = await self._bulk.take(passage, stream)
            if isinstance(outcome, Answer):
                return outcome
            passage.arrival = replace(passage.arrival, body=outcome)
            passage.entry = None
            return await self._carry_out(passage)

        return await self._let_in(arrival, carry_out)

    def started(self) -> None:
        """See to what is left from before, beside the traffic. To be called in the loop that messages come in."""
        self._bulk.sweep()

    def close(self) -> None:
        """Let go of threads."""
        self._bulk.close()

    async def _let_in(self, arrival: Arrival, carry_out: CarryOut) -> Answer:
        try:
            identity = await self._access.who(arrival.credentials)
        except Unauthenticated as error:
            return await self.turn_away(arrival.wire, error, arrival.remote)
        except Exception:  # the database is away: nobody can be let in
            self._log.exception("cannot tell who is calling from %s", arrival.remote)
            failure = Failed("the adapter cannot check credentials now")
            return await self.turn_away(arrival.wire, failure, arrival.remote)
        passage = Passage(arrival, identity)
        try:
            if not arrival.further:
                passage.charge = self._access.quotas.charge(identity, passage.received)
        except OverQuota as error:
            return await self.turn_away(arrival.wire, error, arrival.remote, identity)
        answer = await self._answer_to(passage, carry_out)
        if passage.charge is not None and passage.charge.counted:
            answer = replace(answer, allowance=self._access.quotas.settle(passage.charge, passage.received))
        return answer

    async def _answer_to(self, passage: Passage, carry_out: CarryOut) -> Answer:
        try:
            return await carry_out(passage)
        except (StreamBroken, Interrupted):
            raise  # nobody is there to be answered, or it is not over
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

    async def _carry_out(self, passage: Passage) -> Answer:
        """Small messages are understood by the writer, beside their commit; large ones in a thread of
        their own, so that nobody waits for them. A get reads on a snapshot that keeps no writer waiting.
        """
        body = passage.arrival.body
        if len(body) <= self._settings.inline_bytes and not may_be_compressed(body):
            outcome = await self._store.writer.prepare_and_commit(self._work(passage))
        else:
            async with self._large:
                outcome = await asyncio.to_thread(finish, self._work(passage))
                if isinstance(outcome, Work):
                    outcome = await self._store.commit(outcome)
        if isinstance(outcome, Understood):
            known = outcome
            found = await self._store.read(lambda reader: _found(known, reader))
            outcome = await self._store.commit(self._settling.work(known, lambda _: found))
        answer: Answer = outcome
        return answer

    def _work(self, passage: Passage) -> Steps[Work[Answer] | Understood]:
        """What is to be committed; a get, which must read first, comes back as it was understood."""
        known = yield from self._understanding.understand(passage)
        if Verb(known.handler.verb).reads_only:
            return known
        return self._settling.work(known, known.run)

    async def _refuse(self, passage: Passage, error: AdapterError) -> Answer:
        """A FaultMessage, or a ResponseMessage with Result FAILED (facts/envelope.md §5.5), journaled."""
        own_id = ID(value=passage.uid, id_type="journal", kind="transaction")
        reply = self._words.failure(error, own_id, passage.message)
        if isinstance(error, Refused) and passage.sent is not None and passage.shape is not None:
            header = passage.sent.answered(
                source=self._settings.source, now=datetime.now(UTC), message_id=passage.uid
            )
            element = write_reply(header, reply, passage.shape)
        else:
            element = write_fault(reply, passage.shape)
        if passage.shape is not None:
            element = passage.shape.dressed(element)
        text = written(element)
        entry = passage.entry or passage.as_entry(self._store.vault)
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
            return answered(passage.arrival.wire, passage.sent, element, text)
        return passage.arrival.wire.fault(error, element)


def _found(known: Understood, reader: Reader) -> Reply:
    """The answer to a get. It is compressed here, in a reader's thread, where nobody waits for it."""
    reply = known.run(reader)
    return packed(reply) if known.compressed and reply.piece is None else reply
