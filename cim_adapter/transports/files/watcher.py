"""Takes files from one inbox, round by round:

    take what is whole ─► work/ ─► carry each message to the pipeline ─► file them with replies and reports

A round is a few dozen files, so that they share commits and syncs. What is in work/ goes before what is in
the inbox: after a crash, a full disk or a database that was away, a round simply begins there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from cim_adapter.inboxes import Inbox
from cim_adapter.transports.files.arrivals import Arrivals
from cim_adapter.transports.files.contents import Contents, Limits
from cim_adapter.transports.files.courier import Carried, Courier, Unsettled
from cim_adapter.transports.files.filing import Filing
from cim_adapter.transports.files.report import Report
from cim_adapter.transports.files.suspects import Suspects
from cim_adapter.transports.files.wakeups import Wakeups

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds after trouble with disk or database
_LOCKED_PAUSE = 1.0  # seconds between two tries where another process takes the files


class Watcher:
    """``small`` is the size in bytes up to which files are read together, ``large`` bounds the work on others;
    ``tell`` is given the report of each file when it is filed.
    """

    def __init__(
        self,
        inbox: Inbox,
        courier: Courier,
        filing: Filing,
        arrivals: Arrivals,
        *,
        limits: Limits,
        small: int,
        large: asyncio.Semaphore,
        tell: Callable[[Report], None],
    ) -> None:
        self._inbox = inbox
        self._courier = courier
        self._filing = filing
        self._arrivals = arrivals
        self._limits = limits
        self._small = small
        self._large = large
        self._tell = tell
        self._carried: dict[str, Carried] = {}
        self._suspects: Suspects | None = None
        self._stopping = False
        self._wakeups: Wakeups | None = None
        self._log = logging.getLogger("cim_adapter.files")

    async def run(self) -> None:
        """Take files until ``stop``. Trouble with disk or database is waited out."""
        pause, said = _FIRST_PAUSE, ""
        self._wakeups = wakeups = Wakeups(self._inbox.folder, self._inbox.poll)
        try:
            while not self._stopping:
                try:
                    await asyncio.to_thread(self._filing.prepare)
                    if not self._filing.hold():
                        await wakeups.wait(_LOCKED_PAUSE)
                    elif not await self._round():
                        await wakeups.wait(self._arrivals.next_turn)
                    pause, said = _FIRST_PAUSE, ""
                except Exception as error:  # whatever it is, it may be over the next time
                    if not isinstance(error, OSError | Unsettled):
                        self._log.exception("inbox %s", self._inbox.name)
                    if str(error) != said:
                        self._log.error("inbox %s waits, and tries again: %s", self._inbox.name, error)
                    said = str(error)
                    await wakeups.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            await wakeups.close()
            self._filing.let_go()

    async def run_once(self) -> None:
        """Take what is there now, and end. Raises OSError; BlockingIOError where another process watches."""
        await asyncio.to_thread(self._filing.prepare)
        if not self._filing.hold():
            raise BlockingIOError(f"{self._inbox.folder} is watched by another process")
        try:
            while await self._round() or (self._arrivals.expected and not self._stopping):
                await asyncio.sleep(min(self._arrivals.next_turn or 0.0, 0.1))
        except Unsettled as error:
            raise OSError(f"{self._inbox.folder}: {error}") from error
        finally:
            self._filing.let_go()

    def stop(self) -> None:
        """End after the present round."""
        self._stopping = True
        if self._wakeups is not None:
            self._wakeups.wake()

    async def _round(self) -> bool:
        """Whether there was anything to do."""
        names = await asyncio.to_thread(self._begin)
        if not names:
            return False
        with ExitStack() as opened:
            found = await asyncio.to_thread(self._open, names, opened)
            tasks = [asyncio.create_task(self._carry(name, contents)) for name, contents in found.items()]
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        carried = dict(zip(found, outcomes, strict=True))
        self._carried |= {name: outcome for name, outcome in carried.items() if isinstance(outcome, Carried)}
        await asyncio.to_thread(self._file)
        for outcome in outcomes:
            if isinstance(outcome, OSError | Unsettled) or not isinstance(outcome, Exception | Carried | None):
                raise outcome
        defects = {name: outcome for name, outcome in carried.items() if isinstance(outcome, Exception)}
        if defects:
            await asyncio.to_thread(self._postpone, defects)
        return len(defects) < len(names)

    def _postpone(self, defects: Mapping[str, Exception]) -> None:
        """What breaks us must not keep others waiting."""
        for name, error in defects.items():
            self._log.error("inbox %s: %r stays in work for now", self._inbox.name, name, exc_info=error)
        if self._suspects is not None:
            self._suspects.postpone(defects)

    def _begin(self) -> list[str]:
        """The files of this round, in work/."""
        waiting = self._filing.unfinished()
        if self._suspects is None:
            self._suspects = Suspects(self._filing.path(".suspects"), waiting)
        if names := self._suspects.first(waiting):
            return names[: self._inbox.at_once]
        self._arrivals.look()
        return self._filing.take(self._arrivals.due(self._inbox.at_once)) or self._suspects.last(waiting)

    def _open(self, names: list[str], opened: ExitStack) -> dict[str, Contents]:
        """The files that were not carried yet. Small ones are read now, so that messages keep their order."""
        found: dict[str, Contents] = {}
        for name in names:
            if name not in self._carried:
                try:
                    contents = opened.enter_context(Contents(self._filing.path(name), self._limits))
                except FileNotFoundError:
                    continue  # somebody took it away
                if contents.plain and contents.size <= self._small:
                    contents.read_at_once()
                found[name] = contents
        return found

    async def _carry(self, name: str, contents: Contents) -> Carried | None:
        if contents.read:
            return await self._courier.carry(name, contents)
        async with self._large:
            return await self._courier.carry(name, contents)

    def _file(self) -> None:
        """File what was carried; what cannot be filed now is kept, so that it need not be carried again."""
        if self._carried and self._suspects is not None:
            self._filing.file([carried.filed for carried in self._carried.values()])
            filed, self._carried = self._carried, {}
            self._suspects.clear(filed)
            for carried in filed.values():
                self._tell(carried.report)
