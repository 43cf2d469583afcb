"""A schedule of meter readings, through zeep: made, changed, asked for, canceled by the one who made it."""

from __future__ import annotations

import uuid

import pytest
import requests
import zeep

NOUN = "MeterReadSchedule"


@pytest.fixture
def load(standing_server, only_the_server):
    """Makes zeep clients of a service, for any key."""
    sessions = []

    def make(service, key=None):
        session = requests.Session()
        sessions.append(session)
        session.trust_env = False
        session.headers["X-API-Key"] = key or standing_server.key
        transport = zeep.Transport(session=session, timeout=10, operation_timeout=30)
        return zeep.Client(f"{standing_server.url}/soap/{service}?wsdl", transport=transport).service

    yield make
    for session in sessions:
        session.close()


def header(verb, number=None):
    return {"Verb": verb, "Noun": NOUN, "MessageID": number or str(uuid.uuid4())}


def schedule(meter, seconds):
    span = {"start": "2026-03-01T00:00:00Z"}
    times = {"recurrencePeriod": seconds, "scheduleInterval": span}
    return {NOUN: {"EndDevice": [{"mRID": meter}], "TimeSchedule": [times]}}


def test_a_schedule_through_zeep(load):
    execute, get = load(f"Execute{NOUN}"), load(f"Get{NOUN}")
    meter, number = str(uuid.uuid4()), str(uuid.uuid4())
    named = {"ID": [{"_value_1": number, "kind": "transaction"}]}

    def found(request):
        answer = get.GetMeterReadSchedule(header("get"), request)
        schedules = answer.Payload.MeterReadSchedule if answer.Payload else []
        assert [item._value_1 for item in answer.Reply.ID] == [number for _ in schedules]
        return [item.TimeSchedule[0].recurrencePeriod for item in schedules]

    by_meter = {f"Get{NOUN}": {"EndDevice": [{"mRID": meter}]}}
    create = execute.CreateMeterReadSchedule(header("create", number), Payload=schedule(meter, 86400))
    assert create.Reply.Result == "OK"
    assert found(by_meter) == found({"ID": [number], f"Get{NOUN}": {}}) == [86400]
    change = execute.ChangeMeterReadSchedule(header("change"), named, schedule(meter, 3600))
    assert change.Reply.Result == "OK"
    assert found(by_meter) == [3600]
    assert execute.CancelMeterReadSchedule(header("cancel"), named).Reply.Result == "OK"
    assert found(by_meter) == []
    gone = execute.CancelMeterReadSchedule(header("cancel"), named).Reply
    assert (gone.Result, gone.Error[0].code, gone.Error[0].ID._value_1) == ("FAILED", "2.15", number)


def test_nobody_ends_the_schedule_of_another_by_its_number(run_cli, start_server, messages):
    """MessageIDs are a partner's own: another may use the same."""
    server = start_server()
    other = run_cli("key", "create", "other", "--role", "admin").stdout.strip()
    body = messages.element(f"http://iec.ch/TC57/2011/{NOUN}#", NOUN, schedule("m", "60")[NOUN])
    with server.client() as mine, server.client(other) as theirs:
        made = messages.message("create", payload=body, header={"Noun": NOUN, "MessageID": "1"})
        assert messages.send(mine, made).result == "OK"
        ids = [{"_value_1": "1", "kind": "transaction"}]
        cancel = messages.message("cancel", ids=ids, header={"Noun": NOUN})
        assert messages.send(theirs, cancel).codes == ["2.15"]
        assert messages.send(mine, cancel).result == "OK"
