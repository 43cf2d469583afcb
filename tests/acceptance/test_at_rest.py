"""A data directory is searched byte by byte: no value, no name and no payload stands there in clear."""

from __future__ import annotations

import base64
import struct
import uuid
from collections.abc import Iterator

import pytest

HALF = 500
VALUE = "731846.{:04}"
EVENTS = "http://iec.ch/TC57/2011/EndDeviceEvents#"
CONTROLS = "http://iec.ch/TC57/2011/EndDeviceControls#"
#: What every value, name, remark and payload has in it, and nothing else does.
MARKERS = (
    "731846.",
    "Kitchenette",
    "HumanRemark",
    "TAMPERCODE",
    "ISSUERNUMBER",
    "EndDeviceEventType",
    "IntervalRead",
)


def names(number: int) -> dict:
    return {"name": f"Kitchenette-{number}"}


def moment(number: int) -> str:
    return f"2026-03-{number // 1440 + 1:02}T{number // 60 % 24:02}:{number % 60:02}:00Z"


def over_rest(client) -> None:
    """500 readings, events and controls."""
    readings = [
        {"meterId": f"Kitchenette-{n % 50}", "readingType": "intervalData", "unit": "kWh"}
        | {"readingDateTime": moment(n), "value": VALUE.format(n), "quality": "good"}
        for n in range(HALF)
    ]
    devices = [{"deviceId": f"Kitchenette-{n}", "issuerTrackingId": f"ISSUERNUMBER-{n}"} for n in range(HALF)]
    events = [
        device
        | {"eventType": "tamperingAlert", "eventDateTime": moment(n), "eventCode": f"TAMPERCODE-{n}"}
        | {"description": f"HumanRemark {n}", "details": [{"name": "place", "value": f"HumanRemark {n}"}]}
        for n, device in enumerate(devices)
    ]
    controls = [
        device
        | {"controlType": "loadControlSignal", "controlValue": VALUE.format(n), "reason": f"HumanRemark {n}"}
        for n, device in enumerate(devices)
    ]
    for path, member, items in (
        ("meter-readings", "readings", readings),
        ("end-device-events", "events", events),
        ("end-device-controls", "controls", controls),
    ):
        answer = client.post(f"/{path}", json={member: items})
        assert (answer.status_code, answer.json()["result"]) == (201, "OK"), answer.text


def over_soap(client, messages) -> None:
    """500 readings, events and controls more."""
    intervals = [{"timeStamp": moment(n), "value": VALUE.format(n + HALF)} for n in range(HALF)]
    meter = {
        "IntervalBlocks": {"IntervalReadings": intervals, "ReadingType": {"ref": messages.DELTA}},
        "Meter": {"mRID": "the meter in clear", "Names": names(HALF)},
    }
    assert messages.send(client, messages.create(meter)).result == "OK"
    events = [
        {
            "mRID": str(uuid.uuid4()),
            "createdDateTime": moment(n),
            "issuerTrackingID": f"ISSUERNUMBER-{n}",
            "reason": f"HumanRemark {n}",
            "Assets": {"Names": names(n)},
            "EndDeviceEventDetails": {"name": "eventCode", "value": f"TAMPERCODE-{n}"},
            "EndDeviceEventType": {"ref": "3.12.0.257"},
        }
        for n in range(HALF)
    ]
    controls = [
        {
            "mRID": str(uuid.uuid4()),
            "issuerTrackingID": f"ISSUERNUMBER-{n}",
            "reason": f"HumanRemark {n}",
            "PanDemandResponse": {"command": f"{VALUE.format(n)} kW"},
            "EndDeviceControlType": {"ref": "3.15.0.54"},
            "EndDevices": {"Names": names(n)},
        }
        for n in range(HALF)
    ]
    for noun, verb, payload in (
        ("EndDeviceEvents", "created", messages.element(EVENTS, "EndDeviceEvents", {"EndDeviceEvent": events})),
        (
            "EndDeviceControls",
            "create",
            messages.element(CONTROLS, "EndDeviceControls", {"EndDeviceControl": controls}),
        ),
    ):
        answer = messages.send(client, messages.message(verb, header={"Noun": noun}, payload=payload))
        assert answer.result == "OK", answer.said


def disguises(marker: str) -> Iterator[bytes]:
    """How a text may stand in a file that is not sealed."""
    plain = marker.encode()
    yield plain
    yield marker.encode("utf-16-le")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    for before in range(3):  # wherever in its groups of three bytes the text begins
        text = base64.b64encode(b"\0" * before + plain)
        yield text[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]


def numbers() -> Iterator[bytes]:
    """How the values may stand there as numbers."""
    for n in (0, 1, HALF, 2 * HALF - 1):
        number = float(VALUE.format(n))
        yield from (struct.pack("<d", number), struct.pack(">d", number))


@pytest.fixture
def filled(launch_sqlite, tmp_path, messages):
    """A server with 1,000 readings, events and controls."""
    server = launch_sqlite(tmp_path)
    with server.client() as client:
        over_rest(client)
        over_soap(client, messages)
        for path, asked, count in (
            ("meter-readings", {"limit": 4 * HALF}, 2 * HALF),
            ("end-device-events", {"meter": "Kitchenette-1"}, 2),
            ("end-device-controls", {"meter": "Kitchenette-1"}, 2),
        ):
            (items,) = client.get(f"/{path}", params=asked).json().values()
            assert len(items) == count
    return server


def test_nothing_personal_stands_there_in_clear(filled, tmp_path):
    wanted = [disguise for marker in MARKERS for disguise in disguises(marker)] + list(numbers())
    wanted.append(filled.key.encode())
    files = [path for path in filled.data.rglob("*") if path.is_file()]
    running = {path.name: path.read_bytes() for path in files}
    assert any(name.endswith("-wal") for name in running), (
        "what was just written stands in the log of the database"
    )
    assert filled.stop() == 0
    stopped = {path.name: path.read_bytes() for path in filled.data.rglob("*") if path.is_file()}
    for found in (running, stopped):
        assert any(b"the meter in clear" in content for content in found.values()), "mRIDs are in clear"
        assert sum(map(len, found.values())) > 500_000
        assert [(name, text) for name, content in found.items() for text in wanted if text in content] == []
    log = (tmp_path / "server.log").read_bytes()
    assert [text for text in wanted if text in log] == []
