"""Files that were being taken when the process died: one of them may be what it died of.

After a restart they are taken one at a time. One that is alone when the process dies again is put behind all
others, so that a file that ends processes is never lost, and never keeps others waiting.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from cim_adapter.transports.files.disk import write


class Suspects:
    """``left`` are the names that stood in work/ at the start. The file ``note`` keeps those that were alone."""

    def __init__(self, note: Path, left: Sequence[str]) -> None:
        self._note = note
        self._postponed = [name for name in self._noted() if name in left]
        self._left = [name for name in left if name not in self._postponed]

    def first(self, waiting: Sequence[str]) -> list[str]:
        """Which of ``waiting`` to take now, before what is new: one suspect, or all that are none."""
        for name in self._left:
            if name in waiting:
                self._write([*self._postponed, name])
                return [name]
        return [name for name in waiting if name not in self._postponed]

    def last(self, waiting: Sequence[str]) -> list[str]:
        """What to take where there is nothing else."""
        return [name for name in self._postponed if name in waiting][:1]

    def postpone(self, names: Iterable[str]) -> None:
        """Put these behind all others."""
        self._postponed = [*self._postponed, *(name for name in names if name not in self._postponed)]
        self._left = [name for name in self._left if name not in self._postponed]
        self._write(self._postponed)

    def clear(self, taken: Collection[str]) -> None:
        """These were taken, and nobody died."""
        known = len(self._left) + len(self._postponed)
        self._left = [name for name in self._left if name not in taken]
        self._postponed = [name for name in self._postponed if name not in taken]
        if len(self._left) + len(self._postponed) < known:
            self._write(self._postponed)

    def _noted(self) -> list[str]:
        try:
            names = msgspec.msgpack.decode(self._note.read_bytes(), type=list[bytes])
        except FileNotFoundError:
            return []
        return [os.fsdecode(name) for name in names]

    def _write(self, names: Sequence[str]) -> None:
        part = self._note.with_name(f"{self._note.name}.part")
        write(part, msgspec.msgpack.encode([os.fsencode(name) for name in names]))
        part.rename(self._note)
