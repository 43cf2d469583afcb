"""Answers that are written while they are read: piece by piece, each in a snapshot of its own.

The journal's row is committed before the first byte leaves, so that nothing is told which the audit trail does
not know of; when all is told, or when it broke off, the row says so. It keeps what stands around the payload, and
of the whole its size and digest: what is told is in the store.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from cim_adapter.envelope import Piece, PieceWriter
from cim_adapter.pipeline.passage import Understood
from cim_adapter.store import journal
from cim_adapter.store.journal import Streamed
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Reader, Transaction
from cim_adapter.wire import Undelivered

_Following = Callable[[Any], Piece]
_Written = tuple[bytes, int, _Following | None]

_OURS = "5.3"
_NOT_TAKEN = "4.1"
_DEFECT = "the adapter could not go on; its log says why"


class _Tally:
    """What was told so far: of the whole message as it goes to the caller, and how many objects
    or readings."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._size = 0
        self.count = 0

    def add(self, text: bytes) -> bytes:
        self._digest.update(text)
        self._size += len(text)
        return text

    def told(self, state: str, reason: str | None = None) -> Streamed:
        return Streamed(
            state=state, size=self._size, sha256=self._digest.hexdigest(), count=self.count, reason=reason
        )


class Streaming:
    """Holds no state of any message."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._log = logging.getLogger("cim_adapter.pipeline.streaming")

    async def told(
        self, known: Understood, writer: PieceWriter, first: Piece, marked: bytes
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of the answer. ``marked`` is the message around what its pieces tell.

        Raises Undelivered where it cannot go on, or where that is thrown into it.
        """
        tally = _Tally()
        try:
            yield tally.add(writer.begin(marked))
            text = await asyncio.to_thread(writer.write, first)
            count, following = first.count, first.following
            del first
            while True:
                tally.count += count
                if text:
                    yield tally.add(text)
                if following is None:
                    break
                text, count, following = await self._store.read(_written(known, writer, following))
            yield tally.add(writer.end())
        except Undelivered as error:
            self._log.warning("the answer to message %s broke off: %s", known.entry.uid, error)
            await self._keep(known, tally.told("broken off", str(error)), _NOT_TAKEN)
            raise
        except Exception as error:  # a defect of ours, or the database is away: what was told is no whole document
            self._log.exception("the answer to message %s broke off", known.entry.uid)
            await self._keep(known, tally.told("broken off", _DEFECT), _OURS)
            raise Undelivered(_DEFECT) from error
        await self._keep(known, tally.told("told"))

    async def _keep(self, known: Understood, told: Streamed, code: str | None = None) -> None:
        """Say in the journal how it ended: ``code``, why it broke off."""

        def run(transaction: Transaction) -> None:
            journal.end_stream(transaction, known.entry, told, code=code)

        try:
            await self._store.commit(run)
        except Exception:  # the row says that it was begun; the log, how it ended
            self._log.exception(
                "how the answer to message %s ended is not in the journal: %s", known.entry.uid, told
            )


def _written(known: Understood, writer: PieceWriter, make: _Following) -> Callable[[Reader], _Written]:
    """Reads a piece and writes it, in a reader's thread."""

    def run(reader: Reader) -> _Written:
        piece = known.further(reader, make)
        return writer.write(piece), piece.count, piece.following

    return run
