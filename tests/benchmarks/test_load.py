"""The load generator counts what it should, good and bad."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from benchmarks.http import ReplyReader
from benchmarks.load import CLOSED, OPENED, Plan, Result, run
from benchmarks.messages.requests import IEC
from benchmarks.trivial import Trivial, ok

Answer = Callable[[bytes], bytes | None]


def drive(answer: Answer, readings: int = 1, at_least: int = 50) -> tuple[Result, list[str]]:
    async def both() -> tuple[Result, list[str]]:
        notices: list[str] = []
        server = await asyncio.get_running_loop().create_server(lambda: Trivial(answer), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            plan = Plan(
                port, "/", IEC, "readings", readings, clients=4, seconds=0.1, warm_up=0.02, at_least=at_least
            )
            return await run(plan, notices.append), notices

    return asyncio.run(both())


def chunked(message_id: bytes) -> bytes:
    body = b"<CorrelationID>" + message_id + b"</CorrelationID><Result>OK</Result>"
    parts = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


@pytest.mark.parametrize("answer", [ok, chunked])
@pytest.mark.parametrize("readings", [1, 96, 10_000])
def test_good_replies_are_counted(answer: Answer, readings: int) -> None:
    answered = itertools.count()
    result, notices = drive(lambda message_id: (next(answered), answer(message_id))[1], readings, at_least=5)
    assert result.failures == 0, result.samples
    assert notices == [OPENED, CLOSED]
    assert 5 <= result.replies <= next(answered)
    assert result.seconds >= 0.1
    assert result.per_second == pytest.approx(result.replies / result.seconds)
    assert 0 < result.p50_ms <= result.p99_ms


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: good.replace(b"200 OK", b"500 Internal Server Error"),
        lambda good: good.replace(b"Result>OK<", b"Result>NO<"),
        lambda good: good.replace(b"-", b"_"),  # an answer to another message
    ],
    ids=["status", "result", "correlation"],
)
def test_every_tenth_reply_is_bad(spoil: Callable[[bytes], bytes]) -> None:
    numbers, spoilt = itertools.count(1), itertools.count()

    def answer(message_id: bytes) -> bytes:
        if next(numbers) % 10:
            return ok(message_id)
        next(spoilt)
        return spoil(ok(message_id))

    result, _ = drive(answer)
    assert result.failures == next(spoilt) > 0
    assert 0 < len(result.samples) <= 5


def test_a_server_that_hangs_up_is_a_failure_per_client() -> None:
    result, notices = drive(lambda _: None)
    assert (result.failures, result.replies, notices) == (4, 0, [])
    assert "connection lost" in result.samples[0]


def test_a_server_that_refuses_everything_is_given_up() -> None:
    result, _ = drive(lambda _: b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
    assert result.replies == 0
    assert result.failures >= 100
    assert result.samples[0] == "HTTP 401: no"


def test_what_is_no_http_is_a_failure() -> None:
    result, _ = drive(lambda _: b"SSH-2.0-server\r\n\r\n")
    assert result.failures == 4


@pytest.mark.parametrize("answer", [ok, chunked])
def test_a_reply_may_come_byte_by_byte(answer: Answer) -> None:
    reader = ReplyReader()
    for _ in range(2):  # keep-alive
        *early, last = [reader.feed(bytes([byte])) for byte in answer(b"id")]  # type: ignore[union-attr]
        assert early == [None] * len(early)
        assert last is not None
        assert last.status == 200
        assert b"Result>OK<" in last.body
