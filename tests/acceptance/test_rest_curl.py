"""The requests that the interface shows, sent by curl, and what became of them asked over SOAP by zeep."""

from __future__ import annotations

import json
import subprocess
import uuid

import pytest
from zeep.helpers import serialize_object


@pytest.fixture
def curl(standing_server):
    """``curl PATH BODY`` → HTTP status and JSON of the answer."""

    def run(path: str, body: str) -> tuple[int, dict]:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}"]
        command += ["--header", f"X-API-Key: {standing_server.key}", "--header", "Content-Type: application/json"]
        command += ["--data", body, f"{standing_server.url}{path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        answer, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(answer)

    return run


@pytest.fixture
def get(load):
    """What the Get service of a noun tells, of the things that ``query`` names."""

    def ask(noun: str, **query) -> list[dict]:
        _, service = load(f"Get{noun}")
        header = {"Verb": "get", "Noun": noun, "MessageID": str(uuid.uuid4())}
        found = service[f"Get{noun}"](Header=header, Request={f"Get{noun}": query})
        assert found.Reply.Result == "OK", found.Reply
        return [_without_nothing(item) for item in _only_list(serialize_object(found.Payload[noun], dict))]

    return ask


def _only_list(profile: dict) -> list[dict]:
    (found,) = (value for value in profile.values() if isinstance(value, list) and value)
    return found


def _without_nothing(value):
    """A value without the parts that are not there."""
    if isinstance(value, dict):
        parts = {name: _without_nothing(item) for name, item in value.items()}
        return {name: item for name, item in parts.items() if item not in (None, [], {})}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value


def test_readings(curl, get):
    meter = f"M-{uuid.uuid4().hex[:8]}"
    body = (
        '{"readings":[{"meterId":"%s","readingType":"intervalData","readingDateTime":"2026-03-01T00:15:00Z",'
        '"value":"1.50","unit":"kWh","multiplier":0,"phase":"ABC","energyDirection":"forward","quality":"good"}]}'
    )
    status, receipt = curl("/meter-readings", body % meter)
    assert (status, receipt["result"], receipt["count"]) == (201, "OK", 1)
    (found,) = get("MeterReadings", EndDevice=[{"Names": [{"name": meter}]}])
    (block,) = found["IntervalBlocks"]
    (reading,) = block["IntervalReadings"]
    assert block["ReadingType"]["ref"] == "0.0.0.4.1.1.12.0.0.0.0.0.0.0.224.3.72.0"
    assert (f"{reading['timeStamp']:%Y-%m-%dT%H:%M:%S%z}", str(reading["value"])) == (
        "2026-03-01T00:15:00+0000",
        "1.50",
    )
    assert reading["ReadingQualities"] == [{"ReadingQualityType": {"ref": "1.0.0"}}]


def test_controls(curl, get):
    device = f"M-{uuid.uuid4().hex[:8]}"
    body = (
        '{"controls":[{"deviceId":"%s","controlType":"loadControlSignal","controlValue":"50","controlUnit":"kW",'
        '"effectiveDateTime":"2126-12-01T17:00:00Z","reason":"evening peak","priority":"high"}]}'
    )
    status, receipt = curl("/end-device-controls", body % device)
    assert (status, receipt["result"], len(receipt["ids"])) == (201, "OK", 1)
    (found,) = get("EndDeviceControls", EndDeviceControl=[{"mRID": receipt["ids"][0]}])
    assert found["EndDeviceControlType"] == {"ref": "3.15.0.54"}
    assert found["EndDevices"] == [{"Names": [{"name": device}]}]
    assert found["PanDemandResponse"]["command"] == "50 kW"
    assert (found["reason"], found["drProgramLevel"]) == ("evening peak", 1)
    start = found["primaryDeviceTiming"]["interval"]["start"]
    assert f"{start:%Y-%m-%dT%H:%M:%S%z}" == "2126-12-01T17:00:00+0000"


def test_events(curl, get):
    device = f"M-{uuid.uuid4().hex[:8]}"
    body = (
        '{"deviceId":"%s","eventType":"tamperingAlert","eventDateTime":"2026-03-01T10:00:00Z","severity":"high",'
        '"description":"the cover was opened","eventCode":"TAM001"}'
    )
    status, receipt = curl("/end-device-events", body % device)
    assert (status, receipt["result"], len(receipt["ids"])) == (201, "OK", 1)
    (found,) = get("EndDeviceEvents", EndDeviceEvent=[{"mRID": receipt["ids"][0]}])
    assert f"{found.pop('createdDateTime'):%Y-%m-%dT%H:%M:%S%z}" == "2026-03-01T10:00:00+0000"
    assert found == {
        "mRID": receipt["ids"][0],
        "EndDeviceEventType": {"ref": "3.12.0.257"},
        "Assets": {"Names": [{"name": device}]},
        "severity": "high",
        "reason": "the cover was opened",
        "EndDeviceEventDetails": [{"name": "eventCode", "value": "TAM001"}],
    }


def test_a_device_configuration(curl, get):
    device = str(uuid.uuid4())
    body = '{"mRID":"%s","serialNumber":"815","isPan":true,"Names":[{"name":"D 7"}]}'
    status, receipt = curl("/end-device-config", body % device)
    assert (status, receipt["result"], receipt["ids"]) == (201, "OK", [device])
    found = get("EndDeviceConfig", EndDevice=[{"mRID": device}])
    assert found == [{"mRID": device, "serialNumber": "815", "isPan": True, "Names": [{"name": "D 7"}]}]
