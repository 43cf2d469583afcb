"""Folders from which files are taken: in this process, and by ``cim-adapter watch``."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from sqlalchemy import create_engine, text

from cim_adapter import Adapter, Settings
from cim_adapter.inboxes import Inboxes
from cim_adapter.transports.files.report import Report
from cim_adapter.watching import Watchers

if TYPE_CHECKING:
    from tests.messages import Messages


class Drop:
    """An inbox on an adapter of its own; its files are taken when a test says so, in this process."""

    def __init__(self, adapter: Adapter, folder: Path, **keys) -> None:
        self.adapter = adapter
        self.folder = folder
        folder.mkdir(exist_ok=True)
        table = {"folder": str(folder), "partner": "ACME", "role": "admin", "settle": 0, **keys}
        adapter.settings = replace(adapter.settings, inboxes=Inboxes.read({"acme": table}))
        self._count = 0

    def put(self, name: str, content: bytes | etree._Element) -> Path:
        """A file, a second younger than the one before."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else etree.tostring(content))
        self._count += 1
        os.utime(path, (1_700_000_000 + self._count,) * 2)
        return path

    def take(self) -> list[Report]:
        """Take what is there; the reports in the order in which files were filed."""
        reports: list[Report] = []

        async def run() -> None:
            await Watchers(self.adapter, reports.append).run_once()

        asyncio.run(run())
        return reports

    def filed(self, ending: str = "") -> list[Path]:
        """The files in done/ and rejected/ that end so; without an ending, those that were dropped."""
        made = (".reply.xml", ".reply.zip", ".report.json", ".report.html")
        found = [path for kind in ("done", "rejected") for path in sorted((self.folder / kind).glob("*/*"))]
        if ending:
            return [path for path in found if path.name.endswith(ending)]
        return [path for path in found if not path.name.endswith(made)]

    def stored(self) -> dict[str, tuple[int, int]]:
        """MessageID → (blocks, readings), as the tables have them."""
        return stored_blocks(self.adapter.settings.data)


def stored_blocks(data: Path) -> dict[str, tuple[int, int]]:
    """MessageID → (blocks, readings), as the tables of a SQLite database have them."""
    engine = create_engine(f"sqlite:///{data / 'cim_adapter.db'}")
    counted = text(
        "select j.message_id, count(*), sum(b.readings) from reading_block b"
        " join journal j on j.uid = b.journal_uid group by j.message_id"
    )
    with engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    engine.dispose()
    return found


@pytest.fixture(scope="session")
def readings_in() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """``stored_blocks``, of a data directory."""
    return stored_blocks


@pytest.fixture
def new_drop(tmp_path: Path) -> Iterator[Callable[..., Drop]]:
    """A function that makes an inbox with these keys, in a folder of its own."""
    with ExitStack() as opened:

        def make(folder: Path | None = None, settings: dict | None = None, **keys) -> Drop:
            own = Settings(**{"data": tmp_path / "data", **(settings or {})})
            return Drop(opened.enter_context(Adapter.prepared(own)), folder or tmp_path / "inbox", **keys)

        yield make


@pytest.fixture
def drop(new_drop: Callable[..., Drop]) -> Drop:
    return new_drop()


class WatchProcess:
    """``cim-adapter watch INBOX`` as a process of its own. ``lines`` is what it printed."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.inbox = home / "inbox"
        self.data = home / "data"
        self.log = home / "watch.log"
        self.lines: list[str] = []
        command = [sys.executable, "-m", "cim_adapter", "watch", str(self.inbox), "--data", str(self.data)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *arguments], stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
            )
        self._printed = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for(self, lines: int, within: float = 60) -> None:
        """Until it printed so many lines, or ended."""
        with self._printed:
            assert self._printed.wait_for(
                lambda: len(self.lines) >= lines or self.process.poll() is not None, within
            ), self.log.read_text()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal; its exit status, with all its lines read."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self._reading.join(30)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._printed:
                self.lines.append(line.rstrip("\n"))
                self._printed.notify_all()
        self.process.stdout.close()
        with self._printed:
            self._printed.notify_all()


@pytest.fixture
def start_watch(tmp_path: Path) -> Iterator[Callable[..., WatchProcess]]:
    """A function that starts ``cim-adapter watch`` on the folder ``inbox`` with more arguments."""
    started: list[WatchProcess] = []

    def start(*arguments: str) -> WatchProcess:
        (tmp_path / "inbox").mkdir(exist_ok=True)
        started.append(WatchProcess(tmp_path, *arguments))
        return started[-1]

    yield start
    for watch in started:
        watch.end(signal.SIGKILL)


@pytest.fixture
def huge(tmp_path: Path, messages: Messages) -> Callable[[int], tuple[Path, int]]:
    """A function that writes a SOAP capture with so many readings, 96 a block, each of a meter of its own: its
    path, and how many blocks it has.
    """

    def write(readings: int) -> tuple[Path, int]:
        one = messages.create(messages.meter("meter-x", 96), header={"MessageID": str(readings)})
        made = etree.tostring(messages.envelope(one))
        start, end = made.index(b"<MeterReading>"), made.index(b"</MeterReading>") + len(b"</MeterReading>")
        path, blocks = tmp_path / "huge.part", -(-readings // 96)
        with path.open("wb") as file:
            file.write(made[:start])
            for number in range(blocks):
                file.write(made[start:end].replace(b"meter-x", b"meter-%d" % number))
            file.write(made[end:])
        return path, blocks

    return write
