"""The group-commit writer: one thread that takes all waiting messages into one transaction.

A sync of the disk costs the same for one message as for a hundred, so everything that waits shares
one. A message that fails is undone alone. If the group as a whole cannot be committed, each of its
messages is tried again in a transaction of its own, so that one failure stays one failure.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity
from cim_adapter.store.sealing import Vault
from cim_adapter.store.tables import Tables
from cim_adapter.store.transaction import Transaction

T = TypeVar("T")
_ATTEMPTS = 5


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[Transaction], Any]
    once: bytes | None
    wanted: Collection[tuple[str, Identity]]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    outcome: Any = None


class Writer:
    """Commits the work of many messages together. ``batch`` bounds a group, ``known`` the id cache."""

    def __init__(
        self, engine: Engine, tables: Tables, vault: Vault, *, batch: int, known: int = 200_000
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._vault = vault
        self._batch = batch
        self._known = known
        self._ids: dict[Any, int] = {}
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="cim-writer", daemon=True)
        self._thread.start()

    async def commit(
        self,
        work: Callable[[Transaction], T],
        *,
        once: bytes | None = None,
        wanted: Collection[tuple[str, Identity]] = (),
    ) -> T:
        """Run ``work`` in a transaction; returns its result when that is on disk.

        ``once`` is the key of ``journal.once``: ``transaction.seen`` tells whether it is taken.
        ``wanted`` are the objects that ``work`` is going to resolve: the database is asked for those of
        the whole group at once. Raises what ``work`` raised, after its effects were undone.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, once, wanted, loop.create_future(), loop)
        with self._wake:
            if self._closing:
                raise RuntimeError("the store is closed")
            self._jobs.append(job)
            self._wake.notify()
        return await job.future  # type: ignore[no-any-return]

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

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while group := self._take():
                try:
                    self._commit(connection, group)
                except Exception:  # the group is lost, not its messages: each is tried alone, and answered
                    connection.rollback()
                    for job in group:
                        self._commit_alone(connection, job)
                self._answer(group)

    def _take(self) -> list[_Job]:
        with self._wake:
            self._wake.wait_for(lambda: self._jobs or self._closing)
            return [self._jobs.popleft() for _ in range(min(len(self._jobs), self._batch))]

    def _commit(self, connection: Connection, group: list[_Job]) -> None:
        with connection.begin():
            transaction = Transaction(connection, self._tables, self._vault, self._ids)
            transaction.seen = self._seen(connection, group)
            objects.look_up(transaction, [key for job in group for key in job.wanted])
            transaction.keep()
            for job in group:
                try:
                    job.outcome = job.work(transaction)
                except SQLAlchemyError:
                    raise  # the database itself: the group is lost, each message is tried alone
                except Exception as error:  # whatever a handler raises is that message's answer
                    job.outcome = error
                    transaction.drop()
                else:
                    transaction.keep()
            transaction.finish()
        self._learn(transaction.learnt_ids)

    def _commit_alone(self, connection: Connection, job: _Job) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._commit(connection, [job])
                return
            except Exception as error:
                connection.rollback()
                # Another process may have been faster at the same MessageID or meter, or the database
                # may be back on the next try. Nothing else mends itself.
                if attempt == _ATTEMPTS or not isinstance(error, IntegrityError | OperationalError):
                    job.outcome = error
                    return

    def _seen(self, connection: Connection, group: list[_Job]) -> dict[bytes, str]:
        keys = [job.once for job in group if job.once is not None]
        if not keys:
            return {}
        journal = self._tables.journal
        found = connection.execute(select(journal.c.once, journal.c.uid).where(journal.c.once.in_(keys)))
        return {bytes(once): uid for once, uid in found}

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
            loop.call_soon_threadsafe(resolve, jobs)
