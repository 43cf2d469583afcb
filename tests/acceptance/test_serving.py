"""The server as an operator meets it: the first key, settings it refuses, how it stops."""

from __future__ import annotations

import base64
import os
import threading
import time
from pathlib import Path

import httpx
import pytest


def test_health(standing_server):
    with standing_server.client() as client:
        assert client.get("/health").json() == {"status": "ok"}


def test_first_start_prints_one_admin_key_once(start_server, messages):
    first = start_server(key="")
    (line,) = [line for line in first.lines if "key" in line]
    key = line.split()[-1]
    assert first.lines[-1] == f"ready {first.url}"
    with first.client(key) as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"
    assert first.stop() == 0
    second = start_server(key="")
    assert second.lines == [f"ready {second.url}"]
    with second.client(key) as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"


def test_no_key_is_made_where_there_is_one(start_server):
    server = start_server()
    assert server.lines == [f"ready {server.url}"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_open_refuses_addresses_of_the_network(run_cli, backend, host):
    done = run_cli("serve", "--open", "--host", host)
    assert done.returncode == 2
    assert "loopback" in done.stderr
    assert host in done.stderr
    assert "Traceback" not in done.stderr


def test_open_lets_anyone_in_and_says_so(launcher, messages):
    server = launcher.start("--open", key="")
    assert server.lines == [f"ready {server.url}"]
    assert "open: anyone" in launcher.log.read_text()
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"


def test_wrong_data_key_is_a_clear_error(launcher):
    assert launcher.start().stop() == 0
    wrong = base64.b64encode(os.urandom(32)).decode()
    for refused in (
        launcher.cli("serve", CIM_ADAPTER_DATA_KEY=wrong),
        launcher.cli("key", "create", "x", "--role", "admin", CIM_ADAPTER_DATA_KEY=wrong),
    ):
        assert refused.returncode == 2
        assert "start with the data key this database was made with" in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("broken", ["not base64!", "c2hvcnQ="])
def test_broken_data_key_is_a_clear_error(launcher, broken):
    refused = launcher.cli("serve", CIM_ADAPTER_DATA_KEY=broken)
    assert refused.returncode == 2
    assert "data key" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_data_key_is_for_its_owner_alone(server):
    assert (server.data / "data.key").stat().st_mode & 0o777 == 0o600


def test_port_0_is_any_that_is_free_and_the_wsdl_says_which(server):
    port = int(server.url.rpartition(":")[2])
    assert port > 0
    assert server.lines[-1] == f"ready http://127.0.0.1:{port}"
    with server.client() as client:
        assert f'location="http://127.0.0.1:{port}/soap"' in client.get("/soap?wsdl").text


def test_port_in_use_is_a_clear_error(launcher, server):
    refused = launcher.cli("serve", "--port", server.url.rpartition(":")[2])
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_answers_what_is_in_flight(start_server, messages, workers):
    """Clients keep sending until the door is shut: whatever was taken in is answered, and stored."""
    server = start_server("--workers", workers)
    acknowledged, broken, flowing = [], [], threading.Barrier(9)

    def keep_creating() -> None:
        first = True
        while True:
            meter = messages.meter(count=200)
            try:
                with server.client() as client:
                    answer = messages.send(client, messages.create(meter))
            except httpx.ConnectError:
                return  # the door is shut; nothing was sent
            except httpx.HTTPError as error:
                broken.append(repr(error))
                return
            acknowledged.append((meter["Meter"]["mRID"], answer.result))
            if first:
                flowing.wait(30)
                first = False

    clients = [threading.Thread(target=keep_creating) for _ in range(8)]
    for thread in clients:
        thread.start()
    flowing.wait(30)
    assert server.stop() == 0
    for thread in clients:
        thread.join(30)
    assert broken == []
    assert {result for _, result in acknowledged} == {"OK"}
    again = start_server()
    with again.client() as client:
        for mrid, _ in acknowledged:
            found = messages.send(client, messages.get({"EndDevice": {"mRID": mrid}}))
            assert len(list(found.payload.iter("{*}value"))) == 200


def test_two_workers_share_one_store(start_server, messages):
    server = start_server("--workers", "2")
    meters = [messages.meter(count=4) for _ in range(24)]
    results = []

    def create(meter: dict) -> None:
        with server.client() as client:
            results.append(messages.send(client, messages.create(meter)).result)

    threads = [threading.Thread(target=create, args=(meter,)) for meter in meters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == ["OK"] * 24
    for meter in meters:
        for _ in range(2):
            with server.client() as client:
                found = messages.send(client, messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
            assert messages.plain(found.payload) == {"MeterReading": meter}


def test_same_message_to_two_workers_at_once_is_stored_once(start_server, messages):
    server = start_server("--workers", "2")
    body = messages.create(messages.meter(count=4))
    start, replies = threading.Barrier(12), []

    def create() -> None:
        with server.client() as client:
            start.wait(30)
            replies.append(messages.send(client, body))

    threads = [threading.Thread(target=create) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [reply.said for reply in replies if reply.result != "OK"] == []
    assert len({reply.header["MessageID"] for reply in replies}) == 1


def test_sigterm_right_after_ready(start_server):
    for _ in range(4):
        server = start_server()
        assert server.stop(within=10) == 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor alone")
@pytest.mark.parametrize("pinned", ["true", "false"])
def test_each_process_keeps_to_a_processor_of_its_own(launch_sqlite, tmp_path, messages, pinned):
    server = launch_sqlite(tmp_path, CIM_ADAPTER_WORKERS="2", CIM_ADAPTER_PIN_WORKERS=pinned)
    with server.client() as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    found = [
        {frozenset(os.sched_getaffinity(int(thread.name))) for thread in Path(f"/proc/{child}/task").iterdir()}
        for child in children
    ]
    if pinned == "false":
        assert found == [{frozenset(os.sched_getaffinity(0))}] * 2
        return
    (first,), (second,) = found
    assert len(first) == len(second) == 1
    assert first != second


def test_worker_that_dies_is_replaced(start_server, messages):
    server = start_server()
    children = server.process.pid
    (worker,) = _workers(children)
    os.kill(worker, 9)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with server.client() as client:
                assert messages.send(client, messages.create(messages.meter())).result == "OK"
            return
        except httpx.TransportError:
            continue
    pytest.fail("no worker came back within 30 s")


def _workers(parent: int) -> list[int]:
    """The processes under the server that hold its port open for requests."""
    found = []
    for number in os.listdir("/proc"):
        try:
            with open(f"/proc/{number}/stat") as stat, open(f"/proc/{number}/cmdline") as line:
                if int(stat.read().rpartition(")")[2].split()[1]) == parent and "tracker" not in line.read():
                    found.append(int(number))
        except (OSError, ValueError):
            continue
    return found
