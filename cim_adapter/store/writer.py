"""The group-commit writer: one thread that takes all waiting messages into one transaction.

A sync of the disk costs the same for one message as for a hundred, so everything that waits shares
one. A message that fails is undone alone. If the group as a whole cannot be committed, each of its
messages is tried again in a transaction of its own, so that one failure stays one failure.

Small messages are also made ready on this thread, in step, just before their group's transaction. Two threads
that both run Python take turns at every call that lets go of the interpreter, and that cost as much
as the work itself: 1,000 µs of CPU a message with the parsing on the event loop, 550 µs here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, bindparam, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from cim_adapter.steps import Steps, in_step
from cim_adapter.store import objects, quota
from cim_adapter.store.objects import Identity
from cim_adapter.store.quota import Charge
from cim_adapter.store.sealing import Vault
from cim_adapter.store.statements import InsertRows, KeyQuestions, SelectByKeys
from cim_adapter.store.tables import Tables
from cim_adapter.store.trail import Trail
from cim_adapter.store.transaction import Key, Transaction

T = TypeVar("T")
_ATTEMPTS = 5


class Work(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What one message does inside the transaction.

    ``once`` is ``journal.Entry.once``: ``transaction.seen`` tells whether it is taken. ``wanted`` are the
    objects that ``run`` is going to resolve, ``keys`` those it asks ``Transaction.has`` for. The database is
    asked for those of the whole group at once. ``charge`` is counted before ``run``, and stays counted where
    that fails. ``fleeting``: one part of many, whose objects are too many to be remembered for later messages.
    """

    run: Callable[[Transaction], T]
    once: tuple[bytes, str] | None = None
    wanted: Collection[tuple[str, Identity]] = ()
    keys: Collection[Key] = ()
    charge: Charge | None = None
    fleeting: bool = False


def _reset(connection: Connection) -> None:
    """Roll back, also what SQLAlchemy takes to be over: where COMMIT itself fails, SQLite stays in the
    transaction.
    """
    with suppress(SQLAlchemyError):  # the connection is gone, and its transaction with it
        connection.rollback()
        driver = connection.connection.dbapi_connection
        if driver is not None:
            driver.rollback()


@dataclass(slots=True, eq=False)
class _Job:
    work: Work[Any] | None
    steps: Steps[Work[Any] | Any] | None
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    outcome: Any = None


