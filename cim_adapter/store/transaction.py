"""What a handler holds while it works: a reader for ``get``, a transaction for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, CursorResult, Executable, Result, Table
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from cim_adapter.store.parts import in_parts
from cim_adapter.store.sealing import Vault
from cim_adapter.store.statements import InsertRows, KeyQuestions
from cim_adapter.store.tables import Tables
from cim_adapter.store.trail import Event

if TYPE_CHECKING:
    from cim_adapter.store.scope import Reach

DatabaseAway = (OperationalError, InterfaceError, OSError)
"""What fails while the database, or the disk under it, is away or full: later the same may succeed."""

DatabaseError = SQLAlchemyError
"""The database itself failed: no answer to a message, for the writer tries the message again."""


_AT_ONCE = 500  # rows fetched at once

Inserts = Mapping[Table, InsertRows]

Key = tuple[str, bytes]
"""An indexed column, as ``table.column``, and a value in it."""


class Reader:
    """One snapshot of the database."""

    def __init__(self, connection: Connection, tables: Tables, vault: Vault) -> None:
        self._connection = connection
        self.tables = tables
        self.vault = vault
        self.reach: Reach | None = None
        """What the caller may reach; None: everything. See ``store.scope``."""
        self._streams: list[Result[Any]] = []

    def select(self, statement: Executable) -> Result[Any]:
        return self._connection.execute(statement)

    def stream(self, statement: Executable) -> Result[Any]:
        """``select`` of what may be too much to hold: PostgreSQL's driver would read all rows before it gives one.
        Whoever has seen enough just stops.
        """
        found = self._connection.execute(statement, execution_options={"yield_per": _AT_ONCE})
        self._streams = [*(some for some in self._streams if not some.closed), found]
        return found

    def close(self) -> None:
        """End what was not read to its end."""
        for some in self._streams:
            some.close()


@dataclass(slots=True)
class _Part:
    """Where a part of a message began: how many rows waited, how many ids and keys were remembered."""

    rows: int
    ids: int
    keys: int
    savepoint: Any = None


class Transaction(Reader):
    """One message's share of a group commit.

    Rows handed to ``add`` wait, and go to the database together with those of all other messages of
    the group. A statement given to ``execute`` runs at once, behind a savepoint of this message. If
    the message fails, its waiting rows are dropped and its savepoint is rolled back; the others of the
    group do not notice.

    A message may do its work in parts, of which each can be undone alone: the operations of a set. A
    part has a savepoint only if it runs a statement.
    """

    def __init__(
        self,
        connection: Connection,
        tables: Tables,
        vault: Vault,
        ids: Mapping[Any, int],
        inserts: Inserts,
        questions: KeyQuestions,
    ) -> None:
        super().__init__(connection, tables, vault)
        self._known_ids = ids
        self._inserts = inserts
        self._questions = questions
        self._waiting: dict[Table, list[dict[str, Any]]] = {}
        self._own: list[tuple[Table, dict[str, Any]]] = []
        self._own_ids: dict[Any, int] = {}
        self._own_seen: list[tuple[bytes, str]] = []
        self._savepoint: Any = None
        self._part: _Part | None = None
        self._absent: set[Any] = set()
        self._asked: set[Key] = set()
        self._taken: set[Key] = set()
        self._own_taken: list[Key] = []
        self._own_events: list[Event] = []
        self.events: list[Event] = []
        self.learnt_ids: dict[Any, int] = {}
        self.seen: dict[tuple[bytes, str], str] = {}

    # -------------------------------------------------------------------------- for handlers

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Insert ``row`` at the latest when the group commits."""
        self._own.append((table, row))

    def execute(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that writes, now."""
        self._flush_own()
        return self._connection.execute(statement)

    def select(self, statement: Executable) -> Result[Any]:
        if self._own:
            self._flush_own()
        elif self._waiting:
            self._flush()
        return self._connection.execute(statement)

    def stream(self, statement: Executable) -> Result[Any]:
        """``select``: what a message changes, it holds."""
        return self.select(statement)

    def known_id(self, key: Any) -> int | None:
        """The id that ``remember_id`` was told for ``key``, in this or an earlier transaction."""
        for ids in (self._known_ids, self._own_ids, self.learnt_ids):
            if (found := ids.get(key)) is not None:
                return found
        return None

    def remember_id(self, key: Any, value: int) -> None:
        """Remember an id for later messages; forgotten again if this message is not committed."""
        self._own_ids[key] = value

    def remember_seen(self, once: tuple[bytes, str], uid: str) -> None:
        """Remember that the message of this once key is ``uid``; forgotten if it is not committed."""
        self.seen[once] = uid
        self._own_seen.append(once)

    def known_absent(self, key: Any) -> bool:
        """Whether the database was asked for ``key`` in this transaction, and had nothing."""
        return key in self._absent

    def remember_absent(self, keys: Iterable[Any]) -> None:
        """Remember, for this transaction, that the database has nothing for ``keys``."""
        self._absent.update(keys)

    def has(self, key: Key) -> bool:
        """Whether a row has ``key``: in the database, or among those of this group that wait for it.

        What a message says beforehand that it will ask (``Work.keys``), the writer asks for the whole group.
        """
        if key not in self._taken and key not in self._asked:
            self.ask([key])
        return key in self._taken

    def take(self, key: Key) -> None:
        """A row with ``key`` was added: from now on ``has`` knows it; forgotten if it is not committed."""
        if key not in self._taken:
            self._taken.add(key)
            self._own_taken.append(key)

    def audit(self, event: Event) -> None:
        """Tell the audit trail of a call; it is told nothing if the message is not committed."""
        self._own_events.append(event)

    def begin_part(self) -> None:
        """From here to the next part, or to the end of the message, is one part."""
        self._end_part()
        self._part = _Part(len(self._own), len(self._own_ids), len(self._own_taken))

    def undo_part(self) -> None:
        """Undo what the message did since ``begin_part``, and only that."""
        part, self._part = self._part, None
        if part is None:
            raise RuntimeError("no part was begun")
        if part.savepoint is not None:
            part.savepoint.rollback()
        del self._own[part.rows :]
        while len(self._own_ids) > part.ids:
            self._own_ids.popitem()  # the latest first
        self._taken.difference_update(self._own_taken[part.keys :])
        del self._own_taken[part.keys :]

    # -------------------------------------------------------------------------- for the writer

    def ask(self, keys: Iterable[Key]) -> None:
        """Ask the database once which of ``keys`` it has."""
        wanted = [key for key in set(keys) if key not in self._asked]
        for some in in_parts(wanted):
            self._ask(some)
        self._asked.update(wanted)

    def _ask(self, keys: Sequence[Key]) -> None:
        values: dict[str, list[bytes]] = {}
        for name, value in keys:
            values.setdefault(name, []).append(value)
        for name, those in values.items():
            found = self._questions.taken(self._connection, name, those)
            self._taken.update((name, value) for value in found)

    def keep(self) -> None:
        """The message is done: its rows join the group's."""
        self._end_part()
        for table, row in self._own:
            self._waiting.setdefault(table, []).append(row)
        self.learnt_ids.update(self._own_ids)
        self.events += self._own_events
        if self._savepoint is not None:
            self._savepoint.commit()
        self._reset()

    def drop(self) -> None:
        """The message failed: undo what it did, and only that."""
        self._end_part()
        if self._savepoint is not None:
            self._savepoint.rollback()
        for key in self._own_seen:
            self.seen.pop(key, None)
        self._taken.difference_update(self._own_taken)
        self._reset()

    def finish(self) -> None:
        """Write the rows of the whole group, parents before children."""
        self._flush()

    def _reset(self) -> None:
        self._own, self._own_ids, self._own_seen, self._own_taken, self._savepoint = [], {}, [], [], None
        self._own_events = []

    def _end_part(self) -> None:
        if self._part is not None and self._part.savepoint is not None:
            self._part.savepoint.commit()
        self._part = None

    def _flush_own(self) -> None:
        self._flush()
        if self._savepoint is None:
            self._savepoint = self._connection.begin_nested()
        part = self._part
        if part is not None and part.savepoint is None:
            self._write_own(part.rows)  # what the message did before this part stays
            part.savepoint, part.rows = self._connection.begin_nested(), 0
        self._write_own(len(self._own))

    def _write_own(self, count: int) -> None:
        for table, row in self._own[:count]:
            self._waiting.setdefault(table, []).append(row)
        del self._own[:count]
        self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        for table in self.tables.parents_first:
            if rows := self._waiting.pop(table, None):
                self._inserts[table].run(self._connection, rows)
