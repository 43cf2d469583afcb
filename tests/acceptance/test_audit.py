"""The audit trail of a server process, as an auditor sees it: by the command line."""

from __future__ import annotations

import getpass
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.servers import Launcher


@pytest.fixture
def trail(run_cli):
    """The rows of the trail, but those that begin chains."""

    def read() -> list[dict]:
        done = run_cli("audit", "export")
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return [row for row in rows if row["verb"] != "open" and row["transport"] != "command line"]

    return read


def test_what_an_administrator_does_is_in_it(run_cli, backend):
    key = run_cli("key", "create", "hes", "--role", "partner").stdout.strip()
    assert run_cli("token", "create", "mdms", "--role", "reader").returncode == 0
    assert run_cli("key", "revoke", "hes").returncode == 0
    assert run_cli("key", "revoke", "hes").returncode == 1
    assert run_cli("key", "rotate-data").returncode == 0
    done = run_cli("audit", "export")
    rows = [row for row in map(json.loads, done.stdout.splitlines()) if row["verb"] != "open"]
    subject = f"ApiKey/{key.split('_')[1]}"
    assert [(row["verb"], row["noun"], row["subjects"]) for row in rows] == [
        ("create", "ApiKey", [subject]),
        ("create", "Token", ["Token/mdms"]),
        ("delete", "ApiKey", [subject]),
        ("change", "DataKey", []),
    ]
    assert {(row["transport"], row["partner"], row["result"]) for row in rows} == {
        ("command line", getpass.getuser(), "OK")
    }
    assert key not in done.stdout
    assert run_cli("audit", "verify").returncode == 0


def test_who_did_what_to_which_meter(server, run_cli, messages, trail):
    meter = messages.meter("meter-7")
    key = run_cli("key", "create", "hes", "--role", "partner").stdout.strip()
    named = {**messages.meter(), "Meter": {"Names": {"name": "Mr Smith's meter"}}}
    with server.client(key) as hes:
        assert messages.send(hes, messages.create(meter)).result == "OK"
        assert messages.send(hes, messages.create(named)).result == "OK"
        assert messages.send(hes, messages.get({"EndDevice": {"mRID": "meter-7"}})).result == "OK"
        assert messages.send(hes, messages.message("delete", ids=["meter-7"])).codes == ["7.5"]
        hes.post("/soap", content=b"<no xml", headers={"Content-Type": "text/xml"})
        with httpx.Client(base_url=server.url, trust_env=False) as stranger:
            assert messages.send(stranger, messages.get()).codes == ["7.2"]
    rows = trail()
    assert [(row["partner"], row["verb"], row["result"], row["code"]) for row in rows] == [
        ("hes", "create", "OK", "0.0"),
        ("hes", "create", "OK", "0.0"),
        ("hes", "get", "OK", "0.0"),
        ("hes", "delete", "FAILED", "7.5"),
        ("hes", None, "FAILED", "1.8"),
        (None, None, "FAILED", "7.2"),
    ]
    assert rows[0]["subjects"] == rows[2]["subjects"] == ["Meter/meter-7"]
    (hashed,) = rows[1]["subjects"]
    assert hashed.startswith("Meter#")
    assert "Smith" not in json.dumps(rows)
    assert rows[0]["credential"] == f"key:{key.split('_')[1]}"
    assert {row["remote"] for row in rows} == {"127.0.0.1"}
    assert all(row["journal_uid"] for row in rows[:5])
    done = run_cli("audit", "verify")
    assert (done.returncode, done.stdout) == (0, "the audit trail is as it was written\n")


def test_two_processes_write_and_nothing_is_lost(start_server, run_cli, messages, trail):
    server = start_server("--workers", "2")

    def send(number: int) -> str:
        with server.client() as client:
            return messages.send(client, messages.create(messages.meter(f"m-{number}"))).result

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(send, range(40))) == {"OK"}
    assert sorted(row["subjects"][0] for row in trail()) == sorted(f"Meter/m-{number}" for number in range(40))
    server.kill()
    assert run_cli("audit", "verify").returncode == 0


def test_strangers_cannot_fill_the_disk(server, trail, messages):
    with httpx.Client(base_url=server.url, trust_env=False) as stranger:
        for _ in range(100):
            assert stranger.post("/soap", content=b"x").status_code == 401
    assert server.stop() == 0
    rows = trail()
    assert len(rows) <= 62
    assert sum(row["calls"] for row in rows) == 100


def test_a_flipped_bit_a_removed_row_and_a_swapped_pair(launch_sqlite, tmp_path, messages):
    server = launch_sqlite(tmp_path)
    with server.client() as client:
        for number in range(6):
            messages.send(client, messages.create(messages.meter(f"m-{number}")))
    server.stop()
    cli = Launcher(tmp_path).cli
    for damage, named in (
        ("update audit set remote = '127.0.0.0' where number = 3", ["row 3 of chain", "was changed"]),
        ("delete from audit where number = 3", ["row 3 is missing"]),
        (
            "update audit set number = -number where number in (3, 4);"
            "update audit set number = 7 + number where number < 0",
            ["row 3 of chain", "row 4 of chain"],
        ),
    ):
        database = sqlite3.connect(tmp_path / "data" / "cim_adapter.db")
        saved = list(database.execute("select * from audit"))
        database.executescript(damage)
        done = cli("audit", "verify")
        assert done.returncode == 1
        assert all(part in done.stdout for part in named), done.stdout
        database.execute("delete from audit")
        database.executemany(f"insert into audit values ({','.join('?' * len(saved[0]))})", saved)
        database.commit()
        database.close()
        assert cli("audit", "verify").returncode == 0
