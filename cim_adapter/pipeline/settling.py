"""Inside the transaction: carried out once, answered in the shape of its request, journaled."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree
from msgspec.structs import replace

from cim_adapter import instants
from cim_adapter.access import Access
from cim_adapter.envelope import (
    MESSAGE,
    Header,
    PieceWriter,
    Reply,
    ReplyWords,
    ReplyWriter,
    Result,
    carrier_of,
    read_message,
    same_content,
)
from cim_adapter.errors import DuplicateMessage
from cim_adapter.pipeline.inflation import Inflater, may_be_compressed
from cim_adapter.pipeline.passage import Understood
from cim_adapter.pipeline.policy import Policy
from cim_adapter.pipeline.streaming import Streaming
from cim_adapter.schema import Budget, parse, reparse
from cim_adapter.schema.bridge import Bridge
from cim_adapter.settings import Settings
from cim_adapter.store import journal, nonces
from cim_adapter.store.transaction import Transaction
from cim_adapter.store.writer import Work
from cim_adapter.wire import Answer, Wire

#: How a body begins that was understood and is no XML.
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")


class Settling:
    """Carries calls out, each once. Holds no state of any message."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        bridge: Bridge,
        *,
        budget: Budget,
        inflater: Inflater,
        policy: Policy,
        words: ReplyWords,
        streaming: Streaming,
    ) -> None:
        self._settings = settings
        self._access = access
        self._bridge = bridge
        self._budget = budget
        self._inflater = inflater
        self._policy = policy
        self._words = words
        self._streaming = streaming
        self._replies = ReplyWriter()

    def work(self, known: Understood, run: Callable[[Transaction], Reply]) -> Work[Answer]:
        """What the writer is to do: ``run`` and all that belongs to it, in one transaction."""
        return Work(
            run=lambda transaction: self._settle(known, transaction, run),
            once=known.entry.once,
            wanted=known.call.wanted,
            keys=known.call.keys,
            charge=known.charge,
        )

    def _settle(self, known: Understood, transaction: Transaction, run: Callable[[Transaction], Reply]) -> Answer:
        """The answer in the shape of its request, journaled; it leaves when the commit is on disk."""
        entry = known.entry
        if known.charge is not None:
            self._access.quotas.check(known.charge, entry.received)
        repeats = None if entry.once is None else transaction.seen.get(entry.once)
        nonce = None
        if repeats is None:
            nonce = self._policy.nonce(transaction, entry.partner, known.sent, entry.received)
        elif (answer := self._again(known, transaction, repeats)) is not None:
            return answer
        reply = self._words.complete(run(transaction))
        piece, writer = reply.piece, None
        if piece is not None:
            writer = PieceWriter(reply, known.shape, self._words, compressed=known.compressed)
        if nonce is not None and reply.result is not Result.FAILED:
            nonces.use(transaction, nonce, now=entry.received)
        header = known.sent.answered(source=self._settings.source, now=datetime.now(UTC), message_id=entry.uid)
        element = known.shape.dressed(self._replies.write(header, reply, known.shape))
        if writer is not None:
            writer.mark(element)
        text = written(element)
        if piece is None or writer is None:
            journal.write(
                transaction, entry, result=reply.result.value, code=reply.code, reply=text, repeats=repeats
            )
            return answered(known.wire, known.sent, element, text)
        journal.write(
            transaction,
            entry,
            result=reply.result.value,
            code=reply.code,
            reply=writer.unmarked(text),
            repeats=repeats,
            streamed=journal.Streamed(state="begun"),
        )
        marked = known.wire.close(element, text)
        return replace(marked, body=b"", stream=self._streaming.told(known, writer, piece, marked.body))

    def _again(self, known: Understood, transaction: Transaction, uid: str) -> Answer | None:
        """The reply that the message got when it was carried out before; None where that was a stream, which is
        not kept and has to be read again.

        Raises DuplicateMessage where the MessageID is the same and the content is not.
        """
        entry, stored = known.entry, journal.read(transaction, uid)
        held = stored.size is None and entry.size is None
        if stored.digest != entry.digest and not (held and self._same(stored, known)):
            raise DuplicateMessage(
                f"MessageID {entry.message_id} was used with other content at "
                f"{instants.as_text(stored.received)}; give every new message a new MessageID"
            )
        if stored.streamed:
            return None
        journal.write(transaction, entry, result=stored.result, code=stored.code, reply=stored.reply, repeats=uid)
        return answered(known.wire, known.sent, reparse(stored.reply), stored.reply)

    def _same(self, stored: journal.Stored, known: Understood) -> bool:
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


def written(message: etree._Element) -> bytes:
    """An answer as the journal keeps it, and as it goes back."""
    return etree.tostring(message, encoding="UTF-8")


def answered(wire: Wire, sent: Header, message: etree._Element, text: bytes) -> Answer:
    """Nothing at all to a sender who wants no answer (facts/envelope.md §5.1, one-way)."""
    return wire.close(message, text) if sent.ack_required else Answer(body=b"", status=202)
