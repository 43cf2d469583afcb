"""Engines: SQLite in WAL mode with a sync at every commit, or PostgreSQL."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, NullPool, QueuePool, create_engine, event, make_url

_PATIENCE = 30  # seconds to wait for another process's lock


def database_url(database: str, data: Path) -> URL:
    """The URL of the setting ``database``; where it is empty, SQLite in the data directory."""
    return make_url(database) if database else URL.create("sqlite", database=str(data / "cim_adapter.db"))


def writing_engine(url: URL) -> Engine:
    """The engine of the one writer. On SQLite a transaction takes the write lock when it begins."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    if url.get_backend_name() == "sqlite":
        # KiB; a group of large messages touches more pages than the 2,000 KiB of SQLite's own default hold.
        # What is mapped would count as memory of ours, and indexes are written to all over the file.
        _tune(engine, "cache_size=-8192", "mmap_size=0", begin="BEGIN IMMEDIATE")
    return engine


def reading_engine(url: URL, connections: int) -> Engine:
    """The engine of the readers: at most ``connections`` at once, each a snapshot, none may write."""
    options: dict[str, Any] = {
        "poolclass": QueuePool,
        "pool_size": connections,
        "max_overflow": 0,
        "hide_parameters": True,  # an error in the log must not say what was in the message
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **options)
        _tune(engine, "query_only=ON", "mmap_size=268435456", begin="BEGIN")
        return engine
    engine = create_engine(url, pool_pre_ping=True, **options)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _tune(engine: Engine, *pragmas: str, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver would say it too late
        _use_wal(connection)
        for pragma in (
            "synchronous=FULL",  # an acknowledged message survives a power cut
            "foreign_keys=ON",
            f"busy_timeout={_PATIENCE * 1000}",
            "wal_autocheckpoint=4000",  # pages; fewer, longer checkpoints cost less than many short ones
            *pragmas,
        ):
            connection.execute(f"PRAGMA {pragma}")

    def do_begin(connection: Any) -> None:
        connection.execute(begin)

    engine.dialect.do_begin = do_begin  # type: ignore[assignment, method-assign]  # an event costs twice as much


def _use_wal(connection: Any) -> None:
    """Several processes may find the same new database, and only one can change its journal. SQLite refuses the
    others where each would wait for the other, or lets them wait in vain; so we wait, at times of our own.
    """
    deadline = time.monotonic() + _PATIENCE
    connection.execute("PRAGMA busy_timeout=0")
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311  so that they do not meet again
