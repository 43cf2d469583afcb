"""Watches inboxes: what the file drop is made of, and when it runs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cim_adapter.access import Roles
from cim_adapter.adapter import Adapter
from cim_adapter.envelope import ShapeReader
from cim_adapter.inboxes import Inbox, InboxesError
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store import journal
from cim_adapter.transports.files.arrivals import Arrivals
from cim_adapter.transports.files.contents import Content, Limits
from cim_adapter.transports.files.courier import Courier
from cim_adapter.transports.files.filing import Filing
from cim_adapter.transports.files.report import Report
from cim_adapter.transports.files.watcher import Watcher
from cim_adapter.transports.files.wire import FileWire
from cim_adapter.transports.soap import Protocols, SoapWire

Tell = Callable[[Report], None]

_KEYS = ("partner", "role", "pattern", "outbox", "poll", "settle")
"""Keys of an inbox that the command line may give."""


def check(settings: Settings) -> None:
    """Raises SettingsError for an inbox with a role that is none."""
    roles = Roles(settings.roles)
    for inbox in settings.inboxes.all:
        if inbox.role not in roles:
            raise SettingsError(
                f"inboxes: {inbox.name}: {inbox.role!r} is no role; these are: {', '.join(roles.names)}"
            )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``cim-adapter watch``."""
    parser.add_argument("inbox", metavar="INBOX", help="a folder, or the name of an inbox in the settings")
    parser.add_argument("--partner", metavar="NAME", help="whose files they are; default: the name of the folder")
    parser.add_argument("--role", metavar="ROLE", help="what they may do; default: partner")
    parser.add_argument(
        "--pattern", metavar="GLOB", action="append", help="names to take; may stand several times"
    )
    parser.add_argument("--outbox", metavar="DIR", help="a folder for replies")
    parser.add_argument("--poll", metavar="SECONDS", type=float, help="look so often; for network folders")
    parser.add_argument(
        "--settle", metavar="SECONDS", type=float, help="how long a file must not change; default: 1"
    )
    parser.add_argument(
        "--once", action="store_true", help="take what is there, and end; 1 if a file was rejected"
    )
    parser.add_argument(
        "--schemas",
        metavar="DIR",
        type=Path,
        action="append",
        help="a folder of XSDs of yours; may stand several times",
    )


def watch(settings: Settings, options: argparse.Namespace, announce: Callable[[str], None]) -> int:
    """``cim-adapter watch``: until SIGTERM or SIGINT, or with ``--once`` until what is there was taken. The number
    of files that were rejected.
    """
    given = {key: value for key in _KEYS if (value := getattr(options, key)) is not None}
    try:
        settings = replace(settings, inboxes=settings.inboxes.chosen(options.inbox, given))
    except InboxesError as error:
        raise SettingsError(f"inbox {error}") from error
    check(settings)
    for one in settings.inboxes.all:
        if not one.folder.is_dir():
            raise NotADirectoryError(f"{one.folder} is no folder, and no name of an inbox in the settings")
    rejected = 0

    def tell(report: Report) -> None:
        nonlocal rejected
        rejected += report.outcome == "rejected"
        announce(report.line)

    async def run(adapter: Adapter) -> None:
        watchers = Watchers(adapter, tell)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, watchers.stop)
        if options.once:
            await watchers.run_once()
            return
        announce(f"ready {options.inbox}")
        await watchers.run()

    with Adapter.prepared(settings) as adapter:
        asyncio.run(run(adapter))
    return rejected


class Watchers:
    """The watchers of all inboxes of the settings. To be made and used on one event loop."""

    def __init__(self, adapter: Adapter, tell: Tell | None = None) -> None:
        settings = adapter.settings
        self._log = logging.getLogger("cim_adapter.files")
        self._tell = tell or self._log_only
        self._adapter = adapter
        self._large = asyncio.Semaphore(settings.large_at_once)
        self._protocols = cache(Protocols)
        self._shapes = ShapeReader()
        self._watchers = [self._watcher(inbox) for inbox in settings.inboxes.all]
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Watch, beside whatever else this loop does."""
        self._running = [asyncio.create_task(watcher.run()) for watcher in self._watchers]

    async def run(self) -> None:
        """Watch until ``stop``."""
        self.start()
        await asyncio.gather(*self._running)

    async def run_once(self) -> None:
        """Take what is there now."""
        for watcher in self._watchers:
            await watcher.run_once()

    def stop(self) -> None:
        """Have each watcher end after its present round."""
        for watcher in self._watchers:
            watcher.stop()

    async def stopped(self) -> None:
        """Stop, and wait until it is so."""
        self.stop()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _watcher(self, inbox: Inbox) -> Watcher:
        settings = self._adapter.settings
        limits = Limits(
            bulk_bytes=min(settings.bulk_bytes, settings.max_bytes),
            ratio=settings.max_inflation,
            max_members=settings.max_items,
        )

        def wire(name: str, content: Content) -> FileWire:
            return FileWire(
                name,
                content,
                soap=self._soap,
                shapes=self._shapes,
                catalogue=self._adapter.catalogue,
                verb=inbox.verb,
            )

        return Watcher(
            inbox,
            Courier(inbox, self._adapter.pipeline, wire, self._journaled, self._adapter.catalogue),
            Filing(inbox, lambda: datetime.now(UTC)),
            Arrivals(inbox.folder, inbox.pattern, inbox.settle, time.monotonic),
            limits=limits,
            small=settings.inline_bytes,
            large=self._large,
            tell=self._tell,
        )

    def _soap(self) -> SoapWire:
        """For a capture: it takes every message, and there is no SOAPAction to say otherwise."""
        return SoapWire(self._protocols(), content_type="", action="", operations=frozenset(), known=frozenset())

    async def _journaled(self, uid: str) -> bool:
        try:
            await self._adapter.store.read(lambda reader: journal.read(reader, uid))
        except KeyError:
            return False
        except Exception:  # the database is away: it has not been noted, as far as anybody can tell
            return False
        return True

    def _log_only(self, report: Report) -> None:
        self._log.info("%s: %s", report.inbox, report.line)
