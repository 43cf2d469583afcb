"""The journal: every message of an authenticated partner, with the answer it got."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select, update

from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.sealing import Vault
from cim_adapter.store.trail import Event
from cim_adapter.store.transaction import Reader, Transaction


def new_uid() -> str:
    """A version 7 UUID: sorts by time, so the journal grows at its end (RFC 9562 §5.7)."""
    chance = random.getrandbits(74)  # it has to be unique, not secret
    number = (
        (time.time_ns() // 1_000_000) << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1
    )
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


Once = tuple[bytes, str]
"""What makes a message the same message: the key of its MessageID, and the partner who gave it."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row to be: what is known of a message before its answer is."""

    uid: str
    received: int
    transport: str
    remote: str | None
    partner: str
    digest: bytes
    request: bytes
    """Sealed with ``seal_request``."""
    verb: str | None = None
    noun: str | None = None
    source: str | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    credential: str | None = None
    subjects: tuple[str, ...] = ()
    """The first objects that the message is about, as ``trail.Event`` has them; ``subject_count`` in all."""
    subject_count: int = 0
    warnings: str | None = None
    """JSON: which switches of the partner's profile the message needed, and where."""

    size: int | None = None
    """Bytes of the body where ``request`` holds only its frame; ``digest`` is that of all of it."""

    once: Once | None = None
    """Made of MessageID and partner. None for a message without MessageID: it is always a new one."""

    def __post_init__(self) -> None:
        if self.message_id:
            msgspec.structs.force_setattr(self, "once", (ordered_key(self.message_id), self.partner))


class Streamed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of an answer that was written while it was read, beside what stands around its payload.

    ``state``: begun, told or broken off, for a ``reason``; ``size`` in bytes and SHA-256 are of the whole message
    as it left, ``count`` is the number of readings or objects in it.
    """

    state: str
    size: int = 0
    sha256: str = ""
    count: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A message that was carried out before."""

    uid: str
    received: int
    digest: bytes
    result: str
    code: str
    request: bytes
    reply: bytes
    size: int | None = None
    streamed: bool = False
    """The answer was a stream: ``reply`` is what stood around it."""


def seal_request(vault: Vault, uid: str, body: bytes) -> bytes:
    return vault.seal(body, f"journal/{uid}/request")


def write(
    transaction: Transaction,
    entry: Entry,
    *,
    result: str,
    code: str,
    reply: bytes,
    repeats: str | None = None,
    streamed: Streamed | None = None,
) -> None:
    """Add the row, and tell the audit trail. ``streamed``: ``reply`` is what stands around such an answer.

    A message that failed does not use up its MessageID: nothing was done, so the partner may mend it and
    send it again under the same one.
    """
    carried_out = result in ("OK", "PARTIAL") and repeats is None
    once = entry.once
    transaction.add(
        transaction.tables.journal,
        {
            "uid": entry.uid,
            "received": entry.received,
            "transport": entry.transport,
            "remote": entry.remote,
            "partner": entry.partner,
            "verb": entry.verb,
            "noun": entry.noun,
            "source": entry.source,
            "message_id": entry.message_id,
            "correlation_id": entry.correlation_id,
            "result": result,
            "code": code,
            "digest": entry.digest,
            "size": entry.size,
            "message_key": once[0] if once else None,
            "correlation_key": ordered_key(entry.correlation_id) if entry.correlation_id else None,
            "once": 1 if carried_out else None,
            "repeats": repeats,
            "warnings": entry.warnings,
            "streamed": None if streamed is None else _as_text(streamed),
            "request": entry.request,
            "reply": transaction.vault.seal(reply, f"journal/{entry.uid}/reply"),
        },
    )
    transaction.audit(_event(entry, result, code))
    if carried_out and once is not None:
        transaction.remember_seen(once, entry.uid)


def end_stream(transaction: Transaction, entry: Entry, streamed: Streamed, *, code: str | None) -> None:
    """Say in the row how the answer ended. With a ``code`` it broke off: the message failed, and the audit trail
    is told so, too.
    """
    journal = transaction.tables.journal
    ended: dict[str, Any] = {"streamed": _as_text(streamed)}
    if code is not None:
        ended |= {"result": "FAILED", "code": code, "once": None}
        transaction.audit(msgspec.structs.replace(_event(entry, "FAILED", code), calls=0))
    transaction.execute(update(journal).where(journal.c.uid == entry.uid).values(ended))


def _as_text(streamed: Streamed) -> str:
    return msgspec.json.encode(streamed).decode()


def _event(entry: Entry, result: str, code: str) -> Event:
    return Event(
        received=entry.received,
        partner=entry.partner,
        credential=entry.credential,
        transport=entry.transport,
        remote=entry.remote,
        verb=entry.verb,
        noun=entry.noun,
        subjects=entry.subjects,
        subject_count=entry.subject_count,
        result=result,
        code=code,
        journal_uid=entry.uid,
    )


def read(reader: Reader, uid: str) -> Stored:
    """The message and answer of ``uid``, opened. Raises KeyError where there is none."""
    journal = reader.tables.journal
    for row in reader.select(select(journal).where(journal.c.uid == uid)):
        return Stored(
            uid=uid,
            received=row.received,
            digest=bytes(row.digest),
            size=row.size,
            streamed=row.streamed is not None,
            result=row.result,
            code=row.code,
            request=reader.vault.open(bytes(row.request), f"journal/{uid}/request"),
            reply=reader.vault.open(bytes(row.reply), f"journal/{uid}/reply"),
        )
    raise KeyError(uid)


def carried_out(reader: Reader, once: Once) -> str | None:
    """The uid of the message with this once key, if it was carried out."""
    columns = reader.tables.journal.c
    found = reader.select(
        select(columns.uid).where(columns.message_key == once[0], columns.partner == once[1], columns.once == 1)
    )
    uid: str | None = found.scalar()
    return uid
