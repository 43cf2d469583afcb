"""A server on each database, with something of everything stored; exports run beside it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cim_adapter import cli
from tests.servers import Launcher, ServerProcess

HOSTILE = "=cmd|'/c calc'!A1\n\"quoted\", second line"
DAY = "2026-03-01T00:{:02}:00Z"


def exact(text: str) -> dict:
    """JSON whose numbers are their digits."""
    return json.loads(text, parse_float=str, parse_int=str)


@dataclass
class Home:
    """A store, the server on it, and the command in this process."""

    launcher: Launcher
    server: ServerProcess
    client: httpx.Client
    folder: Path
    storage: list[str]

    def run(self, *arguments: str) -> int:
        """The exit status of ``cim-adapter ARGUMENTS`` on this store."""
        return cli.main([*arguments, *self.storage])

    def export(self, *arguments: str, form: str = "jsonl", status: int = 0) -> Path:
        """The file that ``cim-adapter export`` writes."""
        path = self.folder / f"{uuid.uuid4().hex}.{form}"
        assert self.run("export", *arguments, "--output", str(path)) == status
        return path

    def lines(self, *arguments: str) -> list[dict]:
        """The JSON lines that ``cim-adapter export`` writes."""
        return [exact(line) for line in self.export(*arguments).read_text().splitlines()]

    def told(self, path: str, **query: object) -> list[dict]:
        """What REST tells, all of it."""
        found, more = [], dict(query)
        while True:
            answer = exact(self.client.get(path, params=more).text)
            found += answer[{"meter-readings": "readings"}.get(path, path.rpartition("-")[2])]
            if "nextCursor" not in answer:
                return found
            more = {**query, "cursor": answer["nextCursor"]}


def readings() -> list[dict]:
    """Of three meters: quantities, qualities, a usage point, and names that are meant to do harm."""
    made = [
        {
            "meterId": meter,
            "readingType": "intervalData",
            "readingDateTime": DAY.format(15 * number),
            "value": f"{number}.50",
            "unit": "kWh",
            "intervalLength": "PT15M",
            "energyDirection": direction,
            **({"quality": "estimated"} if number == 3 else {}),
        }
        for meter, direction in (("meter-1", "forward"), (HOSTILE, "reverse"))
        for number in range(4)
    ]
    made += [
        {"meterId": "meter-2", "readingType": "registerReads", "value": value, "unit": unit, **more}
        | {"readingDateTime": "2026-03-02T01:00:00+01:00"}
        for value, unit, more in (
            ("-0", "V", {"phase": "AN"}),
            ("230.10", "V", {"phase": "BN", "reason": "inquiry", "source": "=1+1"}),
            ("12345678901234567890.123456789", "kWh", {"energyDirection": "forward", "usagePointId": "place-1"}),
        )
    ]
    return made


def events() -> list[dict]:
    return [
        {
            "deviceId": device,
            "eventType": kind,
            "eventDateTime": DAY.format(number),
            "severity": severity,
            "description": "a line\nand another",
            "eventCode": "TAM001",
            "details": [{"name": "by", "value": "=whom"}],
        }
        for number, (device, kind, severity) in enumerate(
            [
                ("meter-1", "tamperingAlert", "high"),
                (HOSTILE, "powerOutage", "low"),
                ("meter-1", "powerRestoration", "low"),
            ]
        )
    ]


def controls() -> list[dict]:
    return [
        {
            "deviceId": device,
            "controlType": kind,
            "effectiveDateTime": f"2126-12-01T1{number}:00:00Z",
            "reason": "peak",
            **({"controlValue": "50", "controlUnit": "kW"} if kind == "loadControlSignal" else {}),
        }
        for number, (device, kind) in enumerate(
            [("meter-1", "loadControlSignal"), (HOSTILE, "remoteDisconnect"), ("meter-2", "loadControlSignal")]
        )
    ]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def home(request, fresh, tmp_path_factory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp(request.param)
    with fresh(request.param) as database:
        launcher = Launcher(folder, database)
        try:
            server = launcher.start()
            with server.client() as client:
                storage = ["--data", str(launcher.data), *(["--database", database] if database else [])]
                made = Home(launcher, server, client, folder, storage)
                fill(client)
                yield made
        finally:
            launcher.close()


def fill(client: httpx.Client) -> None:
    for path, items in (("meter-readings", readings()), ("end-device-events", events())):
        answer = client.post(path, json={path.rpartition("-")[2]: items})
        assert answer.status_code == 201, answer.text
    (first, *_) = answer.json()["ids"]
    assert client.patch(f"end-device-events/{first}", json={"severity": "critical"}).status_code == 200
    assert client.post("end-device-controls", json={"controls": controls()}).status_code == 201
    (control, *_) = client.get("end-device-controls", params={"meter": "meter-2"}).json()["controls"]
    assert client.delete(f"end-device-controls/{control['id']}").status_code == 204
    assert client.post("meter-readings", json={"readings": [{"meterId": "m"}]}).status_code == 400


@pytest.fixture
def main() -> Callable[..., int]:
    return cli.main
