"""The message model of IEC 61968-100 edition 1 (facts/envelope.md §1): what a message says, not how.

Payloads stay XML elements: only a noun knows what they mean.

Structs, because a message makes a dozen of these and a frozen dataclass takes ten times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from lxml import etree


class ID(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier with the ID attributes. ``kind``: name, uuid, transaction or other (absent = uuid)."""

    value: str
    id_type: str | None = None
    id_authority: str | None = None
    object_type: str | None = None
    kind: str | None = None


class ReplayDetection(msgspec.Struct, frozen=True, kw_only=True):
    """``nonce`` never repeats from one source within a day; ``created`` is the freshness clock."""

    nonce: str
    created: str


class User(msgspec.Struct, frozen=True, kw_only=True):
    user_id: str
    organization: str | None = None


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """``verb`` is kept as sent: whether it is one of the fourteen is for the pipeline to say."""

    verb: str
    noun: str
    revision: str | None = None
    replay_detection: ReplayDetection | None = None
    context: str | None = None
    timestamp: str | None = None
    source: str | None = None
    async_reply_flag: bool = False
    reply_address: str | None = None
    ack_required: bool = True
    user: User | None = None
    message_id: str | None = None
    correlation_id: str | None = None
    comment: str | None = None
    properties: tuple[tuple[str, str | None], ...] = ()

    def answered(self, *, source: str, now: datetime, message_id: str) -> Header:
        """The header of the reply to this one (facts/envelope.md §5.2).

        CorrelationID echoes the request's, else its MessageID; ``message_id`` and Timestamp are fresh.
        """
        return Header(
            verb="reply",
            noun=self.noun,
            revision=self.revision,
            context=self.context,
            timestamp=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            source=source,
            message_id=message_id,
            correlation_id=self.correlation_id or self.message_id,
        )


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The Request part. ``start_time`` and ``end_time`` are dateTimes as sent.

    ``filters`` are the elements of the wildcard, in practice one ``Get<Noun>`` query profile, which
    wins over times and ids (facts/envelope.md §1.4).
    """

    start_time: str | None = None
    end_time: str | None = None
    options: tuple[tuple[str, str | None], ...] = ()
    ids: tuple[ID, ...] = ()
    filters: tuple[etree._Element, ...] = ()


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The Payload part: profile elements as parsed, or what stands in their place."""

    elements: tuple[etree._Element, ...] = ()
    operation_set: etree._Element | None = None
    compressed: str | None = None
    format: str | None = None
    ids: tuple[ID, ...] = ()
    strays: tuple[etree._Element, ...] = ()
    """Elements in the envelope's namespace, or in none, that are no part of a Payload."""


class Result(StrEnum):
    OK = "OK"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """One ``Reply/Error``. ``level``: INFORM, WARNING, FATAL or CATASTROPHIC.

    ``id`` names the object that the error is about, ``related_id`` the message or object it relates to,
    ``operation_id`` the Operation of an OperationSet (None: the whole message).
    """

    code: str
    level: str | None = None
    reason: str | None = None
    details: str | None = None
    id: ID | None = None
    related_id: ID | None = None
    operation_id: int | None = None


_DONE = (Error(code="0.0"),)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some of an answer that is told piece by piece: Errors first, then IDs, then what its payload holds, in
    profile ``elements``. These are roots with some of their contents, which go on in the next piece if that has
    the same tag; where they are ``whole``, each is a document of its own.

    ``one_document``: all that the payload holds is. ``count``: how many readings or objects.
    ``following`` makes the next piece, in a snapshot that it is given; None in the last.
    """

    errors: tuple[Error, ...] = ()
    ids: tuple[ID, ...] = ()
    elements: tuple[etree._Element, ...] = ()
    whole: bool = False
    one_document: bool = True
    count: int = 0
    following: Callable[[Any], Piece] | None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler answers: the Reply part and, for a successful get, the payload, a profile element (one
    for each revision of a profile that objects were stored in), or ``compressed`` in its place; or the first
    ``piece`` of an answer that is too large to be held: ``errors`` and ``ids`` then go on in pieces.

    ``operation_id`` is for a reply to one Operation of an OperationSet alone.
    """

    result: Result = Result.OK
    errors: tuple[Error, ...] = _DONE
    ids: tuple[ID, ...] = ()
    payload: tuple[etree._Element, ...] = ()
    compressed: str | None = None
    piece: Piece | None = None
    operation_id: int | None = None

    @property
    def remarks(self) -> tuple[Error, ...]:
        """Its errors, without the one that says there is none."""
        return tuple(error for error in self.errors if error not in _DONE)

    @classmethod
    def of(cls, errors: list[Error], *, any_done: bool, payload: tuple[etree._Element, ...] = ()) -> Reply:
        """OK without errors, PARTIAL where some objects failed, FAILED where none was done."""
        if not errors:
            return cls(payload=payload)
        if any_done:
            return cls(result=Result.PARTIAL, errors=tuple(errors), payload=payload)
        return cls(result=Result.FAILED, errors=tuple(errors))

    @classmethod
    def acknowledged(cls) -> Reply:
        """Received, and nothing is to be done: code 0.3 (facts/envelope.md §5.7)."""
        return cls(errors=(Error(code="0.3"),))

    @property
    def plain(self) -> bool:
        """Nothing but "done": what nearly every reply to a create says."""
        return (
            self.errors == _DONE
            and self.result is Result.OK
            and not self.payload
            and self.compressed is None
            and self.piece is None
            and not self.ids
            and self.operation_id is None
        )

    @property
    def code(self) -> str:
        """The code of the first error, for journals and metrics; ``0.0`` where there is none."""
        return self.errors[0].code if self.errors else "0.0"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A request, an event or a reply, whatever wire shape it came in."""

    header: Header
    request: Request | None = None
    reply: Reply | None = None
    payload: Payload | None = None