class Writer:
    """Commits the work of many messages together. ``batch`` bounds a group, ``delay`` (seconds) the
    wait for it to fill, ``known`` the id cache."""

    def __init__(
        self, engine: Engine, tables: Tables, vault: Vault, *, batch: int, delay: float, known: int = 200_000
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._vault = vault
        self._batch = batch
        self._delay = delay
        self._known = known
        self._ids: dict[Any, int] = {}
        self._inserts = {table: InsertRows(table, engine.dialect) for table in tables.parents_first}
        self._trail = Trail(tables, vault, self._inserts, objects.new_id())
        self._questions = KeyQuestions(tables.metadata, engine.dialect)
        columns = tables.journal.c
        keys: Any = bindparam("keys", expanding=True)
        self._select_seen = SelectByKeys(
            select(columns.message_key, columns.partner, columns.uid).where(
                columns.message_key.in_(keys), columns.once == text("1")
            ),
            engine.dialect,
        )
        self._jobs: deque[_Job] = deque()
        self._expected = 1
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="cim-writer", daemon=True)
        self._thread.start()

    async def commit(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction; returns its result when that is on disk.

        Raises what ``work`` raised, after its effects were undone.
        """
        result: T = await self._submit(work, None)
        return result

    async def prepare_and_commit(self, steps: Steps[Work[T] | Any]) -> Any:
        """``commit`` the Work that comes of ``steps``; anything else that does is returned as it is."""
        return await self._submit(None, steps)

    @property
    def waiting(self) -> int:
        """Messages that wait for a commit."""
        return len(self._jobs)

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    async def _submit(self, work: Work[Any] | None, steps: Steps[Any] | None) -> Any:
        loop = asyncio.get_running_loop()
        job = _Job(work, steps, loop.create_future(), loop)
        with self._wake:
            if self._closing:
                raise RuntimeError("the store is closed")
            self._jobs.append(job)
            if len(self._jobs) in (1, self._expected):  # to wake the writer for less would only disturb it
                self._wake.notify()
        return await job.future

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while group := self._take():
                self._prepare(group)
                self._commit_group(connection, [job for job in group if job.work is not None])
                self._answer(group)

    def _take(self) -> list[_Job]:
        """The next group. Where many were answered just now, most of them are about to ask again: they
        are waited for, but not for long, as a database's commit_delay does. One alone never waits.
        """
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._closing)
            if self._expected > 1:
                self._wake.wait_for(lambda: len(self._jobs) >= self._expected or self._closing, self._delay)
            group = [self._jobs.popleft() for _ in range(min(len(self._jobs), self._batch))]
            self._expected = max(len(group), 1)
            return group

    @staticmethod
    def _prepare(group: list[_Job]) -> None:
        unready = [(job, job.steps) for job in group if job.steps is not None]
        for (job, _), prepared in zip(unready, in_step(steps for _, steps in unready), strict=True):
            if isinstance(prepared, Work):
                job.work = prepared
            else:  # whatever it raised is that message's answer, too
                job.outcome = prepared

    def _commit_group(self, connection: Connection, group: list[_Job]) -> None:
        if not group:
            return
        try:
            self._commit(connection, group)
        except Exception:  # the group is lost, not its messages: each is tried alone, and answered
            self._roll_back(connection)
            for job in group:
                self._commit_alone(connection, job)

    def _commit_alone(self, connection: Connection, job: _Job) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._commit(connection, [job])
                return
            except Exception as error:
                self._roll_back(connection)
                # Another process may have been faster at the same MessageID or meter, or the database
                # may be back on the next try. Nothing else mends itself.
                if attempt == _ATTEMPTS or not isinstance(error, IntegrityError | OperationalError):
                    job.outcome = error
                    return

    def _roll_back(self, connection: Connection) -> None:
        _reset(connection)
        self._trail.forget()

    def _commit(self, connection: Connection, group: list[_Job]) -> None:
        works = [(job, job.work) for job in group if job.work is not None]
        with connection.begin():
            transaction = Transaction(
                connection, self._tables, self._vault, self._ids, self._inserts, self._questions
            )
            quota.count(connection, [work.charge for _, work in works if work.charge is not None])
            transaction.seen = self._seen(connection, [work.once for _, work in works if work.once is not None])
            objects.look_up(transaction, [key for _, work in works for key in work.wanted])
            transaction.ask([key for _, work in works for key in work.keys])
            transaction.keep()
            for job, work in works:
                try:
                    job.outcome = work.run(transaction)
                except SQLAlchemyError:
                    raise  # the database itself: the group is lost, each message is tried alone
                except Exception as error:  # whatever a handler raises is that message's answer
                    job.outcome = error
                    transaction.drop()
                else:
                    transaction.keep()
            transaction.finish()
            if transaction.events:
                self._trail.write(connection, transaction.events)
        if transaction.events:
            self._trail.advance()
        if not any(work.fleeting for _, work in works):
            self._learn(transaction.learnt_ids)

    def _seen(self, connection: Connection, keys: list[tuple[bytes, str]]) -> dict[tuple[bytes, str], str]:
        if not keys:
            return {}
        found = self._select_seen.run(connection, [message_key for message_key, _ in keys])
        return {(bytes(message_key), partner): uid for message_key, partner, uid in found}

    def _learn(self, ids: dict[Any, int]) -> None:
        if len(self._ids) + len(ids) > self._known:
            self._ids.clear()  # they are looked up again, each once
        self._ids.update(ids)

    @staticmethod
    def _answer(group: list[_Job]) -> None:
        def resolve(jobs: list[_Job]) -> None:
            for job in jobs:
                if job.future.done():  # the caller went away
                    continue
                if isinstance(job.outcome, Exception):
                    job.future.set_exception(job.outcome)
                else:
                    job.future.set_result(job.outcome)

        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in group:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, jobs in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(resolve, jobs)
