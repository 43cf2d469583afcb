"""REST requests: readings to create, each different from all before it, or one query again and again.

As with SOAP, 1 reading is one meter with one value, 10,000 are 105 meters with a day each; meters come from a
population of 1,000, and when all of them had their turn the next day begins.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol
from uuid import uuid4

from benchmarks.http import Reply
from benchmarks.messages.kind import POPULATION

PATH = "/meter-readings"
FIRST_DAY = date(2020, 1, 1)
PER_METER = 96
_DAY, _BATCH = "yyyy-mm-dd", "#batch"  # of the width of what replaces them


@dataclass(frozen=True)
class Kind:
    """What is done; its size is how many readings a request brings, or asks for. `seed`: how many there are
    before the first request.
    """

    name: str
    sizes: tuple[int, ...]
    seed: int = 0


_KINDS = (Kind("rest-create", (1, 100, 10_000)), Kind("rest-query", (100_000,), seed=200_000))
KINDS = {kind.name: kind for kind in _KINDS}
SEEDED_AT_ONCE = 10_000


class Supply(Protocol):
    """Requests without end. `batches`: how many it takes until every meter had its turn."""

    batches: int

    def next(self) -> tuple[bytes, bytes]:
        """What the next reply must name, and the whole HTTP request."""

    def good(self, reply: Reply, named: bytes) -> bool:
        """Whether this reply is what was asked for."""


class Creates:
    """POSTs of `size` readings. The body is serialised once, then only meters and day are filled in."""

    def __init__(self, size: int, host: str, headers: dict[str, str]) -> None:
        self.batches = POPULATION // -(-size // PER_METER) or 1
        self._size = size
        self._body = json.dumps({"readings": [_reading(number) for number in range(size)]}).encode()
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        self._run = f"{uuid4()}"[:24]
        self._count = 0

    def next(self) -> tuple[bytes, bytes]:
        day, batch = divmod(self._count, self.batches)
        key = f"{self._run}{self._count:012x}"
        self._count += 1
        body = self._body.replace(_BATCH.encode(), b"%06d" % batch)
        body = body.replace(_DAY.encode(), (FIRST_DAY + timedelta(days=day)).isoformat().encode())
        head = f"{self._head}Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n{self._lines}\r\n"
        return key.encode(), head.encode() + body

    def good(self, reply: Reply, named: bytes) -> bool:
        told = json.loads(reply.body) if reply.status == 201 else {}
        return (told.get("result"), told.get("messageId"), told.get("count")) == ("OK", named.decode(), self._size)


class Queries:
    """GETs of `size` readings, out of more, in one page: of a kind and unit, in a window of time."""

    batches = 1

    def __init__(self, size: int, host: str, headers: dict[str, str]) -> None:
        self._size = size
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        window = f"from={FIRST_DAY}T00:00:00Z&to={FIRST_DAY + timedelta(days=9)}T23:45:00Z"
        query = f"readingType=intervalData&unit=kWh&{window}&limit={size}"
        self._request = f"GET {PATH}?{query} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode()

    def next(self) -> tuple[bytes, bytes]:
        return b"nextCursor", self._request

    def good(self, reply: Reply, named: bytes) -> bool:
        return reply.status == 200 and reply.body.count(b'"readingDateTime"') == self._size and named in reply.body


def supply(kind: str, size: int, host: str, headers: dict[str, str]) -> Supply:
    """The requests of a kind."""
    return Creates(size, host, headers) if kind == "rest-create" else Queries(size, host, headers)


def _reading(number: int) -> dict[str, object]:
    meter, quarter = divmod(number, PER_METER)
    return {
        "meterId": f"6f1d2c3b-5a49-4e88-{_BATCH}-{meter:06}",
        "readingType": "intervalData",
        "readingDateTime": f"{_DAY}T{quarter // 4:02}:{quarter % 4 * 15:02}:00Z",
        "value": number * 7919 % 1_000_003 / 1000,
        "unit": "kWh",
        "multiplier": 0,
        "phase": "ABC",
        "energyDirection": "forward",
        "quality": "good",
    }
