"""The store as the rest of the house sees it: commit, read, close."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from cim_adapter.settings import Settings
from cim_adapter.store.engine import database_url, reading_engine, writing_engine
from cim_adapter.store.key_ring import KeyRing
from cim_adapter.store.migration import bring_up_to_date
from cim_adapter.store.sealing import DataKey, SealError, Vault, seal, unseal
from cim_adapter.store.tables import Tables
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.store.writer import Work, Writer

T = TypeVar("T")

LOOKS = 1.0
"""Seconds between two looks at which data key is the present one."""
_INDEX_ROW = "vault_key/index"


class Store:
    """An open database. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        """Opens a database that ``prepare`` has made ready. Raises SealError for a wrong data key."""
        self.tables = Tables.define()
        url = database_url(settings.database, settings.data)
        self._writing = writing_engine(url)
        self._reading = reading_engine(url, settings.readers)
        self._ring = KeyRing(settings)
        try:
            with self._reading.connect() as connection:
                self.vault = _open_vault(self._ring, connection, self.tables)
        except BaseException:
            self._dispose()
            raise
        self._threads = ThreadPoolExecutor(settings.readers, thread_name_prefix="cim-reader")
        self.writer = Writer(
            self._writing, self.tables, self.vault, batch=settings.commit_batch, delay=settings.commit_delay
        )

        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="cim-keys", daemon=True)
        self._watching.start()

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
        with (
            self._reading.connect() as connection,
            closing(Reader(connection, self.tables, self.vault)) as reader,
        ):
            return work(reader)

    def close(self) -> None:
        """Commit what waits and let go of every connection."""
        self._closing.set()
        self._watching.join()
        self.writer.close()
        self._threads.shutdown()
        self._dispose()

    def _watch(self) -> None:
        """Look which data key is the present one: another process may be sealing everything anew."""
        said = False
        while not self._closing.wait(LOOKS):
            try:
                with self._reading.connect() as connection:
                    sealed = _index_key(connection, self.tables)
                if sealed is not None and sealed[1:5] != self.vault.key_id:
                    keys = self._ring.load()
                    self.vault.use(_of(sealed[1:5], keys), keys)
                    said = False
            except SQLAlchemyError:
                continue  # whoever needs the database says that it is away
            except (SealError, OSError) as error:
                if not said:
                    logging.getLogger("cim_adapter.store").error("the data key was changed: %s", error)
                said = True

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
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = writing_engine(database_url(settings.database, settings.data))
    try:
        bring_up_to_date(engine)
        _make_index_key(engine, KeyRing(settings).load())
    finally:
        engine.dispose()


def _make_index_key(engine: Engine, keys: tuple[DataKey, ...]) -> None:
    tables = Tables.define()
    new = seal(keys[0], os.urandom(32), _INDEX_ROW)
    with engine.connect() as connection:
        try:
            with connection.begin():
                known = _index_key(connection, tables)
                if known is None:
                    connection.execute(insert(tables.vault_key).values(name="index", sealed=new))
                else:
                    unseal(_of(known[1:5], keys), known, _INDEX_ROW)
        except IntegrityError:
            return  # another process was faster, and its index key is as good as ours


def _open_vault(ring: KeyRing, connection: Connection, tables: Tables) -> Vault:
    sealed = _index_key(connection, tables)
    if sealed is None:
        raise SealError("this database has no index key: prepare it first")
    keys = ring.load()
    key = _of(sealed[1:5], keys)
    return Vault(key, unseal(key, sealed, _INDEX_ROW), keys)


def _index_key(connection: Connection, tables: Tables) -> bytes | None:
    table = tables.vault_key
    sealed = connection.scalar(select(table.c.sealed).where(table.c.name == "index"))
    return None if sealed is None else bytes(sealed)


def _of(key_id: bytes, keys: tuple[DataKey, ...]) -> DataKey:
    """The key with this id. Raises SealError."""
    for key in keys:
        if key.id == key_id:
            return key
    raise SealError(
        f"sealed with the data key {key_id.hex()}, but the key given is {keys[0].id.hex()}: "
        "start with the data key this database was made with"
    )
