"""The statements of every group commit, compiled once.

They go past SQLAlchemy's handling of every single value, which costs as much as the statement itself.
The values are plain ones, so nothing is lost. SQLite is asked through its driver, whose errors are the only
thing that SQLAlchemy would add there; with PostgreSQL it also sees to connections that are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, MetaData, Select, Table, bindparam, select
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL as the driver takes it, and the names of its parameters in the order of their values."""

    sql: str
    names: tuple[str, ...]
    positional: bool

    @classmethod
    def of(cls, statement: ClauseElement, dialect: Dialect, names: Sequence[str], **options: Any) -> _Compiled:
        compiled = statement.compile(dialect=dialect, **options)
        order = getattr(compiled, "positiontup", None)
        return cls(str(compiled), tuple(order or names), bool(order))

    def run(self, connection: Connection, values: Any, *, many: bool = False) -> Iterable[Any]:
        """The rows that it finds. ``values`` are of one execution, or with ``many`` a list of those."""
        if not self.positional:
            return connection.exec_driver_sql(self.sql, values)
        cursor: Any = connection.connection.cursor()
        try:
            cursor.executemany(self.sql, values) if many else cursor.execute(self.sql, values)
            found: list[Any] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                self.sql, None, error, connection.dialect.loaded_dbapi.Error, hide_parameters=True
            ) from error
        finally:
            cursor.close()
        return found


class InsertRows:
    """One table's insert, of all columns but an id that the database counts."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        names = [column.name for column in table.c if column is not table.autoincrement_column]
        self._insert = _Compiled.of(table.insert().inline(), dialect, names, column_keys=names)
        self._all = itemgetter(*self._insert.names)

    def run(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        names = self._insert.names
        values: list[Any]
        if self._insert.positional:
            try:
                values = list(map(self._all, rows))
            except KeyError:  # a row that does not name what is NULL in it
                values = [tuple(map(row.get, names)) for row in rows]
        else:
            values = [{name: row.get(name) for name in names} for row in rows]
        self._insert.run(connection, values, many=True)


class Write:
    """A statement whose parameters have these names."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, names: Sequence[str]) -> None:
        self._compiled = _Compiled.of(statement, dialect, names, column_keys=[name for name in names])

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        names = self._compiled.names
        self._compiled.run(
            connection, tuple(values[name] for name in names) if self._compiled.positional else dict(values)
        )


class SelectByKeys:
    """A select whose one parameter, ``keys``, is a list; compiled for lengths that are powers of two, the last
    key asked for again and again to fill them.
    """

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        self._statement = statement
        self._dialect = dialect
        self._lengths: dict[int, _Compiled] = {}

    def run(self, connection: Connection, keys: Sequence[Any]) -> Iterable[Any]:
        length = 1 << (len(keys) - 1).bit_length()
        compiled = self._lengths.get(length) or self._compile(length)
        filled = (*keys, *repeat(keys[-1], length - len(keys)))
        values = filled if compiled.positional else dict(zip(compiled.names, filled, strict=True))
        return compiled.run(connection, values)

    def _compile(self, length: int) -> _Compiled:
        names = [f"keys_{n}" for n in range(1, length + 1)]  # SQLAlchemy's own names for an expanded list
        statement = self._statement.params(keys=[b""] * length)
        compiled = _Compiled.of(statement, self._dialect, names, compile_kwargs={"render_postcompile": True})
        self._lengths[length] = compiled
        return compiled


class KeyQuestions:
    """Which of some values a column has; the column is named ``table.column``."""

    def __init__(self, metadata: MetaData, dialect: Dialect) -> None:
        self._tables = metadata.tables
        self._dialect = dialect
        self._columns: dict[str, SelectByKeys] = {}

    def taken(self, connection: Connection, name: str, values: Sequence[bytes]) -> list[bytes]:
        """Those of ``values`` that are there."""
        if name not in self._columns:
            table, _, column = name.partition(".")
            found = self._tables[table].c[column]
            keys: Any = bindparam("keys", expanding=True)
            self._columns[name] = SelectByKeys(select(found).where(found.in_(keys)), self._dialect)
        return [bytes(value) for (value,) in self._columns[name].run(connection, values)]
