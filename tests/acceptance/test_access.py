"""Who is let in, over HTTP, and what each may do."""

from __future__ import annotations

import base64
import time

import httpx
import pytest


@pytest.fixture
def anyone(standing_server):
    """A client without credentials."""
    with httpx.Client(base_url=standing_server.url, trust_env=False) as opened:
        yield opened


@pytest.fixture
def key(server, run_cli):
    """Makes keys on a server of this test's own."""

    def make(name: str, role: str, *options: str) -> str:
        made = run_cli("key", "create", name, "--role", role, *options)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    return make


def is_challenged(answer, code):
    assert (answer.status, answer.fault, answer.result, answer.codes) == (401, "Client", "FAILED", [code])
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_key_in_its_header(send, messages):
    assert send(messages.create(messages.meter())).result == "OK"


@pytest.mark.parametrize("user", ["", "partner", "päärtner", "a"])
def test_key_as_basic_password(standing_server, anyone, messages, user):
    pair = base64.b64encode(f"{user}:{standing_server.key}".encode()).decode()
    answer = messages.send(anyone, messages.create(messages.meter()), Authorization=f"Basic {pair}")
    assert answer.result == "OK"


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
def test_no_key(anyone, messages, soap):
    soap = getattr(messages, soap)
    answer = messages.send(anyone, messages.create(messages.meter()), soap=soap)
    assert answer.soap == soap
    answer.fault = {"Sender": "Client"}.get(answer.fault, answer.fault)
    is_challenged(answer, "7.2")
    assert "X-API-Key" in answer.text


def test_wrong_key(standing_server, anyone, messages):
    for wrong in ("cim_000000000000_x", standing_server.key[:-1], standing_server.key + "x", "x"):
        answer = messages.send(anyone, messages.get(), **{"X-API-Key": wrong})
        is_challenged(answer, "7.4")


def test_nobody_learns_of_the_body_without_a_key(anyone, messages):
    response = anyone.post("/soap", content=b"<no xml", headers={"Content-Type": "text/xml"})
    is_challenged(messages.open(response), "7.2")


def test_contract_needs_no_key(anyone):
    assert anyone.get("/soap?wsdl").status_code == 200
    assert anyone.get("/xsd/Message.xsd").status_code == 200


def test_revoked_key(server, key, run_cli, messages):
    mine = key("leaver", "admin", "--quota", "0")  # it is tried as often as it can be
    with server.client(mine) as client:
        assert messages.send(client, messages.create(messages.meter())).result == "OK"
        assert run_cli("key", "revoke", "leaver").returncode == 0
        deadline = time.monotonic() + 10  # a checked key is trusted for a second
        while (answer := messages.send(client, messages.get())).status == 200:
            assert time.monotonic() < deadline
    is_challenged(answer, "7.4")


def test_reader_reads_and_does_not_create(server, key, messages):
    meter = messages.meter()
    with server.client() as admin, server.client(key("auditor", "reader")) as reader:
        assert messages.send(admin, messages.create(meter)).result == "OK"
        refused = messages.send(reader, messages.create(messages.meter()))
        assert (refused.status, refused.fault, refused.result, refused.codes) == (200, "", "FAILED", ["7.5"])
        assert "reader" in refused.said
        assert "create MeterReadings" in refused.said
        found = messages.send(reader, messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        assert messages.plain(found.payload) == {"MeterReading": meter}
        ids = [{"_value_1": meter["Meter"]["mRID"], "objectType": "Meter"}]
        assert messages.send(reader, messages.message("delete", ids=ids)).codes == ["7.5"]


def test_key_is_printed_alone_and_kept_as_a_hash(server, key):
    made = key("somebody", "reader")
    assert made.startswith("cim_")
    assert "\n" not in made
    for file in server.data.iterdir():
        assert made.encode() not in file.read_bytes()


def test_unknown_role_is_refused(run_cli, backend):
    done = run_cli("key", "create", "x", "--role", "emperor")
    assert done.returncode == 2
    assert "admin" in done.stderr
    assert "Traceback" not in done.stderr
