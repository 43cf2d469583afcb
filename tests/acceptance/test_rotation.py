"""A new data key, while a server with two processes is at work."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def test_rotation_under_load_loses_nothing(start_server, run_cli, messages):
    server = start_server("--workers", "2")
    before = (server.data / "data.key").read_text()
    rotated = threading.Event()
    stored: list[dict] = []
    posted: list[dict] = []

    def load(worker: int) -> None:
        with server.client() as client:
            number = 0
            while not rotated.is_set() or number < 20:
                number += 1
                meter = messages.meter(f"m-{worker}-{number}", value=f"{number}.25")
                answer = messages.send(client, messages.create(meter))
                assert answer.result == "OK", answer.said
                stored.append(meter)
                rotated.wait(0.05)  # a few hundred are enough to be read back

    def load_over_rest() -> None:
        with server.client() as client:
            number = 0
            while not rotated.is_set() or number < 20:
                number += 1
                event = {"deviceId": f"d-{number}", "eventType": "powerOutage", "description": f"outage {number}"}
                event["eventDateTime"] = "2026-03-01T00:00:00Z"
                reading = {
                    "meterId": f"d-{number}",
                    "readingType": "registerReads",
                    "unit": "kWh",
                    "value": number,
                }
                reading["readingDateTime"] = event["eventDateTime"]
                for path, body in (("end-device-events", event), ("meter-readings", reading)):
                    answer = client.post(f"/{path}", json=body)
                    assert answer.status_code == 201, answer.text
                posted.append(event)
                rotated.wait(0.05)

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(load, worker) for worker in range(3)] + [threads.submit(load_over_rest)]
        try:
            done = run_cli("key", "rotate-data")
        finally:
            rotated.set()
        assert done.returncode == 0, done.stderr
        for future in running:
            future.result()
    after = (server.data / "data.key").read_text()
    assert len(after.split()) == 1
    assert after != before
    assert after.strip() not in done.stdout + done.stderr

    def found(meter: dict) -> bool:
        answer = messages.send(client, messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        return messages.plain(answer.payload) == {"MeterReading": meter}

    def found_over_rest(number: int) -> bool:
        asked = {"meter": f"d-{number}"}
        (event,) = client.get("/end-device-events", params=asked).json()["events"]
        (reading,) = client.get("/meter-readings", params=asked).json()["readings"]
        return (event["description"], reading["value"]) == (f"outage {number}", number)

    with server.client() as client, ThreadPoolExecutor(3) as threads:
        assert all(threads.map(found, stored))
        assert all(threads.map(found_over_rest, range(1, len(posted) + 1)))
    assert server.stop() == 0
    server = start_server()  # with the new key alone
    with server.client() as client:
        assert all(map(found, stored[:: len(stored) // 5]))
        assert all(map(found_over_rest, range(1, len(posted) + 1, 5)))
    assert run_cli("audit", "verify").returncode == 0
