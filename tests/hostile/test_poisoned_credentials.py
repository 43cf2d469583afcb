"""Credentials that are no keys: each is turned away, and none upsets the server."""

from __future__ import annotations

import base64

import pytest


def basic(password: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(b"partner:" + password).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        basic(b"cim_\x00_\x00"),
        basic(b"cim_' or 1=1 --_x"),
        basic(b"\xff\xfe"),
        basic(b"x" * 8_000),
        {"Authorization": "Basic ====="},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer e30.e30."},
        {"X-API-Key": "cim__"},
        {"X-API-Key": "é".encode("latin-1")},
        {"X-API-Key": "cim_%_%"},
    ],
)
def test_is_turned_away(standing_server, messages, headers):
    with standing_server.client() as client:
        del client.headers["X-API-Key"]
        answer = messages.send(client, messages.get(), **headers)
        assert (answer.status, answer.fault, answer.codes) == (401, "Client", ["7.4"])
        assert "basic" in answer.headers["www-authenticate"].lower()
    with standing_server.client() as client:
        assert client.get("/health").status_code == 200
