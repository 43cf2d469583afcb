"""Two members of one name in a body: nobody says which one is meant, so it is refused wherever it stands."""

from __future__ import annotations

import uuid

import pytest

READING = '{"meterId":"%s","readingType":"intervalData","readingDateTime":"2026-03-01T00:15:00Z","unit":"kWh",%s}'
GOOD = READING % ("M-1", '"value":1')
EVENT = '{"deviceId":"%s","eventType":"tamperingAlert","eventDateTime":"2026-03-01T10:00:00Z",%s}'
CONTROL = '{"deviceId":"%s","controlType":"remoteDisconnect",%s}'
TWO_NAMES = '"details":[{"name":"a","name":"b"}]'
JSON, LINES = "application/json", "application/x-ndjson"


@pytest.mark.parametrize(
    ("path", "media", "body", "twins", "pointer"),
    [
        ("meter-readings", JSON, f'{{"readings":[{READING}]}}', '"value":1,"value":2', "/readings/0/value"),
        ("meter-readings", JSON, f'{{"readings":[],"readings":[{READING}]}}', '"value":1', "/readings"),
        ("meter-readings", JSON, READING, '"value":1 , "value" : 2', "/value"),
        ("meter-readings", LINES, f"{GOOD}\n{READING}", '"value":1,"value":2', "/1/value"),
        ("end-device-events", JSON, EVENT, '"severity":"low","severity":"high"', "/severity"),
        ("end-device-events", JSON, f'{{"events":[{EVENT}]}}', TWO_NAMES, "/events/0/details/0/name"),
        ("end-device-controls", JSON, CONTROL, '"reason":"a","reason":"b"', "/reason"),
        ("meter-config", JSON, '{"mRID":"%s",%s}', '"serialNumber":"1","serialNumber":"2"', "/serialNumber"),
    ],
)
def test_it_is_refused(client, path, media, body, twins, pointer):
    device = str(uuid.uuid4())
    answer = client.post(f"/{path}", content=body % (device, twins), headers={"Content-Type": media})
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "two members of this name" in answer.json()["errors"][0]["detail"]


def test_it_is_refused_in_a_patch(client):
    event = {"deviceId": str(uuid.uuid4()), "eventType": "tamperingAlert", "eventDateTime": "2026-03-01T10:00:00Z"}
    url = client.post("/end-device-events", json=event).headers["location"]
    twins = '{"severity":"low","severity":"high"}'
    answer = client.patch(url, content=twins, headers={"Content-Type": "application/merge-patch+json"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/severity")


def test_a_text_that_looks_like_a_member_is_none(client):
    event = {
        "deviceId": str(uuid.uuid4()),
        "eventType": "tamperingAlert",
        "eventDateTime": "2026-03-01T10:00:00Z",
        "description": 'see "severity":"low" and "severity": "high"',
        "details": [{"name": "a"}, {"name": "b"}],
    }
    assert client.post("/end-device-events", json={"events": [event]}).status_code == 201
