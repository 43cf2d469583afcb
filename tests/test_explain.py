"""``cim-adapter explain``: each field of an identifier in words."""

from __future__ import annotations

import subprocess
import sys

import pytest


def explain(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cim_adapter", "explain", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0", ["fifteenMinute", "deltaData", "forward", "energy", "Wh"]),
        ("3.26.0.85", ["ElectricMeter", "Power", "Failed"]),
        ("1.4.16", ["EndDevice", "DataCollection"]),
        ("2.4", ["Invalid Meter(s)"]),
    ],
)
def test_an_identifier_is_put_into_words(code, words):
    done = explain(code)
    assert done.returncode == 0, done.stderr
    assert [word for word in words if word not in done.stdout] == []


def test_a_malformed_one_is_refused_in_one_line():
    done = explain("1.2.3.4.5")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("cim-adapter: ")
    assert "Traceback" not in done.stderr
