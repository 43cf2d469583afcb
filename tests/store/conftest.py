"""Working on a store without an event loop of one's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from cim_adapter.store import journal
from cim_adapter.store.sealing import DataKey, Vault
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Transaction


@pytest.fixture
def vault() -> Vault:
    """A vault with keys of its own, without a database."""
    return Vault(DataKey(os.urandom(32)), os.urandom(32))


@pytest.fixture
def commit(store: Store) -> Callable[..., Any]:
    """``commit(work)``: the result of ``work`` once it is on disk."""

    def run(work: Callable[[Transaction], Any], **more: Any) -> Any:
        return asyncio.run(store.commit(work, **more))

    return run


@pytest.fixture
def commit_all(store: Store) -> Callable[..., list[Any]]:
    """Results and exceptions of works that are handed in together, while the writer is kept busy: so they
    share one group.
    """

    def run(*works: Callable[[Transaction], Any], onces: tuple[bytes | None, ...] = ()) -> list[Any]:
        async def main() -> list[Any]:
            free = asyncio.Event()
            loop = asyncio.get_running_loop()
            held = asyncio.create_task(
                store.commit(lambda _: asyncio.run_coroutine_threadsafe(free.wait(), loop).result())
            )
            while store.writer.waiting:  # taken, and waiting for us
                await asyncio.sleep(0)
            keys = onces or (None,) * len(works)
            tasks = [
                asyncio.create_task(store.commit(work, once=once)) for work, once in zip(works, keys, strict=True)
            ]
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
