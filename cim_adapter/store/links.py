"""Which objects belong together, and from when until when: the links of MasterDataLinkageConfig.

A link joins two objects and has no direction: whoever asks from one side sees the other. It holds from
its start until before its end, so that of two links that meet at an instant only the later one holds
there. Nothing is removed. A link that is taken back altogether keeps its row, with an end at its start,
and then holds at no instant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, case, or_, select, update

from cim_adapter import instants
from cim_adapter.store.identifiers import ordered_key
from cim_adapter.store.pages import Key, in_order, merged
from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader, Transaction

_FOREVER = 2**62

Window = tuple[int, int]
"""First and last instant asked for, both included."""


class Member(NamedTuple):
    """One end of a link."""

    id: int
    kind: str


Pair = tuple[Member, Member]
"""Two objects; the one with the lower id stands first: see ``pair``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """``one`` and ``other`` belong together from ``start`` until before ``end`` (None: no end is known)."""

    id: int
    one: Member
    other: Member
    start: int
    end: int | None

    @property
    def pair(self) -> Pair:
        return pair(self.one, self.other)

    @property
    def key(self) -> Key:
        """Its place in the order of ``walk``."""
        return self.start, self.one.id, self.other.id, self.id

    def holds_in(self, window: Window) -> bool:
        """Whether there is an instant in ``window`` at which it holds."""
        first, last = window
        return self.start <= last and (self.end is None or self.end > max(first, self.start))

    def turned(self) -> Link:
        """The same link as seen from the other side."""
        return Link(id=self.id, one=self.other, other=self.one, start=self.start, end=self.end)


def pair(one: Member, other: Member) -> Pair:
    """The two in the order in which they are stored."""
    return (one, other) if one.id < other.id else (other, one)


# ------------------------------------------------------------------------------------------ asking


def linked(reader: Reader, ids: Iterable[int], at: int | None = None) -> set[int]:
    """The ids of the objects that are linked to any of ``ids`` at the instant ``at`` (None: now)."""
    moment = instants.now() if at is None else at
    return {link.other.id for link in links(reader, ids, window=(moment, moment))}


def links(
    reader: Reader, ids: Iterable[int], *, kinds: Collection[str] = (), window: Window | None = None
) -> list[Link]:
    """The links of ``ids`` that hold at any instant of ``window`` (None: of all time), oldest first.

    Each is seen from the object asked for: ``one`` is of ``ids``, and a link between two of them comes
    twice. ``kinds`` narrows the kind of ``other``.
    """
    table, found = reader.tables.link, []
    asked = sorted(set(ids))
    for ours, other_kind in ((table.c.one_id, table.c.other_kind), (table.c.other_id, table.c.one_kind)):
        for some in in_parts(asked):
            wanted = [ours.in_(some), *_holds(reader, window)]
            if kinds:
                wanted.append(other_kind.in_(sorted(kinds)))
            rows = _read(reader, and_(*wanted))
            found += [link if ours is table.c.one_id else link.turned() for link in rows]
    return sorted(found, key=lambda link: (link.start, link.id))


def walk(
    reader: Reader, ids: Iterable[int], windows: Collection[Window], *, after: Key | None = None
) -> Iterator[Link]:
    """The links of ``ids`` that hold in any of ``windows``, seen from the object asked for, in the order of their
    keys; those behind ``after``, a ``Link.key``. Few are held at a time.
    """
    c, asked = reader.tables.link.c, sorted(set(ids))
    statement = select(reader.tables.link).where(_holds_in_any(reader, windows))

    def seen(ours: ColumnElement[int], theirs: ColumnElement[int]) -> Iterator[Link]:
        among = [ours.in_(some) for some in in_parts(asked)]
        return map(_link, in_order(reader, statement, (c.start, ours, theirs, c.id), among=among, after=after))

    from_others = (link.turned() for link in seen(c.other_id, c.one_id))
    return merged([seen(c.one_id, c.other_id), from_others], lambda link: link.key)


