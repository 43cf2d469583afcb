"""What tells that there may be something new in a folder."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import watchfiles

_NOW_AND_THEN = 30.0  # seconds: what the kernel told while nobody listened
_WITHOUT_KERNEL = 5.0  # seconds between two looks, where it does not tell


class Wakeups:
    """Waits for news of ``folder``: every ``poll`` seconds or, with 0, when the kernel tells."""

    def __init__(self, folder: Path, poll: float) -> None:
        self._folder = folder
        self._pause = poll or _NOW_AND_THEN
        self._news = asyncio.Event()
        self._listening = None if poll else asyncio.create_task(self._listen())
        self._log = logging.getLogger("cim_adapter.files")

    def wake(self) -> None:
        """End the present wait."""
        self._news.set()

    async def wait(self, at_most: float | None) -> None:
        """Until there is news, at most so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(
                self._news.wait(), self._pause if at_most is None else min(at_most, self._pause)
            )
        self._news.clear()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self) -> None:
        try:
            async for _ in watchfiles.awatch(
                self._folder, watch_filter=None, recursive=False, step=20, debounce=200, raise_interrupt=False
            ):
                self._news.set()
        except (OSError, RuntimeError) as error:
            self._log.warning("%s is looked at every %g seconds: %s", self._folder, _WITHOUT_KERNEL, error)
            self._pause = _WITHOUT_KERNEL
