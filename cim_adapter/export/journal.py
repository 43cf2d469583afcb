"""The journal: who sent what and when, and what became of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.envelope import Error, Result
from cim_adapter.items.members import CARRIED
from cim_adapter.items.query import Parameters
from cim_adapter.items.rows import members
from cim_adapter.nouns.readings.model import Period
from cim_adapter.store import journal, journal_lists
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader

_AT_ONCE = 1_000  # messages
_BYTES_AT_ONCE = 4_000_000  # of their bodies; one alone may have more


class JournalMessage(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A message of the journal. ``repeats`` is the uid of the message that it repeats; ``warnings`` are what the
    partner's profile let pass, as JSON. ``size`` is how many bytes the request had, where the journal has only its
    frame. A body that is no text which XML can carry is there in base64.

    ``streamed`` is how an answer ended that was written while it was read: told, or broken off for a reason, with
    so many bytes and so many readings or objects; or begun alone.
    """

    uid: str
    received_date_time: str
    partner: str
    transport: str
    remote: str | None = None
    verb: str | None = None
    noun: str | None = None
    source: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    result: str
    code: str
    repeats: str | None = None
    size: int | None = None
    warnings: str | None = None
    streamed: str | None = None
    streamed_reason: str | None = None
    streamed_size: int | None = None
    streamed_sha256: str | None = None
    streamed_count: int | None = None
    request: str | None = None
    request_base64: str | None = msgspec.field(default=None, name="requestBase64")
    reply: str | None = None
    reply_base64: str | None = msgspec.field(default=None, name="replyBase64")


@dataclass(frozen=True, slots=True)
class _Messages:
    messages: Sequence[JournalMessage]
    carried: re.Pattern[str]

    @property
    def size(self) -> int:
        return len(self.messages)

    def rows(self) -> Sequence[JournalMessage]:
        return self.messages

    def document(self) -> etree._Element:
        root = etree.Element("journal")
        for message in self.messages:
            element = etree.SubElement(root, "message")
            for name, value in members(message).items():
                # A name or an id that came as JSON may have what XML cannot carry.
                etree.SubElement(element, name).text = self.carried.sub("\ufffd", str(value))
        return root


class Journal:
    """Messages in the order in which they arrived."""

    noun, unit, row = "Journal", "messages", JournalMessage

    def __init__(self, given: Parameters, *, bodies: bool = False) -> None:
        """Raises UnusableParameter. With ``bodies`` requests and replies are opened."""
        start, end = given.times()
        self._window = Period(start=start, end=end).window()
        self._results = sorted(given.words("status", [result.value for result in Result]))
        self._partners = given.all("partner")
        self._bodies = bodies
        self._not_carried = re.compile(CARRIED.replace("[^", "[", 1))
        self._carried = re.compile(f"{CARRIED}*")

    def named(self, reader: Reader) -> list[tuple[str, Identity]]:
        return [("Journal", Identity("bodies"))] if self._bodies else []

    def total(self, reader: Reader) -> int:
        return 0

    def empty(self) -> etree._Element:
        return etree.Element("journal")

    def batches(self, reader: Reader, errors: list[Error]) -> Iterator[_Messages]:
        some: list[JournalMessage] = []
        size = 0
        lines = journal_lists.listed(reader, window=self._window, results=self._results, partners=self._partners)
        for line in lines:
            bodies = self._opened(reader, line.uid) if self._bodies else {}
            some.append(_message(line, bodies))
            size += sum(map(len, bodies.values()))
            if len(some) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
                yield _Messages(some, self._not_carried)
                some, size = [], 0
        if some:
            yield _Messages(some, self._not_carried)

    def _opened(self, reader: Reader, uid: str) -> dict[str, str]:
        stored = journal.read(reader, uid)
        return {**self._text("request", stored.request), **self._text("reply", stored.reply)}

    def _text(self, name: str, body: bytes) -> dict[str, str]:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = None
        if text is not None and "\r" not in text and self._carried.fullmatch(text):
            return {name: text}
        return {f"{name}_base64": base64.b64encode(body).decode()}


def _message(line: journal_lists.Line, bodies: dict[str, Any]) -> JournalMessage:
    message = JournalMessage(
        uid=line.uid,
        received_date_time=instants.as_text(line.received, exact=True),
        partner=line.partner,
        transport=line.transport,
        remote=line.remote,
        verb=line.verb,
        noun=line.noun,
        source=line.source,
        message_id=line.message_id,
        correlation_id=line.correlation_id,
        result=line.result,
        code=line.code,
        repeats=line.repeats,
        size=line.size,
        warnings=line.warnings,
        **bodies,
    )
    if line.streamed is not None:
        _tell(message, line.streamed)
    return message


def _tell(message: JournalMessage, ended: journal.Streamed) -> None:
    """Add how the answer ended; while it has not, nothing of it is counted."""
    message.streamed, message.streamed_reason = ended.state, ended.reason
    if ended.sha256:
        message.streamed_size, message.streamed_sha256 = ended.size, ended.sha256
        message.streamed_count = ended.count
