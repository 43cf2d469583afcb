"""Sealing everything anew with another data key, while servers run.

First the new key is made known to those who serve: it stands in the file (or comes out of the command), and
the index key is sealed with it. Every server looks at that each second, and from then on seals with the new
key and opens with both. Then each value that another key sealed is sealed anew, in small batches; a value
that a message changed meanwhile is left to the message. Passes are repeated until one finds nothing: then
nobody seals with the old key any more, and it is taken out of the file.

Broken off at any point, it goes on from there when it is called again.
"""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, func, select, tuple_, update

from cim_adapter.settings import Settings
from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.key_ring import KeyRing
from cim_adapter.store.sealing import DataKey, SealError, seal, unseal
from cim_adapter.store.store import LOOKS, Store
from cim_adapter.store.tables import Tables

_BATCH = 200  # values in one transaction: a few milliseconds that others wait
_PASSES = 50


def rotate(settings: Settings, tell: Callable[[str], None]) -> None:
    """Re-seal the whole database. ``tell`` is given a line for the operator now and then.

    Raises SealError where something still seals with an old key in the end: nothing is lost then, and no key is
    taken away.
    """
    ring = KeyRing(settings)
    with Store(settings) as store:
        target = _target(ring, store.vault.key_id)
    keys = {key.id: key for key in ring.load()}
    engine = writing_engine(database_url(settings.database, settings.data))
    try:
        tables = Tables.define()
        tell(f"sealing with the data key {target.id.hex()}")
        _reseal(engine, tables.vault_key, tables.vault_key.c.sealed, keys, target)
        time.sleep(2 * LOOKS)  # until every server has looked
        for _ in range(_PASSES):
            done = _pass(engine, tables, keys, target)
            if not done:
                break
            tell(f"{done} values sealed anew")
            time.sleep(2 * LOOKS)
        else:
            raise SealError(
                "values sealed with an old key keep coming: a server does not have the new one. Give it to all "
                "servers, and start again; nothing is lost"
            )
    finally:
        engine.dispose()
    if ring.path is not None:
        ring.keep(target)
    tell("done; no other key is needed any more")


def sealed_columns(tables: Tables) -> Iterator[tuple[Table, Column[Any]]]:
    """Every column of sealed values: those whose ``info`` says to which row identity they are bound."""
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if "sealed" in column.info:
                yield table, column


def _target(ring: KeyRing, current: bytes) -> DataKey:
    """The key to seal with from now on: another than the current one, unless a rotation was broken off."""
    keys = ring.load()
    if ring.path is None:
        return keys[0]
    if len(keys) == 1:
        return ring.add()
    return keys[-1]


def _pass(engine: Engine, tables: Tables, keys: dict[bytes, DataKey], target: DataKey) -> int:
    return sum(_reseal(engine, table, column, keys, target) for table, column in sealed_columns(tables))


def _reseal(engine: Engine, table: Table, column: Column[Any], keys: dict[bytes, DataKey], target: DataKey) -> int:
    """One column; how many values were not sealed with ``target``."""
    form = column.info["sealed"]
    parts = [table.c[name] for _, name, _, _ in string.Formatter().parse(form) if name]
    key = tuple_(*table.primary_key.columns)
    own = list(table.primary_key.columns)
    others = select(column, *dict.fromkeys([*own, *parts])).where(func.substr(column, 2, 4) != target.id)
    page = others.order_by(*own).limit(_BATCH)
    after: tuple[Any, ...] | None = None
    done = 0
    while True:
        with engine.connect() as connection:
            rows = list(connection.execute(page if after is None else page.where(key > after)))
        if not rows:
            return done
        made = [_anew(row._mapping, column, form, keys, target) for row in rows]
        with engine.begin() as connection:
            for row, new in zip(rows, made, strict=True):
                done += _store(connection, table, column, row._mapping, new)
        after = tuple(rows[-1]._mapping[part] for part in own)


def _anew(row: Any, column: Column[Any], form: str, keys: dict[bytes, DataKey], target: DataKey) -> bytes:
    old = bytes(row[column])
    key = keys.get(old[1:5])
    if key is None:
        raise SealError(f"{column} holds a value of the data key {old[1:5].hex()}, which is not given")
    bound_to = form.format(**row)
    return seal(target, unseal(key, old, bound_to), bound_to)


def _store(connection: Connection, table: Table, column: Column[Any], row: Any, new: bytes) -> int:
    """Unless a message changed the value since it was read."""
    same = [part == row[part] for part in table.primary_key.columns]
    statement = update(table).where(*same, column == row[column]).values({column: new})
    return connection.execute(statement).rowcount
