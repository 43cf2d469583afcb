"""/status: whether the adapter can work, and how it is doing."""

from __future__ import annotations

import logging
import time
from importlib.metadata import version

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from cim_adapter import instants
from cim_adapter.store import journal_lists
from cim_adapter.store.journal_lists import Failure
from cim_adapter.store.store import Store
from cim_adapter.transports.rsgi import Response

_FAILURES = 10
_AMONG = 1_000


class Database(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Whether the database answers, and how long that took."""

    ready: bool
    product: str
    milliseconds: float | None = None


class LastError(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """A message that failed. ``id`` is its place in the journal."""

    id: str
    received: str
    code: str
    meaning: str
    verb: str | None = None
    noun: str | None = None


class Status(msgspec.Struct, kw_only=True, rename="camel"):
    """``queues`` are what waits, by name; ``uptime`` is in seconds. Both are of the process that answers."""

    status: str
    version: str
    uptime: float
    database: Database
    queues: dict[str, int]
    last_errors: list[LastError]


class StatusPage:
    """Answers GET /status."""

    def __init__(self, store: Store, meanings: dict[str, str]) -> None:
        self._store = store
        self._meanings = meanings
        self._started = time.monotonic()
        self._log = logging.getLogger("cim_adapter.status")

    async def answer(self) -> Response:
        """200 where the database answers, else 503."""
        asked = time.monotonic()
        failed: list[Failure] = []
        database = Database(ready=True, product=self._store.product)
        try:
            failed = await self._store.read(lambda r: journal_lists.failures(r, at_most=_FAILURES, among=_AMONG))
            database.milliseconds = round((time.monotonic() - asked) * 1000, 3)
        except SQLAlchemyError as error:
            self._log.warning("the database does not answer: %s", error)
            database.ready = False
        found = Status(
            status="ready" if database.ready else "unavailable",
            version=version("cim-adapter"),
            uptime=round(time.monotonic() - self._started, 3),
            database=database,
            queues={"writer": self._store.writer.waiting},
            last_errors=[self._told(failure) for failure in failed],
        )
        body = msgspec.json.encode(found)
        return Response(status=200 if database.ready else 503, content_type="application/json", body=body)

    def _told(self, failure: Failure) -> LastError:
        return LastError(
            id=failure.uid,
            received=instants.as_text(failure.received),
            code=failure.code,
            meaning=self._meanings.get(failure.code, ""),
            verb=failure.verb,
            noun=failure.noun,
        )
