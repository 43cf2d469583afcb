"""A new data key, while a server with two processes is at work."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def test_rotation_under_load_loses_nothing(start_server, run_cli, messages):
    server = start_server("--workers", "2")
    before = (server.data / "data.key").read_text()
    rotated = threading.Event()
    stored: list[dict] = []

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

    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(load, worker) for worker in range(3)]
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
        with server.client() as client:
            answer = messages.send(client, messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
            return messages.plain(answer.payload) == {"MeterReading": meter}

    with ThreadPoolExecutor(3) as threads:
        assert all(threads.map(found, stored))
    assert server.stop() == 0
    server = start_server()  # with the new key alone
    assert all(map(found, stored[:: len(stored) // 5]))
    assert run_cli("audit", "verify").returncode == 0
