"""A body of 1 GB, declared or in chunks: answered long before it is all sent."""

from __future__ import annotations

from itertools import repeat

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
PIECE = b" " * MEGABYTE


def is_too_large(answer):
    assert (answer.status, answer.fault, answer.codes) == (500, "Client", ["3.1"])
    assert "33,554,432 bytes" in answer.said


def test_declared(fresh_target):
    answer, sent = fresh_target.flood(repeat(PIECE, 1024), **{"Content-Length": str(GIGABYTE)})
    is_too_large(answer)
    assert sent < 64 * MEGABYTE


def test_chunked(fresh_target):
    chunk = f"{MEGABYTE:x}\r\n".encode() + PIECE + b"\r\n"
    answer, sent = fresh_target.flood(repeat(chunk, 1024), **{"Transfer-Encoding": "chunked"})
    is_too_large(answer)
    assert sent < 128 * MEGABYTE


def test_just_too_large(target):
    answer = target.strike(b" " * (32 * MEGABYTE + 1), times=1)
    is_too_large(answer)
