"""Quotas, exact over worker processes and transports."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from lxml import etree


@pytest.fixture
def new_key(run_cli):
    def make(*options: str) -> str:
        made = run_cli("key", "create", "hes", "--role", "partner", *options)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return make


def test_of_250_requests_over_two_processes_and_soap_and_rest_100_pass(start_server, new_key, messages):
    server = start_server("--workers", "2")
    headers = {"X-API-Key": new_key()}
    reading = {
        "readingType": "intervalData",
        "readingDateTime": "2026-03-01T00:15:00Z",
        "value": 1.5,
        "unit": "kWh",
    }

    async def send(client: httpx.AsyncClient, number: int) -> httpx.Response:
        asks, meter = number % 5 == 0, f"m-{number}"
        if number % 2:
            body = (
                messages.get({"EndDevice": {"mRID": "none"}}) if asks else messages.create(messages.meter(meter))
            )
            content = etree.tostring(messages.envelope(body))
            return await client.post("/soap", content=content, headers={"Content-Type": "text/xml"})
        if asks:
            return await client.get("/meter-readings", params={"meter": "none"})
        return await client.post("/meter-readings", json={"readings": [{**reading, "meterId": meter}]})

    async def storm() -> list[httpx.Response]:
        # A connection for each message: the kernel deals them out to both processes.
        limits = httpx.Limits(max_connections=20, max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=server.url, headers=headers, limits=limits, timeout=60, trust_env=False
        ) as client:
            return await asyncio.gather(*(send(client, number) for number in range(250)))

    answers = asyncio.run(storm())
    let_in = {answer.status_code for answer in answers} - {429}
    assert let_in <= {200, 201, 404}
    assert Counter(answer.status_code == 429 for answer in answers) == {False: 100, True: 150}
    for answer in answers:
        soap = answer.headers["content-type"].startswith("text/xml")
        left = int(answer.headers["ratelimit-remaining"])
        assert answer.headers["ratelimit-limit"] == "100"
        assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
        if answer.status_code == 429:
            assert left == 0
            assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
            code = (
                etree.fromstring(answer.content).findtext(".//{*}Error/{*}code") if soap else answer.json()["code"]
            )
            assert code == "3.2"
    for over_soap in (True, False):
        own = [a for a in answers if a.headers["content-type"].startswith("text/xml") is over_soap]
        assert len(own) == 125
        assert any(answer.status_code != 429 for answer in own)
    passed = sorted(int(a.headers["ratelimit-remaining"]) for a in answers if a.status_code != 429)
    assert passed == list(range(100))


def test_each_key_has_its_own_quota(server, new_key, messages):
    with server.client(new_key("--quota", "2")) as hes, server.client(new_key("--quota", "0")) as free:
        answers = [messages.send(hes, messages.create(messages.meter())) for _ in range(3)]
        assert [answer.codes for answer in answers] == [["0.0"], ["0.0"], ["3.2"]]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert "2 messages a minute" in answers[2].text
        assert messages.send(hes, messages.get()).codes == ["3.2"], "whatever is asked"
        other = [messages.send(free, messages.create(messages.meter())) for _ in range(3)]
        assert [answer.codes for answer in other] == [["0.0"]] * 3
        assert "ratelimit-limit" not in other[0].headers


def test_rest_and_soap_draw_on_one_quota(server, new_key, messages):
    with server.client(new_key("--quota", "2")) as hes:
        assert messages.send(hes, messages.create(messages.meter())).status == 200
        first = hes.get("/meter-readings")
        assert first.status_code != 429
        assert first.headers["ratelimit-remaining"] == "0"
        second = hes.get("/meter-readings")
        assert second.status_code == 429
        assert second.headers["retry-after"] == second.headers["ratelimit-reset"]
        assert second.json()["code"] == "3.2"
        assert messages.send(hes, messages.get()).status == 429


def test_messages_that_are_refused_count_too(server, new_key):
    with server.client(new_key("--quota", "2")) as hes:
        post = lambda: hes.post("/soap", content=b"<no xml", headers={"Content-Type": "text/xml"})  # noqa: E731
        assert [post().status_code for _ in range(4)] == [500, 500, 429, 429]
