"""What lies in an inbox, in order of arrival, and which of it is whole.

The folder is listed again and again, but each file is looked at only twice, when it is first seen and when
its turn comes, so that 100,000 files cost 200,000 looks, however long they wait.
"""

from __future__ import annotations

import heapq
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from cim_adapter.transports.files.wholeness import is_being_written

_PATIENCE = 20  # listings take at most this part of the time


class _Seen(msgspec.Struct):
    """A file as it was seen. ``restless``: it changed, or was open, when its turn came."""

    state: tuple[int, int, int]
    since: float
    restless: bool = False


class Arrivals:
    """The files in ``folder`` whose names are like one of ``patterns``. ``clock`` counts seconds and never
    jumps; the times of files only order them.
    """

    def __init__(self, folder: Path, patterns: Sequence[str], settle: float, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._patterns = tuple(pattern.lower() for pattern in patterns)
        self._settle = settle
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._resting: deque[tuple[float, str]] = deque()
        self._ready: list[tuple[int, str]] = []
        self._strange: set[str] = set()
        self._next_look = 0.0
        self._log = logging.getLogger("cim_adapter.files")

    @property
    def expected(self) -> bool:
        """Whether there are files that are whole as far as is known: only their time has not come."""
        return any(not seen.restless for seen in self._seen.values())

    @property
    def next_turn(self) -> float | None:
        """Seconds until the turn of the next file; None where there is none."""
        if self._ready:
            return 0.0
        return max(self._resting[0][0] + self._settle - self._clock(), 0.0) if self._resting else None

    def look(self) -> None:
        """List the folder, unless that was done a moment ago and took long. Raises OSError."""
        start = self._clock()
        if start < self._next_look:
            return
        found: set[str] = set()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if self._is_wanted(entry):
                    found.add(entry.name)
                    if entry.name not in self._seen:
                        self._observe(entry.name)
        for name in self._seen.keys() - found:
            del self._seen[name]
        took = self._clock() - start
        self._next_look = start + took * _PATIENCE

    def due(self, at_most: int) -> list[str]:
        """The files whose turn has come, the oldest first. They are no longer looked for."""
        now = self._clock()
        while self._resting and self._resting[0][0] + self._settle <= now:
            since, name = self._resting.popleft()
            seen = self._seen.get(name)
            if seen is not None and seen.since == since:
                heapq.heappush(self._ready, (seen.state[0], name))
        due: list[str] = []
        while self._ready and len(due) < at_most:
            _, name = heapq.heappop(self._ready)
            if self._is_whole(name):
                del self._seen[name]
                due.append(name)
        return due

    def _is_wanted(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if name.startswith(".") or not any(fnmatchcase(name.lower(), pattern) for pattern in self._patterns):
            return False
        if entry.is_file(follow_symlinks=False):
            return True
        if name not in self._strange and not entry.is_dir(follow_symlinks=False):
            self._strange.add(name)
            self._log.warning("%r is no regular file: it is left where it is", name)
        return False

    def _observe(self, name: str, *, restless: bool = False) -> None:
        """Look at a file; from now on it must not change. What went away is forgotten."""
        try:
            state = _state(self._folder / name)
        except OSError:
            self._seen.pop(name, None)
            return
        self._seen[name] = _Seen(state, self._clock(), restless)
        self._resting.append((self._seen[name].since, name))

    def _is_whole(self, name: str) -> bool:
        seen, path = self._seen.get(name), self._folder / name
        if seen is None:
            return False
        try:
            whole = _state(path) == seen.state and not is_being_written(path)
        except OSError:
            whole = False
        if not whole:
            self._observe(name, restless=True)
        return whole


def _state(path: Path) -> tuple[int, int, int]:
    """When it was changed (ns), how many bytes it has, and which file it is."""
    status = path.lstat()
    return status.st_mtime_ns, status.st_size, status.st_ino
