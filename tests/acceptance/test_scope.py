"""Keys that may reach some meters alone: what is not theirs is not there for them, over SOAP and REST alike."""

from __future__ import annotations

import uuid

import jwt
import pytest
from lxml import etree

from cim_adapter import Settings
from cim_adapter.access.tokens import secret_of
from cim_adapter.store.store import Store
from tests.servers import Launcher

GROUPS = "http://iec.ch/TC57/2011/EndDeviceGroups#"
MINE, THEIRS, NOBODYS = "m-mine", "m-theirs", "m-of-nobody"
ROLES = {
    "CIM_ADAPTER_ROLES": '{"crew": ["*:*"]}',
    "CIM_ADAPTER_ROLE_SCOPES": '{"crew": ["Meter:m-mine"]}',
}
READING = {
    "readingType": "intervalData",
    "readingDateTime": "2026-03-01T00:15:00Z",
    "value": 1,
    "unit": "kWh",
}


def reading(meter: str) -> dict:
    return {**READING, "meterId": meter}


def event(device: str) -> dict:
    return {"deviceId": device, "eventType": "powerOutage", "eventDateTime": "2026-03-01T10:00:00Z"}


def control(device: str) -> dict:
    return {"deviceId": device, "controlType": "remoteDisconnect", "effectiveDateTime": "2126-03-01T10:00:00Z"}


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    made = Launcher(tmp_path_factory.mktemp("scope"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(launcher):
    """Two meters with readings, an event and a control each; one of them in the group ``north``."""
    server = launcher.start(**ROLES)
    with server.client() as client:
        for meter in (MINE, THEIRS):
            made = {"mRID": meter, "Names": [{"name": f"name of {meter}"}]}
            assert client.post("/meter-config", json=made).status_code == 201
            for path, body in ((("meter-readings"), reading(meter)), ("end-device-events", event(meter))):
                assert client.post(f"/{path}", json=body).status_code == 201
            assert client.post("/end-device-controls", json=control(meter)).status_code == 201
        group = {"EndDeviceGroups": {"EndDeviceGroup": [{"mRID": "north", "EndDevices": [{"mRID": MINE}]}]}}
        message = {"Header": {"Verb": "create", "Noun": "EndDeviceGroups"}, "Payload": group}
        answer = client.post("/messages", json=message)
        assert answer.status_code == 200, answer.text
    return server


@pytest.fixture(
    scope="module", params=["Meter:m-mine", "Meter:name of m-mine", "EndDeviceGroup:north", "role", "token"]
)
def holder(request, server, launcher):
    """A client that reaches one meter: by its mRID, its name, its group, by its role, or as a token says."""
    if request.param == "token":
        settings = Settings(data=launcher.data)
        with Store(settings) as store:
            secret = secret_of(settings, store.vault)
        claims = {
            "sub": "hes",
            "role": "admin",
            "aud": "cim_adapter",
            "exp": 4_000_000_000,
            "objects": ["Meter:m-mine"],
        }
        with server.client() as client:
            del client.headers["X-API-Key"]
            client.headers["Authorization"] = f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"
            yield client
        return
    role = "crew" if request.param == "role" else "admin"
    scope = [] if request.param == "role" else ["--scope", request.param]
    made = launcher.cli(
        *("key", "create", f"holder of {request.param}", "--role", role, "--quota", "0", *scope), **ROLES
    )
    assert made.returncode == 0, made.stderr
    with server.client(made.stdout.strip()) as client:
        yield client


def soap_get(messages, client, noun: str = "MeterReadings", **query):
    made = messages.message("get", header={"Noun": noun})
    namespace = f"http://iec.ch/TC57/2011/Get{noun}#"
    etree.SubElement(made, f"{{{messages.MSG}}}Request").append(messages.element(namespace, f"Get{noun}", query))
    return messages.send(client, made)


def test_what_is_in_it_is_read_over_both(messages, holder):
    for path in ("meter-readings", "end-device-events", "end-device-controls"):
        (items,) = holder.get(f"/{path}", params={"meter": MINE}).json().values()
        assert {item.get("deviceId") or item["meterId"] for item in items} == {MINE}
    assert soap_get(messages, holder, EndDevice={"mRID": MINE}).result == "OK"


@pytest.mark.parametrize("meter", [THEIRS, f"name of {THEIRS}", NOBODYS])
def test_what_is_not_in_it_is_refused_whether_it_is_there_or_not(messages, holder, meter):
    for path in ("meter-readings", "end-device-events", "end-device-controls"):
        answer = holder.get(f"/{path}", params={"meter": meter})
        assert (answer.status_code, answer.json()["code"]) == (403, "7.5")
        assert [error["object"] for error in answer.json()["errors"]] == [meter]
    kind = "mRID" if " " not in meter else "Names"
    named = {"mRID": meter} if kind == "mRID" else {"Names": {"name": meter}}
    for noun, element in (
        ("MeterReadings", "EndDevice"),
        ("EndDeviceEvents", "Meter"),
        ("EndDeviceControls", "Meter"),
    ):
        answer = soap_get(messages, holder, noun, **{element: named})
        assert (answer.result, answer.codes) == ("FAILED", ["7.5"])


def test_who_asks_for_everything_gets_what_is_in_it(messages, holder):
    assert {item["meterId"] for item in holder.get("/meter-readings").json()["readings"]} == {MINE}
    for path in ("end-device-events", "end-device-controls"):
        (items,) = holder.get(f"/{path}").json().values()
        assert {item["deviceId"] for item in items} == {MINE}
    told = soap_get(messages, holder)
    assert [meter.findtext("{*}mRID") for meter in told.payload.iter("{*}Meter")] == [MINE]


@pytest.mark.parametrize("path", ["end-device-events", "end-device-controls"])
def test_the_id_of_something_outside_is_unknown(server, holder, path):
    with server.client() as admin:
        (items,) = admin.get(f"/{path}", params={"meter": THEIRS}).json().values()
    url = f"/{path}/{items[0]['id']}"
    assert holder.get(url).status_code == holder.get(f"/{path}/{uuid.uuid4()}").status_code == 404
    assert holder.delete(url).status_code == 404
    assert (
        holder.patch(url, json={"reason": "x"} if "controls" in path else {"severity": "low"}).status_code == 404
    )


@pytest.mark.parametrize("path", ["meter-readings", "end-device-events", "end-device-controls"])
@pytest.mark.parametrize("meter", [THEIRS, NOBODYS, "m-mine 2"])
def test_nothing_is_written_outside(messages, server, holder, path, meter):
    body = {"meter-readings": reading, "end-device-events": event, "end-device-controls": control}[path](meter)
    answer = holder.post(f"/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "7.5")
    member = {"meter-readings": "readings", "end-device-events": "events", "end-device-controls": "controls"}[path]
    good = {"meter-readings": reading, "end-device-events": event, "end-device-controls": control}[path](MINE)
    assert holder.post(f"/{path}", json={member: [good, body]}).status_code == 403, "all or nothing"
    with server.client() as admin:
        found = admin.get(f"/{path}", params={"meter": meter})
        assert found.status_code == (200 if meter == THEIRS else 404)
    sent = messages.send(holder, messages.create(messages.meter(meter)))
    assert (sent.result, sent.codes) == ("FAILED", ["7.5"])


def test_what_is_in_it_is_written_over_both(messages, holder):
    assert messages.send(holder, messages.create(messages.meter(MINE))).result == "OK"
    assert holder.post("/end-device-events", json=event(MINE)).status_code == 201
    made = holder.post("/end-device-controls", json=control(MINE))
    assert made.status_code == 201
    assert holder.patch(made.headers["location"], json={"reason": "later"}).status_code == 200
    assert holder.delete(made.headers["location"]).status_code == 204


def test_another_meters_name_does_not_open_it(messages, server, holder):
    """By an mRID of one's own and the name of another, and the reverse."""
    for mrid, name in ((MINE, f"name of {THEIRS}"), (THEIRS, f"name of {MINE}"), (None, f"name of {THEIRS}")):
        item = messages.meter(mrid or "x")
        item["Meter"] = {**({"mRID": mrid} if mrid else {}), "Names": {"name": name}}
        messages.send(holder, messages.create(item))
    delete = messages.message("delete", ids=[{"_value_1": THEIRS, "objectType": "Meter"}])
    assert messages.send(holder, delete).result == "FAILED"
    with server.client() as admin:
        (kept,) = admin.get("/meter-readings", params={"meter": THEIRS}).json()["readings"]
    assert kept["value"] == 1
    assert {item["meterId"] for item in holder.get("/meter-readings").json()["readings"]} == {MINE}


def test_an_operation_set_is_no_way_around(messages, server, holder):
    for meter, result in ((THEIRS, "FAILED"), (MINE, "OK")):
        create = messages.operation(1, "create", messages.readings(messages.meter(meter)))
        answer = messages.send(holder, messages.operation_set(create))
        assert (answer.result, answer.codes[0]) == (result, "7.5" if result == "FAILED" else "0.0"), answer.said


def test_other_nouns_are_not_for_it(holder):
    for path in ("meter-config", "usage-point-config"):
        answer = holder.get(f"/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "7.5")


def test_a_meter_that_is_named_may_be_made_known(server, launcher, messages):
    made = launcher.cli(
        "key", "create", "new", "--role", "partner", "--scope", "Meter:m-new", "--scope", "Meter:m 8"
    )
    with server.client(made.stdout.strip()) as client:
        assert client.post("/meter-readings", json=reading("m 8")).status_code == 201
        assert messages.send(client, messages.create(messages.meter("m-new"))).result == "OK"
        assert {item["meterId"] for item in client.get("/meter-readings").json()["readings"]} == {"m-new", "m 8"}


def test_a_scope_that_is_none_is_refused(launcher):
    for scope in ("m-7", "Meter:", "Customer:Smith"):
        done = launcher.cli("key", "create", "x", "--role", "admin", "--scope", scope)
        assert (done.returncode, done.stdout) == (2, "")
        assert "EndDeviceGroup" in done.stderr
