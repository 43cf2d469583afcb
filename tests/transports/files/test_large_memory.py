"""A huge file costs no more memory than a large one."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest


@pytest.fixture
def peak(start_watch, huge, tmp_path):
    """The most memory of its own, in MB, that taking a file of so many readings needs. (Readers map the file of
    the database, which is no memory of theirs, and grows.)
    """

    def taken(readings: int) -> float:
        path, _ = huge(readings)
        watch = start_watch("--settle", "0")
        watch.wait_for(1)
        path.rename(tmp_path / "inbox" / f"{readings}.xml")
        deadline = time.monotonic() + 300
        most = 0.0
        while len(watch.lines) < 2 and time.monotonic() < deadline:
            most = max(most, _own_memory(watch.process.pid))
            time.sleep(0.02)
        assert watch.lines[1:] == [f"done {readings}.xml"]
        assert watch.end() == 0
        return most

    return taken


def test_memory_is_constant(peak):
    large, huge = peak(1_200_000), peak(3_600_000)  # it takes a million until all threads have what they need
    assert huge < 200
    assert huge < 1.1 * large, (large, huge)


def _own_memory(process: int) -> float:
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0
