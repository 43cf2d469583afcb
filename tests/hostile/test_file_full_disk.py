"""A disk that is full, under the inbox or under the database: nothing is lost, and work goes on with room."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from contextlib import contextmanager

import pytest
from lxml import etree


@contextmanager
def small_disk(path, size):
    """A file system of so many bytes at ``path``."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(path)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip(f"only root may mount: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path):
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break


def wait_for_log(watch, text):
    deadline = time.monotonic() + 60
    while text not in watch.log.read_text():
        assert time.monotonic() < deadline, watch.log.read_text()
        time.sleep(0.02)


@pytest.fixture
def content(messages):
    return etree.tostring(messages.create(messages.meter(count=96), header={"MessageID": "m"}))


def test_under_the_inbox(start_watch, tmp_path, content, readings_in):
    with small_disk(tmp_path / "inbox", 400_000):
        watch = start_watch("--settle", "0")
        watch.wait_for(1)
        wait_for_there(watch.inbox / "work" / ".outcome")
        part = watch.inbox / "a.part"
        part.write_bytes(content)
        fill(watch.inbox / "filler")
        part.rename(watch.inbox / "a.xml")
        wait_for_log(watch, "waits, and tries again: [Errno 28] No space left on device")
        assert readings_in(watch.data) == {"m": (1, 96)}
        assert not list(watch.inbox.glob("done/*/*.xml"))
        assert [(place / "a.xml").exists() for place in (watch.inbox, watch.inbox / "work")].count(True) == 1
        (watch.inbox / "filler").unlink()
        watch.wait_for(2)
        assert watch.lines[1] == "done a.xml"
        (filed,) = watch.inbox.glob("done/*/a.xml")
        assert filed.read_bytes() == content
        assert readings_in(watch.data) == {"m": (1, 96)}
        assert watch.end() == 0
        assert watch.log.read_text().count("waits, and tries again") == 1


def test_under_the_database(start_watch, tmp_path, content, readings_in):
    with small_disk(tmp_path / "data", 16_000_000):
        watch = start_watch("--settle", "0")
        watch.wait_for(1)
        fill(watch.data / "filler")
        for name in ("a.xml", "b.xml"):
            (watch.inbox / name).write_bytes(content if name == "a.xml" else content.replace(b">m<", b">n<"))
            os.utime(watch.inbox / name, (1, 1))
        wait_for_log(watch, "waits, and tries again: the adapter could not do this")
        assert not list(watch.inbox.glob("*/*/*.xml"))
        (watch.data / "filler").unlink()
        watch.wait_for(3)
        assert sorted(watch.lines[1:]) == ["done a.xml", "done b.xml"]
        assert readings_in(watch.data) == {"m": (1, 96), "n": (1, 96)}
        assert watch.end() == 0


def wait_for_there(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
