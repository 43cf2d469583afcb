"""schemathesis goes through /openapi.json: good data and bad, and from answer to request along the links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_what_is_described_is_what_is_done(standing_sqlite, tmp_path):
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--no-color", "--config-file", str(CONFIG), "run", f"{standing_sqlite.url}/openapi.json"]
    command += ["--header", f"X-API-Key: {standing_sqlite.key}", "--no-shrink", "--continue-on-failure"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Authentication failed" not in done.stdout, "nothing would be tried"
    (tested,) = re.findall(r"Tested: (\d+)", done.stdout)
    assert int(tested) > 35
    (covered,) = re.findall(r"API Links: +(\d+) covered", done.stdout)
    assert int(covered) > 0
