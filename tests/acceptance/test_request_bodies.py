"""How a body arrives over HTTP: whole, in chunks, or not to its end."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from lxml import etree


def pieces(body: bytes) -> Iterator[bytes]:
    for first in range(0, len(body), 100):
        yield body[first : first + 100]


def test_a_body_in_chunks_is_read_as_a_whole_one(standing_server, messages):
    whole = etree.tostring(messages.envelope(messages.create(messages.meter())))
    with standing_server.client() as client:
        answers = [
            client.post("/soap", content=content, headers={"Content-Type": "text/xml"})
            for content in (whole, pieces(whole))
        ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all(b"Result>OK<" in answer.content for answer in answers)


@pytest.mark.parametrize("declared", [1_000, 1_000_000], ids=["small", "large"])
def test_a_body_that_breaks_off_is_dropped_without_a_word(server, launcher, declared):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /soap HTTP/1.1\r\nHost: {host}\r\nContent-Length: {declared}\r\n\r\n"
        connection.sendall(head.encode() + b"<Envelope>")
    with server.client() as client:
        assert client.get("/health").status_code == 200
    assert server.stop() == 0
    assert launcher.log.read_text() == ""
