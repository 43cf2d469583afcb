"""Pipes, sockets and device files in an inbox: never opened, and nobody waits for them."""

import os
import socket
import stat

import pytest


def test_pipes_and_sockets(drop, messages):
    os.mkfifo(drop.folder / "pipe.xml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(drop.folder / "socket.xml"))
        drop.put("good.xml", messages.create(messages.meter()))
        assert [report.line for report in drop.take()] == ["done good.xml"]
    assert (drop.folder / "pipe.xml").is_fifo()


def test_devices(drop, messages):
    try:
        os.mknod(drop.folder / "zero.xml", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError as error:
        pytest.skip(f"only root makes device files: {error}")
    drop.put("good.xml", messages.create(messages.meter()))
    assert [report.line for report in drop.take()] == ["done good.xml"]
    assert (drop.folder / "zero.xml").is_char_device()


def test_a_pipe_in_work(drop, messages):
    drop.put("good.xml", messages.create(messages.meter()))
    drop.take()
    os.mkfifo(drop.folder / "work" / "pipe.xml")
    (report,) = drop.take()
    assert report.line == "rejected pipe.xml: 1.8 this is no regular file"
