"""A Host that would write itself into the WSDL, and forwarded headers from strangers."""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
from lxml import etree


@pytest.fixture
def fetch(standing_sqlite):
    """GET /soap?wsdl with raw header lines: status and body."""

    def get(*lines: bytes):
        url = urlsplit(standing_sqlite.url)
        with socket.create_connection((url.hostname, url.port), timeout=10) as wire:
            wire.sendall(b"\r\n".join([b"GET /soap?wsdl HTTP/1.1", *lines, b"Connection: close", b"", b""]))
            answer = HTTPResponse(wire)
            answer.begin()
            return answer.status, answer.read()

    return get


def addresses(wsdl: bytes) -> set[str]:
    return {item.get("location") for item in etree.fromstring(wsdl).iter("{*}address")}


@pytest.mark.parametrize(
    "host",
    [
        b'x"/><evil/>',
        b"x/../../evil",
        b"user@evil.example",
        b"evil.example/path?",
        b"evil example",
        b"",
        b"\xff\xfe",
    ],
)
def test_host_that_is_none(standing_sqlite, fetch, host):
    status, body = fetch(b"Host: " + host)
    if status == 200:
        assert addresses(body) == {f"{standing_sqlite.url}/soap"}
    assert status in (200, 400)
    assert b"evil" not in body


@pytest.mark.parametrize("header", [b"Host", b"Proto", b"Prefix", b"Port"])
def test_forwarded_headers_of_strangers_do_not_count(standing_sqlite, fetch, header):
    host = standing_sqlite.url.removeprefix("http://").encode()
    status, body = fetch(b"Host: " + host, b"X-Forwarded-" + header + b": evil.example")
    assert status == 200
    assert addresses(body) == {f"{standing_sqlite.url}/soap"}


def test_two_lengths(standing_sqlite):
    url = urlsplit(standing_sqlite.url)
    with socket.create_connection((url.hostname, url.port), timeout=10) as wire:
        smuggled = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        head = b"POST /soap HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n"
        wire.sendall(head + b"<a/>" + smuggled)
        answer = HTTPResponse(wire)
        answer.begin()
        assert answer.status == 400
