"""A huge file costs no more memory than a large one."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest


@pytest.fixture
def peak(start_watch, huge, tmp_path):
    """The most memory, in MB, that taking a file of so many readings needs."""

    def taken(readings: int) -> float:
        path, _ = huge(readings)
        watch = start_watch("--settle", "0")
        watch.wait_for(1)
        path.rename(tmp_path / "inbox" / f"{readings}.xml")
        deadline = time.monotonic() + 300
        most = 0.0
        while len(watch.lines) < 2 and time.monotonic() < deadline:
            most = max(most, _peak_of(watch.process.pid))
            time.sleep(0.05)
        assert watch.lines[1:] == [f"done {readings}.xml"]
        most = max(most, _peak_of(watch.process.pid))
        assert watch.end() == 0
        return most

    return taken


def test_memory_is_constant(peak):
    large, huge = peak(400_000), peak(1_200_000)
    assert huge < 200
    assert huge < 1.1 * large, (large, huge)


def _peak_of(process: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0
