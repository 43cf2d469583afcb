"""The store as the rest of the house sees it: commit, read, close."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from cim_adapter.settings import Settings
from cim_adapter.store.engine import database_url, reading_engine, writing_engine
from cim_adapter.store.sealing import DataKey, SealError, Vault, seal, unseal
from cim_adapter.store.tables import Tables
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.store.writer import Work, Writer

T = TypeVar("T")


class Store:
    """An open database. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        """Opens a database that ``prepare`` has made ready. Raises SealError for a wrong data key."""
        self.tables = Tables.define()
        url = database_url(settings.database, settings.data)
        self._writing = writing_engine(url)
        self._reading = reading_engine(url, settings.readers)
        try:
            with self._reading.connect() as connection:
                self.vault = _open_vault(data_key(settings), connection, self.tables)
        except BaseException:
            self._dispose()
            raise
        self._threads = ThreadPoolExecutor(settings.readers, thread_name_prefix="cim-reader")
        self.writer = Writer(
            self._writing, self.tables, self.vault, batch=settings.commit_batch, delay=settings.commit_delay
        )

    @property
    def product(self) -> str:
        """Which database it is: sqlite or postgresql."""
        return self._reading.dialect.name

    async def commit(self, work: Callable[[Transaction], T] | Work[T]) -> T:
        """``Writer.commit``; a plain function is work that resolves no objects."""
        return await self.writer.commit(work if isinstance(work, Work) else Work(run=work))

    async def read(self, work: Callable[[Reader], T]) -> T:
        """Run ``work`` with a snapshot, in a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, work)

    def read_now(self, work: Callable[[Reader], T]) -> T:
        """Run ``work`` with a snapshot, in this thread."""
        with self._reading.connect() as connection:
            return work(Reader(connection, self.tables, self.vault))

    def close(self) -> None:
        """Commit what waits and let go of every connection."""
        self.writer.close()
        self._threads.shutdown()
        self._dispose()

    def _dispose(self) -> None:
        self._reading.dispose()
        self._writing.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare(settings: Settings) -> None:
    """Make the data directory, the data key, the tables and the index key, where they are not yet.

    Raises SealError for a wrong data key. Safe to run from several processes at once.
    """
    from cim_adapter.store.migration import migrate  # Alembic is needed here alone and costs 0.2 s

    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = writing_engine(database_url(settings.database, settings.data))
    try:
        migrate(engine)
        _make_index_key(engine, data_key(settings))
    finally:
        engine.dispose()


def data_key(settings: Settings) -> DataKey:
    """The key of the setting ``data_key``, else that of the file ``data.key`` in the data directory."""
    if settings.data_key:
        return DataKey.from_text(settings.data_key)
    return DataKey.at(settings.data / "data.key")


def _make_index_key(engine: Engine, key: DataKey) -> None:
    table = Tables.define().vault_key
    sealed = seal(key, os.urandom(32), "vault_key/index")
    with engine.connect() as connection:
        try:
            with connection.begin():
                known = connection.scalar(select(table.c.sealed).where(table.c.name == "index"))
                if known is None:
                    connection.execute(insert(table).values(name="index", sealed=sealed))
                else:
                    unseal(key, bytes(known), "vault_key/index")
        except IntegrityError:
            return  # another process was faster, and its index key is as good as ours


def _open_vault(key: DataKey, connection: Connection, tables: Tables) -> Vault:
    table = tables.vault_key
    sealed = connection.scalar(select(table.c.sealed).where(table.c.name == "index"))
    if sealed is None:
        raise SealError("this database has no index key: prepare it first")
    return Vault(key, unseal(key, bytes(sealed), "vault_key/index"))
