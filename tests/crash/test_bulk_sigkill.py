"""SIGKILL at random moments while one huge message is taken: each reading is there once, and its reply is."""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
import time
from contextlib import closing

from lxml import etree

KILLS, SEED = 20, 61968
SMALL_PARTS = 128 * 1024  # bytes: many transactions, so that there are many moments


def stored(data):
    """Intakes, blocks, distinct positions, readings and whole messages in the database."""
    asked = (
        "select (select count(*) from intake), count(*), count(distinct position), coalesce(sum(readings), 0),"
        " (select count(*) from journal) from reading_block"
    )
    with closing(sqlite3.connect(data / "cim_adapter.db")) as connection:
        return connection.execute(asked).fetchone()


def test_each_reading_once_and_the_reply_once(start_watch, huge, tmp_path, monkeypatch):
    path, wanted = huge(1_000_000)
    monkeypatch.setenv("CIM_ADAPTER_BULK_PART_BYTES", str(SMALL_PARTS))
    monkeypatch.setenv("CIM_ADAPTER_BULK_THREADS", "1")
    chance = random.Random(SEED)
    inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
    inbox.mkdir()
    path.rename(inbox / "huge.xml")
    arguments = ("--partner", "ACME", "--outbox", str(outbox), "--settle", "0")

    steps = []
    for _ in range(KILLS):
        watch = start_watch(*arguments)
        watch.wait_for(1)
        before = stored(watch.data)[1]
        wait_until(lambda: stored(watch.data)[1] > before)  # noqa: B023  used in this round alone
        threading.Event().wait(chance.random() / 50)  # somewhere inside a part
        watch.end(signal.SIGKILL)
        intakes, blocks, positions, _, whole = stored(watch.data)
        assert (intakes, positions, whole) == (1, blocks, 0)
        steps.append(blocks)
    assert steps == sorted(set(steps))  # it never begins anew

    watch = start_watch("--once", *arguments)
    assert watch.process.wait(300) == 0, watch.log.read_text()
    assert stored(watch.data) == (0, wanted, wanted, wanted * 96, 1)
    filed = sorted(path.name for path in inbox.glob("*/*/*"))
    assert filed == ["huge.xml", "huge.xml.reply.xml", "huge.xml.report.json"]
    assert [path.name for path in outbox.iterdir()] == ["huge.xml.reply.xml"]
    assert etree.parse(outbox / "huge.xml.reply.xml").findtext(".//{*}Reply/{*}Result") == "OK"
    assert "Traceback" not in watch.log.read_text()


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
