"""Readings as streams of lines: of any length, in batches of 10,000, each of them a message."""

from __future__ import annotations

import csv
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

NDJSON = {"content-type": "application/x-ndjson"}
LINES = 25_000  # three batches
START = datetime(2026, 1, 1, tzinfo=UTC)


def line(meter: str, number: int, **members: object) -> bytes:
    moment = (START + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    reading = {
        "meterId": meter,
        "readingType": "intervalData",
        "readingDateTime": moment,
        "value": number,
        "unit": "kWh",
        **members,
    }
    return json.dumps(reading).encode() + b"\n"


def stream(meter: str, lines: int = LINES, **spoilt: bytes):
    """Lines as they are made; ``spoilt`` stands for those whose number is its name without the n."""
    for number in range(lines):
        yield spoilt.get(f"n{number + 1}") or line(meter, number)


@pytest.fixture
def meter() -> str:
    return f"M-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def values(client):
    def run(meter: str) -> list[int]:
        headers = {"accept": "application/x-ndjson"}
        with client.stream("GET", "/meter-readings", params={"meter": meter}, headers=headers) as answer:
            assert answer.status_code == 200
            return [json.loads(line)["value"] for line in answer.iter_lines()]

    return run


def test_more_lines_than_a_batch_go_in_and_come_back(client, values, meter):
    answer = client.post("/meter-readings", content=stream(meter), headers=NDJSON)
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"result": "OK", "messageId": answer.json()["messageId"], "count": LINES}
    assert values(meter) == list(range(LINES))
    with client.stream("GET", "/meter-readings", params={"meter": meter}, headers={"accept": "text/csv"}) as told:
        assert told.headers["content-type"] == "text/csv; charset=utf-8"
        assert [int(row["value"]) for row in csv.DictReader(told.iter_lines())] == list(range(LINES))
    page = client.get("/meter-readings", params={"meter": meter, "limit": 7}, headers={"accept": "text/csv"})
    assert "next" in page.links
    assert len(page.text.splitlines()) == 1 + 7


def test_a_wrong_line_is_named_and_the_batches_before_it_stand(client, values, meter):
    headers = {**NDJSON, "idempotency-key": str(uuid.uuid4())}
    wrong = {"n12346": line(meter, 1, unit="furlong"), "n12350": line(meter, 1, readingDateTime="yesterday")}
    answer = client.post("/meter-readings", content=stream(meter, **wrong), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert [(error["line"], error["pointer"]) for error in problem["errors"]] == [
        (12_346, "/12345/unit"),
        (12_350, "/12349/readingDateTime"),
    ]
    assert "line 12,346" in problem["detail"]
    assert problem["count"] == 10_000
    assert values(meter) == list(range(10_000))
    answer = client.post("/meter-readings", content=stream(meter), headers=headers)
    assert (answer.status_code, answer.json()["count"]) == (201, LINES)
    assert values(meter) == list(range(LINES))


@pytest.mark.parametrize(
    "spoilt",
    [b"{\n", b'{"meterId":3}\n', b'{"meterId":"M","readingDateTime":"2026-02-30T00:00:00Z","value":1}\n'],
)
def test_one_wrong_line_leaves_nothing_of_its_batch(client, meter, spoilt):
    answer = client.post("/meter-readings", content=stream(meter, 5, n3=spoilt), headers=NDJSON)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert {error["line"] for error in problem["errors"]} == {3}
    assert all(error["pointer"].startswith("/2") for error in problem["errors"])
    assert "count" not in problem
    assert client.get("/meter-readings", params={"meter": meter}).status_code == 404


def test_empty_lines_count_but_are_passed_over(client, values, meter):
    body = b"\r\n\n" + line(meter, 0) + b"  \n" + line(meter, 1, unit="x")
    answer = client.post("/meter-readings", content=body, headers=NDJSON)
    assert answer.json()["errors"][0]["line"] == 5
    answer = client.post("/meter-readings", content=b"\n" + line(meter, 0) + b"\n\n", headers=NDJSON)
    assert (answer.status_code, answer.json()["count"]) == (201, 1)
    for nothing in (b"", b"\n\n"):
        assert client.post("/meter-readings", content=nothing, headers=NDJSON).status_code == 400


def test_strangers_stream_nothing(standing_server, meter):
    with standing_server.client(key="wrong") as stranger:
        assert stranger.post("/meter-readings", content=stream(meter, 10), headers=NDJSON).status_code == 401


def test_memory_does_not_grow_with_the_stream(standing_sqlite, meter):
    """Forty megabytes in and more out, in less than the stream itself."""

    def peak() -> int:
        processes = [standing_sqlite.process.pid, *children(standing_sqlite.process.pid)]
        return sum(int(status(pid)["VmHWM"].split()[0]) for pid in processes)

    padding = {"source": "s" * 200}
    with standing_sqlite.client() as client:
        client.post("/meter-readings", content=stream(meter, 20_000), headers=NDJSON)
        before = peak()
        body = (line(meter, number, **padding) for number in range(120_000))
        answer = client.post("/meter-readings", content=body, headers=NDJSON)
        assert answer.json()["count"] == 120_000
        asked = {"params": {"meter": meter}, "headers": {"accept": "application/x-ndjson"}}
        with client.stream("GET", "/meter-readings", **asked) as told:
            size = sum(map(len, told.iter_bytes()))
    assert size > 40_000_000
    assert (peak() - before) * 1024 < 60_000_000


def children(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [below for child in found for below in children(child)]


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (entry.partition(":") for entry in lines)}
