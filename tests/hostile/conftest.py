"""A server under attack, and what must hold whatever is thrown at it."""

from __future__ import annotations

import http.client
import re
import select
import socket
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import etree

from tests.validate.running import validate  # noqa: F401  # a fixture

MEGABYTE = 1024 * 1024
MOST_MEMORY = 50 * MEGABYTE
MOST_MILLISECONDS = 50
SMALL = 64 * 1024  # bytes; a larger body takes its time to be sent
INNARDS = re.compile(rb'Traceback|File "|\.py\b|lxml|sqlalchemy|0x[0-9a-f]{8}', re.IGNORECASE)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the thread has just ended
        return "0"


class Target:
    """A server process, struck through real HTTP. Each strike ends with an honest message."""

    def __init__(self, server, messages, record_property):
        self.server = server
        self._messages = messages
        self._record = record_property
        self._client = server.client()
        self._log = server.data.parent / "server.log"
        self.serves_honest_requests()
        self.tells_of_an_honest_mistake()

    def close(self):
        self._client.close()

    # ------------------------------------------------------------------------------- strikes

    def strike(self, content: bytes, *, path="/soap", soap=None, times=5, **headers):
        """Post ``content``; the answer to it, after all that must hold was asserted."""
        sent = {"Content-Type": self._messages.content_type(soap or self._messages.SOAP11), **headers}
        return self._watch(lambda: self._client.post(path, content=content, headers=sent), len(content), times)

    def strike_json(self, content: bytes, *, times=5):
        """Post ``content`` to /messages; the response, after all that must hold was asserted."""
        sent = {"Content-Type": "application/json"}
        post = lambda: self._client.post("/messages", content=content, headers=sent)  # noqa: E731
        return self._watch(post, len(content), times, opened=lambda response: response)

    def strike_message(self, body, *, soap=None, blocks=(), **options):
        """Post a message in an honest envelope."""
        envelope = self._messages.envelope(body, soap or self._messages.SOAP11, blocks)
        return self.strike(etree.tostring(envelope), soap=soap, **options)

    def flood(self, pieces: Iterable[bytes], **headers):
        """Send a request without end until the server answers; the answer, and how much was sent."""
        sent = 0

        def pour() -> httpx.Response:
            nonlocal sent
            url = urlsplit(self.server.url)
            with socket.create_connection((url.hostname, url.port), timeout=30) as wire:
                lines = {"Host": url.netloc, "X-API-Key": self.server.key, "Content-Type": "text/xml", **headers}
                head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                wire.sendall(f"POST /soap HTTP/1.1\r\n{head}\r\n".encode())
                for piece in pieces:
                    if select.select([wire], [], [], 0)[0]:
                        break
                    try:
                        wire.sendall(piece)
                    except ConnectionError:
                        break
                    sent += len(piece)
                answer = http.client.HTTPResponse(wire)
                answer.begin()
                return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())

        return self._watch(pour, size=MEGABYTE, times=1), sent

    def serves_honest_requests(self):
        made = self._messages.meter(count=3)
        answer = self._messages.send(self._client, self._messages.create(made))
        assert (answer.status, answer.result, answer.codes) == (200, "OK", ["0.0"])
        query = {"EndDevice": {"mRID": made["Meter"]["mRID"]}}
        answer = self._messages.send(self._client, self._messages.get(query))
        assert self._messages.plain(answer.payload) == {"MeterReading": made}

    def tells_of_an_honest_mistake(self):
        """The first one has the server read what explains XSDs; no attack is charged with that."""
        body = self._messages.create(self._messages.meter(count=1))
        for stamp in body.iter("{*}timeStamp"):
            stamp.text = "yesterday"
        answer = self._messages.send(self._client, body)
        assert (answer.result, set(answer.codes)) == ("FAILED", {"1.8"})

    # ------------------------------------------------------------------------------- watching

    def _watch(self, post, size: int, times: int, opened=None):
        self._forget_peaks()
        before, logged = self._memory("VmRSS"), self._log.stat().st_size
        took, worked = [], []
        for _ in range(times):
            start, busy = time.perf_counter(), self._cpu()
            response = post()
            took.append((time.perf_counter() - start) * 1000)
            worked.append((self._cpu() - busy) * 1000)
        grown = self._memory("VmHWM") - before
        # Others use the machine, too: what the clock says of the fastest, and the work that a strike made.
        milliseconds = max(min(took), statistics.median(worked))
        self._record("milliseconds", round(milliseconds, 1))
        self._record("megabytes", round(grown / MEGABYTE, 1))
        assert not INNARDS.search(response.content), response.content
        with self._log.open() as log:
            log.seek(logged)
            assert "Traceback" not in log.read()
        self.serves_honest_requests()
        assert grown < MOST_MEMORY
        if size <= SMALL:
            assert milliseconds < MOST_MILLISECONDS, (took, worked)
        return (opened or self._messages.open)(response)

    def _processes(self) -> Iterator[Path]:
        waiting = [self.server.process.pid]
        while waiting:
            folder = Path(f"/proc/{waiting.pop()}")
            yield folder
            for children in folder.glob("task/*/children"):
                waiting += [int(child) for child in children.read_text().split()]

    def _cpu(self) -> float:
        """Seconds that all threads of the server together have run."""
        threads = (folder.glob("task/*/schedstat") for folder in self._processes())
        return sum(int(_read(path).split()[0] or 0) for some in threads for path in some) / 1e9

    def _memory(self, what: str) -> int:
        """``VmHWM`` (the peak) or ``VmRSS`` of all processes of the server together."""
        pattern = re.compile(rf"{what}:\s+(\d+) kB")
        found = [pattern.search((folder / "status").read_text()) for folder in self._processes()]
        return sum(int(match[1]) * 1024 for match in found if match)

    def _forget_peaks(self):
        for folder in self._processes():
            (folder / "clear_refs").write_text("5")


@pytest.fixture
def target(standing_sqlite, messages, record_property) -> Iterator[Target]:
    """The standing server: for what should cost next to nothing."""
    made = Target(standing_sqlite, messages, record_property)
    yield made
    made.close()


@pytest.fixture
def fresh_target(tmp_path, launch_sqlite, messages, record_property) -> Iterator[Target]:
    """A server that has not grown yet: for what could make one grow."""
    made = Target(launch_sqlite(tmp_path), messages, record_property)
    yield made
    made.close()


@pytest.fixture
def is_fault(messages):
    """Asserts a SOAP fault by the sender's mistake, in the given version, with a FaultMessage in it."""

    def check(answer, code: str, *, soap=None, name="FaultMessage"):
        expected = {None: (500, "Client"), messages.SOAP11: (500, "Client"), messages.SOAP12: (400, "Sender")}[
            soap
        ]
        assert (answer.status, answer.fault) == expected
        assert answer.soap == (soap or messages.SOAP11)
        assert answer.headers["content-type"] == messages.content_type(answer.soap)
        assert etree.QName(answer.message).localname == name
        assert (answer.result, set(answer.codes)) == ("FAILED", {code})
        assert answer.text
        assert all(error["reason"] for error in answer.errors)

    return check
