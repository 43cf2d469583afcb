"""The load generator: N clients in a closed loop, each with one keep-alive connection.

Runs in a process of its own (`drive`), so that it does not share an interpreter with anything measured.
A reply counts as good only if it is what its request asked for, and names it: HTTP 200, Result OK and the
MessageID over SOAP; over REST see `benchmarks.rest`.

The warm-up lasts until every meter had its turn. The window opens with the reply that ends it and closes
with the first reply after `seconds`: whole replies over the exact time they took, also where a reply takes
seconds. It stays open until `at_least` replies came.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import cast

import uvloop

from benchmarks import rest
from benchmarks.http import Reply, ReplyReader
from benchmarks.messages import KINDS
from benchmarks.messages.requests import Dialect, Requests

OPENED, CLOSED = "window opened", "window closed"
PATIENCE = 120.0  # seconds the generator waits for anything before it gives up


@dataclass(frozen=True)
class Plan:
    """What to send, where, for how long. `warm_up` is in seconds, and 0 for none; REST has no dialect."""

    port: int
    path: str
    dialect: Dialect | None
    kind: str
    size: int
    clients: int
    seconds: float
    warm_up: float = 2.0
    at_least: int = 1
    host: str = "127.0.0.1"
    headers: dict[str, str] = field(default_factory=dict)

    def requests(self) -> rest.Supply:
        """The supply of requests for this plan."""
        host = f"{self.host}:{self.port}"
        if self.dialect is None:
            return rest.supply(self.kind, self.size, host, self.headers)
        return Requests(self.dialect, KINDS[self.kind], self.size, self.path, host, self.headers)


@dataclass(frozen=True)
class Result:
    """What came back inside the window; `failures` counts the whole run, warm-up included."""

    replies: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failures: int
    samples: list[str]  # what the first failures looked like

    @property
    def per_second(self) -> float:
        """Good replies a second."""
        return self.replies / self.seconds if self.seconds else 0.0


class Tally:
    """Counts replies, opens and closes the window."""

    def __init__(self, plan: Plan, batches: int, notice: Callable[[str], None]) -> None:
        self._plan = plan
        self._notice = notice
        self._began = perf_counter()
        self._cold = max(plan.clients, batches if plan.warm_up else 0)
        self._opened: float | None = None
        self._latencies: list[float] = []
        self.failures = 0
        self.samples: list[str] = []
        self.closed: float | None = None

    def good(self, sent: float) -> None:
        now = perf_counter()
        if self.closed is not None:
            return
        if self._opened is None:
            self._cold -= 1
            if now - self._began >= self._plan.warm_up and self._cold <= 0:
                self._notice(OPENED)
                self._opened = now
            return
        self._latencies.append(now - sent)
        if now - self._opened >= self._plan.seconds and len(self._latencies) >= self._plan.at_least:
            self.closed = now
            self._notice(CLOSED)

    def bad(self, why: str) -> None:
        self.failures += 1
        if len(self.samples) < 5:
            self.samples.append(why)

    def result(self) -> Result:
        end = self.closed if self.closed is not None else perf_counter()
        spent = end - self._opened if self._opened is not None else 0.0
        times = sorted(self._latencies) or [0.0]
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        middle = statistics.median(times)
        return Result(len(self._latencies), spent, middle * 1e3, p99 * 1e3, self.failures, self.samples)


class Client(asyncio.Protocol):
    """One connection: send, wait for the reply, check it, send the next; `gone` is set at the end."""

    def __init__(self, requests: rest.Supply, tally: Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._reader = ReplyReader()
        self._transport: asyncio.Transport | None = None
        self._sent = 0.0
        self._message_id = b""
        self._waiting = False
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are no subclass of it
        self._send(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        try:
            reply = self._reader.feed(data)
        except ValueError as error:
            self._tally.bad(str(error))
            self._waiting = False
            self._transport.close()
            return
        if reply is None:
            return
        self._waiting = False
        self._check(reply)
        # A server that refuses everything is not worth a full window.
        if self._tally.closed is None and self._tally.failures < 100:
            self._send(self._transport)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._tally.bad(f"connection lost before the reply: {exc}")
        self.gone.set()

    def _send(self, transport: asyncio.Transport) -> None:
        self._message_id, data = self._requests.next()
        self._waiting = True
        self._sent = perf_counter()
        transport.write(data)

    def _check(self, reply: Reply) -> None:
        if self._requests.good(reply, self._message_id):
            self._tally.good(self._sent)
        else:
            said = reply.body[max(reply.body.find(b"Result>"), 0) :][:600]  # the reason, not the envelope
            self._tally.bad(f"HTTP {reply.status}: {said.decode(errors='replace')}")


async def run(plan: Plan, notice: Callable[[str], None] = lambda _: None) -> Result:
    """Drives the server until the window closes, waits for what is under way, and counts."""
    requests = plan.requests()
    tally = Tally(plan, requests.batches, notice)
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(requests, tally), plan.host, plan.port))[1]
        for _ in range(plan.clients)
    ]
    try:
        async with asyncio.timeout(PATIENCE + plan.warm_up + plan.seconds):
            for client in clients:
                await client.gone.wait()
    except TimeoutError:
        tally.bad("gave up waiting for replies")
    if tally.closed is None and not tally.failures:
        tally.bad("the window never closed")
    return tally.result()


def drive(plan: Plan, notice: Callable[[str], None] = lambda _: None) -> Result:
    """`run` in a process of its own; `notice` is called when the window opens and closes."""
    command = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(asdict(plan), process.stdin)  # not in argv: it may hold a key
        process.stdin.close()
        last = ""
        for line in process.stdout:
            last = line.strip()
            if last in (OPENED, CLOSED):
                notice(last)
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Result(**json.loads(last))


def main() -> None:
    """Reads a plan from stdin, tells the window on stdout, then the result as one line of JSON."""
    plan = json.load(sys.stdin)
    plan["dialect"] = plan["dialect"] and Dialect(**plan["dialect"])
    result = uvloop.run(run(Plan(**plan), lambda word: print(word, flush=True)))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
