"""What is left of a message that was given up is taken away when a server starts."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import func, select

from cim_adapter import Settings
from cim_adapter.store import intakes
from cim_adapter.store.intakes import Intake
from cim_adapter.store.store import Store, prepare

BLOCKS = 2_500  # more than one transaction takes away


@pytest.fixture
def store(launcher, database):
    settings = Settings.load(flags={"data": launcher.data, "database": database})
    prepare(settings)
    with Store(settings) as made:
        yield made


def leave(store, uid, *, given_up):
    """What a crash leaves of a message that is not whole."""

    def bring(transaction):
        intakes.begin(transaction, Intake(uid=uid, received=0))
        block = {"journal_uid": uid, "kind": 0, "reading_type": "kWh", "start": 0, "end": 1, "readings": 1}
        for number in range(BLOCKS):
            transaction.add(transaction.tables.reading_block, block | {"position": number, "sealed": b""})

    asyncio.run(store.commit(bring))
    if given_up:
        asyncio.run(store.commit(lambda transaction: intakes.give_up(transaction, uid)))


def left(store):
    """Uid of each message that is not whole → its blocks."""
    table, blocks = store.tables.intake, store.tables.reading_block
    count = select(func.count()).where(blocks.c.journal_uid == table.c.uid).scalar_subquery()
    return store.read_now(lambda reader: {row.uid: row[1] for row in reader.select(select(table.c.uid, count))})


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_start_takes_away_what_was_given_up(store, start_server, launcher, workers):
    leave(store, "gone", given_up=True)
    leave(store, "going on", given_up=False)
    assert left(store) == {"gone": BLOCKS, "going on": BLOCKS}
    server = start_server("--workers", workers)
    deadline = time.monotonic() + 60
    while left(store) != {"going on": BLOCKS}:
        assert time.monotonic() < deadline, left(store)
        time.sleep(0.05)
    assert server.stop() == 0
    assert "Traceback" not in launcher.log.read_text()


def test_a_server_stops_while_it_takes_away(store, start_server, launcher):
    for number in range(20):
        leave(store, f"gone-{number}", given_up=True)
    assert start_server().stop() == 0
    said = launcher.log.read_text()
    assert "Traceback" not in said
    assert "destroyed" not in said
