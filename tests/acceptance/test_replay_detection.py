"""ReplayDetection: a message is not played twice, and a lost answer is got all the same."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime, timedelta

import pytest


def fresh(nonce: str | None = None, age: float = 0) -> dict:
    created = datetime.now(UTC) - timedelta(seconds=age)
    return {"Nonce": nonce or str(uuid.uuid4()), "Created": f"{created:%Y-%m-%dT%H:%M:%SZ}"}


@pytest.fixture
def create(messages):
    """A create of one reading with this ReplayDetection and whatever else of a header."""

    def make(replay: dict | None, meter: dict | None = None, **header):
        given = {"ReplayDetection": replay, **header}
        return messages.create(meter or messages.meter(), header=given)

    return make


@pytest.fixture
def count(send, messages):
    def values(meter: dict) -> int:
        found = send(messages.get({"EndDevice": meter["Meter"]}))
        return 0 if found.payload is None else len(list(found.payload.iter("{*}value")))

    return values


@pytest.mark.parametrize("age", [0, 250, -250])
def test_a_new_nonce_is_taken(send, create, age):
    assert send(create(fresh(age=age))).codes == ["0.0"]


@pytest.mark.parametrize(("age", "said"), [(3600, "3,60"), (-3600, "ahead")])
def test_a_created_outside_the_window(send, create, messages, count, age, said):
    meter = messages.meter()
    answer = send(create(fresh(age=age), meter))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["7.7"])
    assert said in answer.said
    assert count(meter) == 0


def test_a_nonce_that_was_used(send, create, messages, count):
    replay, meter = fresh(), messages.meter()
    assert send(create(replay)).result == "OK"
    answer = send(create({**fresh(), "Nonce": replay["Nonce"]}, meter))
    assert (answer.result, answer.codes, count(meter)) == ("FAILED", ["7.7"], 0)
    assert f"Nonce {replay['Nonce']} was used at 20" in answer.said


def test_a_message_without_message_id_is_not_played_again(send, create, messages, count):
    meter = messages.meter()
    body = create(fresh(), meter, MessageID=None)
    assert send(copy.deepcopy(body)).result == "OK"
    assert send(body).codes == ["7.7"]
    assert count(meter) == 1


def test_each_source_has_nonces_of_its_own(send, create):
    replay = fresh()
    assert [send(create(replay, Source=name)).result for name in ("one", "two")] == ["OK", "OK"]


def test_each_partner_has_nonces_of_its_own(server, run_cli, messages, create):
    replay = fresh()
    key = run_cli("key", "create", "other", "--role", "admin").stdout.strip()
    with server.client() as first, server.client(key) as second:
        assert [messages.send(client, create(replay)).result for client in (first, second)] == ["OK", "OK"]


def test_the_same_message_again_gets_its_reply(send, create, messages, count):
    """Also when it has become too old meanwhile: its answer was lost, and nothing is done twice."""
    meter = messages.meter()
    body = create(fresh(), meter)
    first = send(copy.deepcopy(body))
    assert send(copy.deepcopy(body)).content == first.content
    next(body.iter("{*}Created")).text = fresh(age=7200)["Created"]
    assert send(body).content == first.content
    assert count(meter) == 1


def test_a_message_that_failed_uses_up_no_nonce(send, create, messages):
    replay = fresh()
    orphan = {"IntervalBlocks": messages.meter()["IntervalBlocks"]}
    assert send(create(replay, orphan)).codes == ["1.7"]
    late = create(replay)
    next(late.iter("{*}timeStamp")).text = "never"
    assert send(late).codes == ["1.8"]
    assert send(create(replay)).result == "OK"


def test_a_get_is_not_played_again_either(send, messages):
    meter = messages.meter()
    send(messages.create(meter))
    replay = fresh()
    asked = [messages.get({"EndDevice": meter["Meter"]}, header={"ReplayDetection": replay}) for _ in range(2)]
    assert [send(body).codes for body in asked] == [["0.0"], ["7.7"]]


def test_nonces_outlive_a_restart(start_server, create, messages):
    replay = fresh()
    server = start_server()
    with server.client() as client:
        assert messages.send(client, create(replay)).result == "OK"
    assert server.stop() == 0
    with start_server().client() as client:
        assert messages.send(client, create(replay)).codes == ["7.7"]


def test_two_workers_take_a_nonce_once(start_server, create, messages):
    server = start_server("--workers", "2")
    replay = fresh()
    results = []
    for _ in range(20):  # a connection each, so that both workers are asked
        with server.client() as client:
            results.append(messages.send(client, create(replay)).codes)
    assert sorted(results) == [["0.0"], *[["7.7"]] * 19]


def test_it_may_be_required(start_server, create, messages):
    server = start_server(CIM_ADAPTER_REQUIRE_REPLAY_DETECTION="true", CIM_ADAPTER_REPLAY_WINDOW="10")
    with server.client() as client:
        answer = messages.send(client, create(None))
        assert (answer.result, answer.codes) == ("FAILED", ["1.5"])
        assert "ReplayDetection with Nonce and Created is required" in answer.said
        assert messages.send(client, create(fresh())).result == "OK"
        assert messages.send(client, create(fresh(age=60))).codes == ["7.7"]
        incomplete = create(fresh())
        nonce = next(incomplete.iter("{*}Nonce"))
        nonce.getparent().remove(nonce)
        assert messages.send(client, incomplete).codes == ["1.8"]


def test_where_it_is_required_rest_changes_nothing_without_a_key(start_server):
    server = start_server(CIM_ADAPTER_REQUIRE_REPLAY_DETECTION="true")
    event = {"deviceId": "d-1", "eventType": "powerOutage", "eventDateTime": "2026-03-01T10:00:00Z"}
    with server.client() as client:
        answer = client.post("/end-device-events", json=event)
        assert (answer.status_code, answer.json()["code"]) == (400, "1.5")
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first, again = (client.post("/end-device-events", json=event, headers=key) for _ in range(2))
        assert (first.status_code, first.json()) == (201, again.json())
        (found,) = client.get("/end-device-events", params={"meter": "d-1"}).json()["events"]
        url = f"/end-device-events/{found['id']}"
        assert client.delete(url).status_code == 400
        assert client.patch(url, json={"severity": "low"}, headers={"Idempotency-Key": "k-1"}).status_code == 200
        assert client.delete(url, headers={"Idempotency-Key": "k-2"}).status_code == 204


def test_whoever_is_refused_is_told_the_row_in_the_journal(send, create):
    replay = fresh()
    send(create(replay))
    assert [identifier["idType"] for identifier in send(create(replay)).ids] == ["journal"]
