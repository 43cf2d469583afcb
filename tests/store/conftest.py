"""Working on a store without an event loop of one's own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cim_adapter.store import journal
from cim_adapter.store.sealing import DataKey, Vault
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Transaction
from cim_adapter.store.writer import Work


@pytest.fixture
def vault() -> Vault:
    """A vault with keys of its own, without a database."""
    return Vault(DataKey(os.urandom(32)), os.urandom(32))


@pytest.fixture
def commit(store: Store) -> Callable[..., Any]:
    """``commit(run)``: the result of ``run`` once it is on disk. More of ``Work`` may be given."""

    def run(work: Callable[[Transaction], Any], **more: Any) -> Any:
        return asyncio.run(store.commit(Work(run=work, **more)))

    return run


@pytest.fixture
def commit_all(store: Store) -> Callable[..., list[Any]]:
    """Results and exceptions of works (or what they run) that share one group, in their order."""

    def run(*works: Work[Any] | Callable[[Transaction], Any]) -> list[Any]:
        async def main() -> list[Any]:
            free = threading.Event()
            held = asyncio.create_task(store.commit(lambda _: free.wait(30)))
            await asyncio.sleep(0)
            while store.writer.waiting:  # until the writer is busy, and waits for us
                await asyncio.sleep(0)
            tasks = [asyncio.create_task(store.commit(work)) for work in works]
            while store.writer.waiting < len(works):
                await asyncio.sleep(0)
            free.set()
            await held
            return await asyncio.gather(*tasks, return_exceptions=True)

        return asyncio.run(main())

    return run


@pytest.fixture
def entry(store: Store) -> Callable[..., journal.Entry]:
    """A journal entry; anything of it may be given."""

    def make(**given: Any) -> journal.Entry:
        uid = given.pop("uid", None) or journal.new_uid()
        known: dict[str, Any] = {
            "uid": uid,
            "received": 1,
            "transport": "test",
            "remote": None,
            "partner": "hes",
            "digest": b"d",
            "request": journal.seal_request(store.vault, uid, given.pop("body", b"<request/>")),
        }
        return journal.Entry(**(known | given))

    return make


@pytest.fixture
def journaled(commit: Callable[..., Any], entry: Callable[..., journal.Entry]) -> Callable[..., str]:
    """The uid of a message that is in the journal."""

    def write(**given: Any) -> str:
        made = entry(**given)
        commit(lambda tx: journal.write(tx, made, result="OK", code="0.0", reply=b"<reply/>"))
        return made.uid

    return write
