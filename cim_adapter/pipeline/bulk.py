"""Messages of any size, in constant memory. They pass the same checks as every other:

    head and first unit ─► understand ─► seen before? ─► intake begun
    chunk, chunk, …     ─► valid, sealed (all cores) ─► stored, some chunks a transaction, with how far it is
    head, unit and tail ─► understand ─► journal, reply and "it is whole", in one transaction

What is understood is the frame: the message with one unit in it, which is as valid as the whole if the chunks are.
A chunk is prepared from its bytes where its noun can do that; else it passes through understanding as a message
of its own, in the frame of the whole, so that no rule exists twice.

Until the last transaction nobody sees anything of it; where it fails, what was stored is taken away again. What
can be read again (a file) goes on after a crash where it was.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from cim_adapter import instants
from cim_adapter.nouns.registry import Registry
from cim_adapter.pipeline.passage import Passage
from cim_adapter.pipeline.settling import Settling
from cim_adapter.pipeline.taking import Taking
from cim_adapter.pipeline.understanding import Understanding
from cim_adapter.processors import Processors
from cim_adapter.settings import Settings
from cim_adapter.store import intakes
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import DatabaseAway
from cim_adapter.wire import Answer, Stream

_SECOND = 1_000_000
_STREAM_PATIENCE, _SOURCE_PATIENCE = 3_600 * _SECOND, 7 * 86_400 * _SECOND
"""Microseconds after which what does not go on is given up."""


class Bulk:
    """Takes messages that are too large to be held. Holds no state of any message."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: Store,
        understanding: Understanding,
        settling: Settling,
        processors: Processors,
    ) -> None:
        self._settings = settings
        self._processors = processors
        self._units = registry.units
        self.store = store
        self.understanding = understanding
        self.settling = settling
        self.cores = settings.bulk_threads or len(processors)
        self._at_once = asyncio.Semaphore(settings.large_at_once)
        self._threads: ThreadPoolExecutor | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._log = logging.getLogger("cim_adapter.pipeline.bulk")

    @property
    def threads(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(
                self.cores, thread_name_prefix="cim-bulk", initializer=self._processors.use_all
            )
        return self._threads

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    async def take(self, passage: Passage, stream: Stream) -> Answer | bytes:
        """The answer; or the whole body, where it is no message that can be taken in parts. Raises AdapterError,
        with ``passage`` saying what is known, Interrupted, and whatever the stream raises.
        """
        async with self._at_once:
            self.sweep()
            return await Taking(self, passage, stream, self._settings, self._units).run()

    async def give_up(self, uid: str) -> None:
        """Take away all that a message brought."""
        await self.store.commit(lambda transaction: intakes.give_up(transaction, uid))
        while await self.store.commit(lambda transaction: intakes.clear(transaction, uid)):
            pass

    def sweep(self) -> None:
        """Take away, beside the traffic, what nobody goes on with: a crash, or a disk that was full, kept it from
        being taken away.
        """
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        now = instants.now()
        try:
            found = await self.store.read(
                lambda reader: intakes.forsaken(
                    reader, streams=now - _STREAM_PATIENCE, sources=now - _SOURCE_PATIENCE
                )
            )
            for uid in found:
                await self.give_up(uid)
        except DatabaseAway as error:
            self._log.warning("what is left of messages that were given up stays for now: %s", error)
