"""What the journal tells of many messages at once: lines of a list, those that failed, what to call each by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import msgspec
from sqlalchemy import select

from cim_adapter.store.journal import Streamed
from cim_adapter.store.pages import in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What to call a message by."""

    partner: str
    verb: str | None
    noun: str | None
    message_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A message that failed: when, what it was as far as that is known, and why."""

    uid: str
    received: int
    verb: str | None
    noun: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message as the journal lists it. ``repeats`` is the uid of the one that it is the same as; ``size`` is how
    many bytes the body had, where the journal has only its frame. ``streamed`` is how an answer ended that was
    written while it was read.
    """

    uid: str
    received: int
    transport: str
    remote: str | None
    partner: str
    verb: str | None
    noun: str | None
    source: str | None
    message_id: str | None
    correlation_id: str | None
    result: str
    code: str
    repeats: str | None
    size: int | None
    warnings: str | None
    streamed: Streamed | None


_LINE = tuple(item.name for item in fields(Line))


def listed(
    reader: Reader, *, window: tuple[int, int], results: Sequence[str] = (), partners: Sequence[str] = ()
) -> Iterator[Line]:
    """The messages that were received in ``window``, in the order of their arrival; what is empty does not narrow.
    Some are held at a time.
    """
    columns = reader.tables.journal.c
    statement = select(*(columns[name] for name in _LINE)).where(columns.received.between(*window))
    if results:
        statement = statement.where(columns.result.in_(list(results)))
    if partners:
        statement = statement.where(columns.partner.in_(list(partners)))
    for row in in_order(reader, statement, (columns.uid,)):
        yield Line(**{**row._mapping, "streamed": _ending(row.streamed)})


def failures(reader: Reader, *, at_most: int, among: int) -> list[Failure]:
    """The latest messages that failed, the newest first; no more than the latest ``among`` are looked at."""
    columns = reader.tables.journal.c
    latest = (
        select(columns.uid, columns.received, columns.verb, columns.noun, columns.result, columns.code)
        .order_by(columns.uid.desc())
        .limit(among)
        .subquery()
        .c
    )
    statement = select(latest.uid, latest.received, latest.verb, latest.noun, latest.code)
    failed = statement.where(latest.result == "FAILED").order_by(latest.uid.desc()).limit(at_most)
    return [
        Failure(uid=row.uid, received=row.received, verb=row.verb, noun=row.noun, code=row.code)
        for row in reader.select(failed)
    ]


def heads(reader: Reader, uids: Iterable[str]) -> dict[str, Head]:
    """Who sent these messages, and what they were."""
    columns, wanted = reader.tables.journal.c, list(uids)
    statement = select(columns.uid, columns.partner, columns.verb, columns.noun, columns.message_id)
    return {
        row.uid: Head(partner=row.partner, verb=row.verb, noun=row.noun, message_id=row.message_id)
        for some in in_parts(wanted)
        for row in reader.select(statement.where(columns.uid.in_(some)))
    }


def _ending(text: str | None) -> Streamed | None:
    return None if text is None else msgspec.json.decode(text, type=Streamed)
