"""The server process: Granian around the HTTP door.

The first process prepares the store, listens and watches; its workers take messages. A worker that
loses its parent goes too, so that a killed server leaves nothing behind that holds port or database.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from multiprocessing import connection
from multiprocessing.synchronize import Semaphore

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels

from cim_adapter import tls, watching
from cim_adapter.access import give_key
from cim_adapter.adapter import Adapter, contract_of
from cim_adapter.codes import CodeLists
from cim_adapter.front import Entrance, Front
from cim_adapter.ports import any_port, await_port
from cim_adapter.processors import Processors
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store import api_keys
from cim_adapter.store.store import Store, prepare
from cim_adapter.transports.contract import ContractPages
from cim_adapter.transports.http import HttpDoor
from cim_adapter.transports.messages import Messages
from cim_adapter.transports.public import PublicAddress
from cim_adapter.transports.rest.addresses import AddressBook
from cim_adapter.transports.rest.door import RestDoor
from cim_adapter.transports.rest.resource import Tools

Announce = Callable[[str], None]


def serve(settings: Settings, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` is given the lines an operator must see: the first
    admin key, and ``ready URL`` once all workers take messages.
    """
    _check(settings)
    held = any_port(settings.host) if settings.port == 0 else None
    if held is not None:
        settings = replace(settings, port=held.getsockname()[1])
    else:
        await_port(settings.host, settings.port)
    entrance = Entrance(settings.host, settings.port) if settings.client_ca is not None else None
    prepare(settings)
    contract_of(settings)  # what is wrong with it is said here, not by each worker
    if (key := first_key(settings)) is not None:
        announce(f"admin key, shown this once: {key}")
    ready = multiprocessing.get_context("fork").Semaphore(0)
    scheme = "https" if settings.tls_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    threading.Thread(
        target=_announce_when_ready,
        args=(ready, settings.workers, f"ready {scheme}://{host}:{settings.port}", announce),
        daemon=True,
    ).start()
    tls_cert = settings.tls_cert if entrance is None else None  # else TLS ends at the entrance
    server = Granian(
        "cim_adapter",
        address=settings.host if entrance is None else entrance.inner_host,
        port=settings.port if entrance is None else entrance.inner_port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        http=HTTPModes.auto if tls_cert else HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
        websockets=False,
        backlog=1024,
        log_level=LogLevels.warning,
        # Its own handlers write to stdout, where only what ``announce`` says belongs.
        log_dictconfig={"handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}},
        ssl_cert=tls_cert,
        ssl_key=settings.tls_key if tls_cert else None,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        # libxml2 keeps every element name it ever met, so made-up names of a known partner add up.
        workers_max_rss=settings.worker_memory,
    )
    respawn = server.signal_handler_reload

    def reload(*_: object) -> None:
        if tls.usable(settings):
            respawn()  # type: ignore[no-untyped-call]

    server.signal_handler_reload = reload  # type: ignore[method-assign]
    tls.watch(settings)
    gc.enable()  # for the process that watches; workers see to it themselves
    server.serve(target_loader=_Worker(settings, ready, entrance), wrap_loader=False)  # type: ignore[arg-type]  # no callable: RSGI
    for listening in (held, entrance):
        if listening is not None:
            listening.close()


def first_key(settings: Settings) -> str | None:
    """An admin key for a store that has no key at all, unless it is open; else None."""
    if settings.open:
        logging.getLogger("cim_adapter").warning("open: anyone who reaches %s is admin", settings.host)
        return None
    with Store(settings) as store:
        if store.read_now(api_keys.any_exists):
            return None
        return asyncio.run(give_key(store, name="admin", role="admin", quota=0))


class _Worker:
    """Makes the RSGI application in a worker process. Called there by Granian."""

    def __init__(self, settings: Settings, ready: Semaphore, entrance: Entrance | None) -> None:
        self._settings = settings
        self._ready = ready
        self._entrance = entrance
        # The next processor; beginning anywhere, so that several servers on a machine do not all crowd one.
        self._turn = multiprocessing.get_context("fork").Value("I", os.getpid())

    def __call__(self, *_: object) -> HttpDoor:
        processors = Processors()
        if self._settings.pin_workers:
            with self._turn:
                processors.keep_to_one(self._turn.value)
                self._turn.value += 1
        threading.Thread(target=_die_with_parent, daemon=True).start()
        adapter = Adapter(self._settings, processors=processors)
        nouns = adapter.registry.nouns
        address = PublicAddress(self._settings)
        contract = ContractPages(adapter.contract, nouns, address)

        watchers: list[watching.Watchers] = []
        entrance = self._entrance
        front: Front | None = None
        if entrance is not None:
            front = Front(entrance, tls.context_of(self._settings), adapter.access.certificates)

        async def started() -> None:
            adapter.pipeline.started()
            if self._settings.inboxes.all:
                watchers.append(watching.Watchers(adapter))
                watchers[0].start()
            if front is not None:
                await front.start()
            self._ready.release()

        messages = Messages(adapter.bridge, adapter.catalogue)
        tools = Tools(
            settings=self._settings,
            store=adapter.store,
            book=AddressBook(adapter.store),
            lists=CodeLists(),
            catalogue=adapter.catalogue,
            bridge=adapter.bridge,
            address=address,
        )
        rest = RestDoor(tools, adapter.pipeline, adapter.access)

        def stopped(loop: asyncio.AbstractEventLoop) -> None:
            if front is not None:
                loop.run_until_complete(front.stop())
            for some in watchers:
                loop.run_until_complete(some.stopped())
            adapter.close()

        door = HttpDoor(
            self._settings,
            adapter.pipeline,
            contract,
            messages,
            rest,
            peers=None if entrance is None else entrance.peers,
            started=started,
            stopped=stopped,
        )
        gc.collect()
        gc.freeze()  # handlers and tables live as long as the process: no collection need look at them again
        gc.set_threshold(20_000)  # messages leave few cycles behind, if any
        gc.enable()
        return door


def _announce_when_ready(ready: Semaphore, workers: int, line: str, announce: Announce) -> None:
    for _ in range(workers):
        ready.acquire()
    announce(line)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)  # nothing acknowledged is lost: what was acknowledged is on disk


def _check(settings: Settings) -> None:
    if settings.open and not _is_loopback(settings.host):
        raise SettingsError(f"open lets anyone in, so it is for loopback addresses only, not {settings.host}")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("tls_cert and tls_key go together")
    if not (settings.tls_cert or settings.allow_plain_http or _is_loopback(settings.host)):
        raise SettingsError(
            f"on {settings.host} keys and readings would cross the network in clear: give tls_cert and tls_key, "
            "or set allow_plain_http where a proxy in front of us speaks TLS"
        )
    tls.check(settings)
    watching.check(settings)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
