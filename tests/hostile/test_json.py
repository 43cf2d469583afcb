"""JSON that is deep, crowded, ambiguous, or made of what XML cannot write."""

from __future__ import annotations

import pytest

LONG = b"x" * 1_000_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 60_000, 413),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 413),
        (b'{"Header":' + b'{"$content":[{"a":' * 300 + b"1" + b"}]}" * 300 + b"}", 413),
        (b"[" + b"{}," * 500_001 + b"{}]", 413),
        (b'{"Header": {"Verb": "get", "Verb": "delete"}}', 400),
        (b'{"Header": {"Verb": "\\u0000"}}', 400),
        (b'{"Header": {"Verb": "\\ud800"}}', 400),
        (b'{"Header": {"Verb": "\xff"}}', 400),
        (b'{"%b": 1}' % LONG, 400),
        (b'{"Header": {"Noun": "N", "Verb": "%b"}}' % LONG, 422),
        (b'{"Reply": {"operationId": %b}}' % (b"9" * 60_000), 400),
        (b'{"Reply": {"operationId": 1e999999999}}', 400),
        (b'{"Header": {"Property": [%b 1]}}' % (b"1," * 20_000), 400),
        (b'{"Payload": {"$content": [%b "a"]}}' % (b'"a",' * 15_000), 400),
    ],
    ids=range(14),
)
def test_refused_and_nothing_grows(target, body, status):
    response = target.strike_json(body)
    assert response.status_code == status
    assert response.json()["Reply"]["Result"] == "FAILED"
    assert len(response.content) < 40_000
