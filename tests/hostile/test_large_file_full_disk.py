"""A disk that fills up while one huge message is taken: nothing half-visible, and it goes on with room."""

from __future__ import annotations

from itertools import repeat

import pytest
from lxml import etree
from sqlalchemy import create_engine, text

from tests.hostile.test_file_full_disk import fill, small_disk, wait_for_log

BLOCKS = 6_000


@pytest.fixture
def large(messages):
    """12 MB that are stored in more than 3 MB."""
    made = etree.tostring(messages.create(messages.meter("meter-x", 24), header={"MessageID": "large"}))
    start, end = made.index(b"<MeterReading>"), made.index(b"</MeterReading>") + len(b"</MeterReading>")
    units = (unit.replace(b"meter-x", b"m-%d" % n) for n, unit in enumerate(repeat(made[start:end], BLOCKS)))
    return made[:start] + b"".join(units) + made[end:]


def test_it_fills_up_in_the_middle(start_watch, tmp_path, large, readings_in, monkeypatch):
    monkeypatch.setenv("CIM_ADAPTER_BULK_BYTES", "1000000")
    monkeypatch.setenv("CIM_ADAPTER_BULK_PART_BYTES", "50000")  # the first transaction fits
    with small_disk(tmp_path / "data", 24_000_000):
        watch = start_watch("--settle", "0")
        watch.wait_for(1)
        fill(watch.data / "filler")
        with (watch.data / "filler").open("r+b") as filler:
            filler.truncate(filler.seek(0, 2) - 2_500_000)  # room for the beginning of it
        (watch.inbox / "part").write_bytes(large)
        (watch.inbox / "part").rename(watch.inbox / "large.xml")
        wait_for_log(watch, "waits, and tries again")
        assert not list(watch.inbox.glob("*/*/*.xml"))
        begun = blocks(watch.data)
        assert 0 < begun < BLOCKS
        assert readings_in(watch.data) == {}  # no message has them
        (watch.data / "filler").unlink()
        watch.wait_for(2, 120)
        assert watch.lines[1] == "done large.xml"
        assert readings_in(watch.data) == {"large": (BLOCKS, 24 * BLOCKS)}
        assert watch.end() == 0


def blocks(data):
    engine = create_engine(f"sqlite:///{data / 'cim_adapter.db'}")
    with engine.connect() as connection:
        found = connection.execute(text("select count(*) from reading_block")).scalar()
    engine.dispose()
    return found
