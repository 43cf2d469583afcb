"""What a handler holds while it works: a reader for ``get``, a transaction for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Result, Table

from cim_adapter.store.sealing import Vault
from cim_adapter.store.statements import InsertRows
from cim_adapter.store.tables import Tables

Inserts = Mapping[Table, InsertRows]


class Reader:
    """One snapshot of the database."""

    def __init__(self, connection: Connection, tables: Tables, vault: Vault) -> None:
        self._connection = connection
        self.tables = tables
        self.vault = vault

    def select(self, statement: Executable) -> Result[Any]:
        return self._connection.execute(statement)


class Transaction(Reader):
    """One message's share of a group commit.

    Rows handed to ``add`` wait, and go to the database together with those of all other messages of
    the group. A statement given to ``execute`` runs at once, behind a savepoint of this message. If
    the message fails, its waiting rows are dropped and its savepoint is rolled back; the others of the
    group do not notice.
    """

    def __init__(
        self,
        connection: Connection,
        tables: Tables,
        vault: Vault,
        ids: Mapping[Any, int],
        inserts: Inserts,
    ) -> None:
        super().__init__(connection, tables, vault)
        self._known_ids = ids
        self._inserts = inserts
        self._waiting: dict[Table, list[dict[str, Any]]] = {}
        self._own: list[tuple[Table, dict[str, Any]]] = []
        self._own_ids: dict[Any, int] = {}
        self._own_seen: list[tuple[bytes, str]] = []
        self._savepoint: Any = None
        self._absent: set[Any] = set()
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

    # -------------------------------------------------------------------------- for the writer

    def keep(self) -> None:
        """The message is done: its rows join the group's."""
        for table, row in self._own:
            self._waiting.setdefault(table, []).append(row)
        self.learnt_ids.update(self._own_ids)
        if self._savepoint is not None:
            self._savepoint.commit()
        self._reset()

    def drop(self) -> None:
        """The message failed: undo what it did, and only that."""
        if self._savepoint is not None:
            self._savepoint.rollback()
        for key in self._own_seen:
            self.seen.pop(key, None)
        self._reset()

    def finish(self) -> None:
        """Write the rows of the whole group, parents before children."""
        self._flush()

    def _reset(self) -> None:
        self._own, self._own_ids, self._own_seen, self._savepoint = [], {}, [], None

    def _flush_own(self) -> None:
        self._flush()
        if self._savepoint is None:
            self._savepoint = self._connection.begin_nested()
        for table, row in self._own:
            self._waiting.setdefault(table, []).append(row)
        self._own = []
        self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        for table in self.tables.parents_first:
            if rows := self._waiting.pop(table, None):
                self._inserts[table].run(self._connection, rows)
