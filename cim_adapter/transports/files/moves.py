"""Several moves that happen together: a crash in the middle is made good when they are looked at again.

They are written down before the first of them. What was moved is no longer where it was, so each move is done
once, however often the list is gone through.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cim_adapter.transports.files.disk import free_name, sync, write

Move = tuple[Path, Path]
"""From where, and to where."""


class Moves:
    """The moves that are written down in the file ``plan``."""

    def __init__(self, plan: Path) -> None:
        self._plan = plan
        self._draft = plan.with_name(f"{plan.name}.part")

    def carry_out(self, moves: Sequence[Move]) -> None:
        """Do all of them, now or after a crash. Raises OSError: then ``resume`` does the rest."""
        listed = [(bytes(source), bytes(target)) for source, target in moves]
        write(self._draft, msgspec.msgpack.encode(listed))
        self._draft.rename(self._plan)
        sync([self._plan.parent])
        self.resume()

    def resume(self) -> None:
        """Do what is written down and not done. Raises OSError."""
        try:
            listed = msgspec.msgpack.decode(self._plan.read_bytes(), type=list[tuple[bytes, bytes]])
        except FileNotFoundError:
            return
        folders: set[Path] = set()
        for source, target in ((Path(os.fsdecode(one)), Path(os.fsdecode(other))) for one, other in listed):
            if os.path.lexists(source):
                source.rename(_unused(target))
            folders |= {source.parent, target.parent}
        sync(sorted(folders))
        self._plan.unlink()


def _unused(target: Path) -> Path:
    """``target``, unless somebody put a file there meanwhile: nothing is ever overwritten."""
    return target.with_name(free_name(target.name, [""], lambda name: not os.path.lexists(target.with_name(name))))
