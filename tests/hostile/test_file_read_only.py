"""An inbox that we may read and not write: nothing is taken from it, for it would be taken again and again."""

from __future__ import annotations

import subprocess

import pytest


@pytest.fixture
def read_only(tmp_path):
    """A folder with a file in it, on a file system that is mounted read-only."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "none", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount")
    (folder / "a.xml").write_text("<a/>")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_said_at_once(read_only, start_watch):
    watch = start_watch("--once")
    assert watch.process.wait(60) == 2
    assert watch.end() == 2
    assert watch.lines == []
    assert "cim-adapter: [Errno 30] Read-only file system" in watch.log.read_text()
    assert (read_only / "a.xml").exists()


def test_waited_for(read_only, start_watch):
    """Where it is watched all the time, it may become writable."""
    watch = start_watch("--settle", "0")
    watch.wait_for(1)
    subprocess.run(["mount", "-o", "remount,rw", str(read_only)], check=True)
    watch.wait_for(2)
    assert watch.lines[1].startswith("rejected a.xml: 1.8 ")
    assert watch.end() == 0
