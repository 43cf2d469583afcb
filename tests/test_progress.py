"""The bar of long work."""

from __future__ import annotations

import io

from cim_adapter.progress import Progress


def test_a_bar_says_how_far_how_fast_and_how_long():
    now = [0.0]
    out = io.StringIO()
    progress = Progress(out, 100_000_000, clock=lambda: now[0])
    for _ in progress.watching([b"x" * 1_000_000] * 25):
        now[0] += 0.2
    assert out.getvalue().endswith("\r███████░░░░░░░░░░░░░░░░░░░░░░░  25%, 5.0 MB/s, 0:15 left")
    progress.clear()
    assert out.getvalue().endswith(" \r")


def test_short_work_and_no_terminal_need_none():
    out = io.StringIO()
    list(Progress(out, 10, clock=lambda: 0.0).watching([b"x"] * 10))
    assert out.getvalue() == ""
    list(Progress(None, 10).watching([b"x"] * 10))


def test_things_are_counted_by_their_name():
    now = [0.0]
    out = io.StringIO()
    progress = Progress(out, 0, unit="readings", clock=lambda: now[0])
    for _ in range(3):
        now[0] += 1
        progress.add(10_000)
    assert out.getvalue().endswith("\r30,000 readings, 10,000 readings/s")
