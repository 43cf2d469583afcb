"""Nonces are used once a day: whatever group, process or restart is between the uses."""

from __future__ import annotations

import asyncio
import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cim_adapter import Settings
from cim_adapter.store import nonces
from cim_adapter.store.nonces import DAY
from cim_adapter.store.store import Store

NOW = 1_772_000_000_000_000
KEY = b"\x01" * 32


@pytest.fixture
def use(commit):
    return lambda key=KEY, now=NOW: commit(lambda tx: nonces.use(tx, key, now=now))


@pytest.fixture
def used(store: Store):
    def read(key=KEY, now=NOW):
        return store.read_now(lambda reader: nonces.used(reader, key, now=now))

    return read


@pytest.fixture
def count(store: Store):
    table = store.tables.nonce
    return lambda: store.read_now(lambda reader: reader.select(select(func.count()).select_from(table)).scalar())


def test_a_nonce_is_used_once(use, used):
    assert used() is None
    use()
    assert used() == NOW
    assert used(b"\x02" * 32) is None


def test_a_nonce_is_remembered_for_a_day(use, used, count):
    use()
    assert used(now=NOW + DAY - 1) == NOW
    assert used(now=NOW + DAY) is None
    use(now=NOW + DAY)
    assert used(now=NOW + DAY) == NOW + DAY
    assert count() == 1


def test_a_nonce_of_a_message_that_failed_is_not_used(commit_all, used):
    def run(tx):
        nonces.use(tx, KEY, now=NOW)
        raise ValueError

    commit_all(run)
    assert used() is None


def test_messages_of_one_group_see_each_other_s(commit_all):
    def run(tx):
        before = nonces.used(tx, KEY, now=NOW)
        if before is None:
            nonces.use(tx, KEY, now=NOW)
        return before

    assert commit_all(run, run, run) == [None, NOW, NOW]


def test_old_ones_are_swept_now_and_then(use, count):
    for n in range(1, 11):
        use(bytes([n]) * 32, now=NOW)
    use(b"\x20" * 32, now=NOW + DAY // 2)
    assert count() == 11
    use(b"\x21" * 32, now=NOW + DAY)
    assert count() == 12
    use(b"\x00" * 32, now=NOW + DAY)  # one in 256 sweeps
    assert count() == 3


def test_they_outlive_the_process_that_took_them(settings, store, use):
    use()
    with Store(settings) as other:
        assert other.read_now(lambda reader: nonces.used(reader, KEY, now=NOW)) == NOW


def _use_each(database: str, data: Path, barrier, results) -> None:
    """Use a hundred nonces, as many as nobody else has used."""

    def attempt(tx, n):
        key = n.to_bytes(32)
        if nonces.used(tx, key, now=NOW) is not None:
            return 0
        nonces.use(tx, key, now=NOW)
        return 1

    async def main(store):
        return await asyncio.gather(*(store.commit(lambda tx, n=n: attempt(tx, n)) for n in range(1, 101)))

    with Store(Settings(data=data, database=database)) as store:
        barrier.wait(60)
        results.put(sum(asyncio.run(main(store))))


def test_two_processes_use_each_once(settings, store, count):
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(2), spawn.Queue()
    processes = [
        spawn.Process(target=_use_each, args=(settings.database, settings.data, barrier, results))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    taken = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert sum(taken) == 100
    assert count() == 100