def having(reader: Reader, ids: Iterable[int], windows: Collection[Window]) -> set[int]:
    """Those of ``ids`` that have links in any of ``windows``."""
    c, found = reader.tables.link.c, set[int]()
    for ours in (c.one_id, c.other_id):
        for some in in_parts(sorted(set(ids))):
            statement = select(ours).where(ours.in_(some), _holds_in_any(reader, windows)).distinct()
            found.update(reader.select(statement).scalars())
    return found


def of_message(reader: Reader, partner: str, message_id: str) -> list[Link]:
    """The links that a message of ``partner`` made, each once; also those that have ended."""
    table, journal = reader.tables.link, reader.tables.journal
    uid = select(journal.c.uid).where(
        journal.c.message_key == ordered_key(message_id), journal.c.partner == partner, journal.c.once == 1
    )
    return list(_read(reader, table.c.journal_uid.in_(uid)))


def _holds(reader: Reader, window: Window | None) -> list[ColumnElement[bool]]:
    columns = reader.tables.link.c
    if window is None:
        return [or_(columns.end.is_(None), columns.end > columns.start)]
    first, last = window
    return [
        columns.start <= last,
        or_(columns.end.is_(None), and_(columns.end > first, columns.end > columns.start)),
    ]


def _holds_in_any(reader: Reader, windows: Collection[Window]) -> ColumnElement[bool]:
    return or_(*(and_(*_holds(reader, window)) for window in windows))


def _read(reader: Reader, wanted: Any) -> Iterator[Link]:
    table = reader.tables.link
    return map(_link, reader.select(select(table).where(wanted).order_by(table.c.start, table.c.id)))


def _link(row: Row[Any]) -> Link:
    return Link(
        id=row.id,
        one=Member(row.one_id, row.one_kind),
        other=Member(row.other_id, row.other_kind),
        start=row.start,
        end=row.end,
    )


# ----------------------------------------------------------------------------------------- writing


def hold(transaction: Transaction, ids: Iterable[int]) -> None:
    """Keep other processes from linking these objects until the commit, so that what ``links`` says
    before a change is still so after it.
    """
    table = transaction.tables.object
    wanted = sorted(set(ids))
    for part in in_parts(wanted):
        # Key share: rows that only refer to the object need not wait. SQLite has one writer anyway.
        locked = select(table.c.id).where(table.c.id.in_(part)).order_by(table.c.id)
        transaction.select(locked.with_for_update(key_share=True)).all()


def join(transaction: Transaction, journal_uid: str, pairs: Iterable[Pair], at: int) -> None:
    """Link each pair from ``at`` on, without an end. Where it is linked already, it stays as it is."""
    wanted = dict.fromkeys(pairs)
    known: dict[Pair, list[Link]] = defaultdict(list)
    for link in links(transaction, {one.id for one, _ in wanted}, window=(at, _FOREVER)):
        known[link.pair].append(link)
    for one, other in wanted:
        for start, end in _gaps(known[one, other], at):
            transaction.add(
                transaction.tables.link,
                {
                    "journal_uid": journal_uid,
                    "one_id": one.id,
                    "one_kind": one.kind,
                    "other_id": other.id,
                    "other_kind": other.kind,
                    "start": start,
                    "end": end,
                },
            )


def part(transaction: Transaction, journal_uid: str, found: Iterable[Link], at: int) -> None:
    """End these links at ``at``; one that starts later does not come to be."""
    table = transaction.tables.link
    ids = sorted({link.id for link in found})
    last = case((table.c.start > at, table.c.start), else_=at)
    for some in in_parts(ids):
        of_part = table.c.id.in_(some)
        transaction.execute(update(table).where(of_part).values(end=last, ended_by=journal_uid))


def _gaps(known: Iterable[Link], at: int) -> Iterator[tuple[int, int | None]]:
    """What of the time from ``at`` on no link of ``known`` holds in."""
    free = at
    for link in sorted(known, key=lambda link: link.start):
        if link.start > free:
            yield free, link.start
        if link.end is None:
            return
        free = max(free, link.end)
    yield free, None
