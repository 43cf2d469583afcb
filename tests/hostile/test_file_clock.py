"""Clocks that jump: ours, and those of whoever wrote the files."""

import os
import time

from lxml import etree

from cim_adapter import watching


def test_files_from_the_past_and_the_future(drop, messages):
    for name, when in (("future.xml", 4_102_444_800), ("past.xml", 0), ("present.xml", time.time())):
        path = drop.put(name, messages.create(messages.meter()))
        os.utime(path, (when, when))
    assert [report.file for report in drop.take()] == ["past.xml", "present.xml", "future.xml"]


def test_the_day_goes_back(drop, messages, monkeypatch):
    """The folder is that of the day as the clock has it; nothing that lies there is overwritten."""

    class Jumping(watching.datetime):
        days = iter((24, 23, 24))

        @classmethod
        def now(cls, zone=None):
            return cls(2026, 11, next(cls.days), tzinfo=zone)

    monkeypatch.setattr(watching, "datetime", Jumping)
    content = etree.tostring(messages.create(messages.meter()))
    for _ in range(3):
        drop.put("a.xml", content)
        drop.take()
    found = [f"{path.parent.name}/{path.name}" for path in drop.filed()]
    assert found == ["2026-11-23/a.xml", "2026-11-24/a-2.xml", "2026-11-24/a.xml"]
    assert list(drop.stored().values()) == [(1, 1)]
