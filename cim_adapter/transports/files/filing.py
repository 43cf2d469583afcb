"""The folders of an inbox, and how files go through them:

    readings.xml ─► work/ ─► done/2026-11-23/readings.xml       or rejected/
                                             readings.xml.reply.xml
                                             readings.xml.report.json (and .html)
                      └────► outbox          readings.xml.reply.xml

What stands in work/ was taken and is not yet filed: after a crash it is taken up again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from cim_adapter.inboxes import Inbox
from cim_adapter.transports.files.disk import free_name, make_folder, sync, write_all
from cim_adapter.transports.files.moves import Move, Moves

_STAGED = ".outcome"


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A file of work/ and what goes beside it. ``reply`` ends in ``.reply.xml`` or ``.reply.zip``; ``reports`` are
    by their endings.
    """

    file: str
    done: bool
    reply: bytes
    reply_ending: str
    reply_wanted: bool
    reports: dict[str, bytes]


class Filing:
    """Moves files between the folders of an inbox. Every method may raise OSError, and may be called
    again then.
    """

    def __init__(self, inbox: Inbox, today: Callable[[], datetime]) -> None:
        self._inbox = inbox.folder.absolute()
        self._outbox = inbox.outbox.absolute() if inbox.outbox is not None else None
        self._today = today
        self._work = self._inbox / "work"
        self._staged = self._work / _STAGED
        self._moves = Moves(self._work / ".moves")
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the folders that are not there yet."""
        for folder in (self._work, self._staged, self._inbox / "done", self._inbox / "rejected"):
            make_folder(folder)
        if self._outbox is not None:
            self._outbox.mkdir(parents=True, exist_ok=True)

    def hold(self) -> bool:
        """Whether this process is the one that takes files from here: it is, until it ends or lets go."""
        if self._lock is None:
            lock = os.open(self._work / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
        return True

    def let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def path(self, name: str) -> Path:
        """Where a file is that was taken."""
        return self._work / name

    def unfinished(self) -> list[str]:
        """The files that were taken and are not filed, the oldest first. What was begun is brought to its end."""
        self._moves.resume()
        with os.scandir(self._work) as entries:
            found = [
                (entry.stat(follow_symlinks=False).st_mtime_ns, entry.name)
                for entry in entries
                if not entry.name.startswith(".") and not entry.is_dir(follow_symlinks=False)
            ]
        return [name for _, name in sorted(found)]

    def take(self, names: Iterable[str]) -> list[str]:
        """Move files from the inbox to work/; one that went away meanwhile, or whose name is taken there, is left
        out.
        """
        taken: list[str] = []
        for name in names:
            if os.path.lexists(self._work / name):
                continue
            try:
                (self._inbox / name).rename(self._work / name)
            except FileNotFoundError:
                continue
            taken.append(name)
        if taken:
            sync((self._inbox, self._work))
        return taken

    def file(self, outcomes: Sequence[Filed]) -> None:
        """Put files where they belong, each with its reply and its reports. Called again after an error, it
        goes on where it stopped.
        """
        self._moves.resume()
        self._clear()
        moves: list[Move] = []
        texts: list[tuple[Path, bytes]] = []
        day = f"{self._today():%Y-%m-%d}"
        for number, outcome in enumerate(outcomes):
            if not os.path.lexists(self._work / outcome.file):
                continue  # it was filed before
            kind = self._inbox / ("done" if outcome.done else "rejected")
            make_folder(kind / day)
            for source, target, text in self._steps(number, outcome, kind / day, {target for _, target in moves}):
                moves.append((source, target))
                if text is not None:
                    texts.append((source, text))
        write_all(texts)
        sync(filter(None, (self._staged, self._outbox)))
        self._moves.carry_out(moves)

    def _steps(
        self, number: int, outcome: Filed, folder: Path, taken: set[Path]
    ) -> Iterator[tuple[Path, Path, bytes | None]]:
        """What is to be moved from where to where, and what is to be written there before: all that goes beside a
        file, then the file itself.
        """
        texts = {outcome.reply_ending: outcome.reply, **outcome.reports}
        name = free_name(outcome.file, ("", *texts), lambda name: _is_free(folder / name, taken))
        if self._outbox is not None and outcome.reply_wanted:
            # Written where it will lie, which may be another file system, under a name that nobody picks up.
            outbox, ending = self._outbox, outcome.reply_ending
            own = free_name(outcome.file, (ending,), lambda name: _is_free(outbox / name, taken))
            yield outbox / f".cim-adapter-{number}.part", outbox / (own + ending), outcome.reply
        for ending, text in texts.items():
            yield self._staged / f"{number}{ending}", folder / (name + ending), text
        yield self._work / outcome.file, folder / name, None

    def _clear(self) -> None:
        """Forget what was written for moves that were never written down."""
        for path in self._staged.iterdir():
            path.unlink()
        if self._outbox is not None:
            for path in self._outbox.glob(".cim-adapter-*.part"):
                path.unlink()


def _is_free(path: Path, taken: set[Path]) -> bool:
    return path not in taken and not os.path.lexists(path)
