"""Which processors threads run on.

Only one thread of a process runs Python at a time. Where the next one runs on another processor, all that Python
touches has to follow it there, reference counts foremost. A server whose threads take turns on one processor
needs a third less time for a message than one whose threads are spread over two.
"""

from __future__ import annotations

import os


class Processors:
    """Those that this process may run on when this is made; others stay as they are. Nothing is done where the
    system has no such notion.
    """

    def __init__(self) -> None:
        self._all = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []

    def __len__(self) -> int:
        return len(self._all) or os.cpu_count() or 1

    def keep_to_one(self, number: int) -> None:
        """From now on this thread, and those that it starts, run on one; ``number`` says which, counted round."""
        if self._all:
            os.sched_setaffinity(0, {self._all[number % len(self._all)]})

    def use_all(self) -> None:
        """This thread may run anywhere again: for work that C code does without the interpreter."""
        if self._all:
            os.sched_setaffinity(0, self._all)
