"""/end-device-events and /end-device-controls against the server, and the same over SOAP."""

from __future__ import annotations

import uuid

import pytest
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.items.vocabulary import PRIORITIES, SEVERITIES, ControlWords, EventWords

EVENTS, CONTROLS = EventWords(CodeLists()), ControlWords(CodeLists())
EVENT_NS = "http://iec.ch/TC57/2011/EndDeviceEvents#"
CONTROL_NS = "http://iec.ch/TC57/2011/EndDeviceControls#"


@pytest.fixture
def device():
    return f"D-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def event(device):
    """The event that the interface shows."""
    return {
        "deviceId": device,
        "eventType": "tamperingAlert",
        "eventDateTime": "2026-03-01T10:00:00Z",
        "severity": "high",
        "description": "the cover was opened",
        "eventCode": "TAM001",
    }


@pytest.fixture
def control(device):
    """The control that the interface shows."""
    return {
        "deviceId": device,
        "controlType": "loadControlSignal",
        "controlValue": "50",
        "controlUnit": "kW",
        "effectiveDateTime": "2126-12-01T10:00:00Z",
        "reason": "peak",
        "priority": "high",
    }


def soap(send, messages, noun, verb="get", payload=None, **query):
    document = messages.element(f"http://iec.ch/TC57/2011/Get{noun}#", f"Get{noun}", query) if query else None
    header = {"Noun": noun}
    made = messages.message(verb, header=header, payload=payload)
    if document is not None:
        made = messages.message(verb, header=header, query=None)
        request = etree.SubElement(made, f"{{{messages.MSG}}}Request")
        request.append(document)
    return send(made)


def test_an_event_is_stored_and_read_by_both(client, send, messages, event):
    answer = client.post("/end-device-events", json=event)
    assert (answer.status_code, answer.json()["result"]) == (201, "OK"), answer.text
    (mrid,) = answer.json()["ids"]
    found = client.get(answer.headers["location"]).json()
    assert found | event == found
    assert (found["id"], found["status"]) == (mrid, "open")
    told = soap(send, messages, "EndDeviceEvents", EndDeviceEvent={"mRID": mrid}).payload
    assert messages.plain(told) == {
        "EndDeviceEvent": {
            "mRID": mrid,
            "createdDateTime": event["eventDateTime"],
            "reason": event["description"],
            "severity": "high",
            "Assets": {"Names": {"name": event["deviceId"]}},
            "EndDeviceEventDetails": {"name": "eventCode", "value": "TAM001"},
            "EndDeviceEventType": {"ref": "3.12.0.257"},
        }
    }


def test_a_control_is_stored_and_read_by_both(client, send, messages, control):
    answer = client.post("/end-device-controls", json={"controls": [control]})
    assert (answer.status_code, answer.json()["result"]) == (201, "OK"), answer.text
    (mrid,) = answer.json()["ids"]
    found = client.get(answer.headers["location"]).json()
    assert found | control == found
    assert (found["status"], [item["deviceId"] for item in found["devices"]]) == (
        "received",
        [control["deviceId"]],
    )
    told = soap(send, messages, "EndDeviceControls", EndDeviceControl={"mRID": mrid}).payload
    assert messages.plain(told) == {
        "EndDeviceControl": {
            "mRID": mrid,
            "drProgramLevel": "1",
            "reason": "peak",
            "PanDemandResponse": {"command": "50 kW"},
            "EndDeviceControlType": {"ref": "3.15.0.54"},
            "EndDevices": {"Names": {"name": control["deviceId"]}},
            "primaryDeviceTiming": {"interval": {"start": control["effectiveDateTime"]}},
        }
    }


def test_every_event_type_and_severity_both_ways(client, send, messages, device):
    made = [
        {
            "deviceId": device,
            "eventType": word,
            "eventDateTime": f"2026-03-01T10:{n:02}:00Z",
            "severity": SEVERITIES[n % len(SEVERITIES)],
        }
        for n, word in enumerate(EVENTS.TABLE)
    ]
    answer = client.post("/end-device-events", json={"events": made})
    assert answer.status_code == 201, answer.text
    told = soap(send, messages, "EndDeviceEvents", Meter={"Names": {"name": device}}).payload
    codes = [item.get("ref") for item in told.iter(f"{{{EVENT_NS}}}EndDeviceEventType")]
    assert codes == [EVENTS.code(word) for word in EVENTS.TABLE]
    other = f"{device}-2"
    sent = messages.element(
        EVENT_NS,
        "EndDeviceEvents",
        {
            "EndDeviceEvent": [
                {
                    "createdDateTime": item["eventDateTime"],
                    "severity": item["severity"],
                    "Assets": {"Names": {"name": other}},
                    "EndDeviceEventType": {"ref": EVENTS.code(item["eventType"])},
                }
                for item in made
            ]
        },
    )
    assert soap(send, messages, "EndDeviceEvents", "created", sent).result == "OK"
    found = client.get("/end-device-events", params={"meter": other}).json()["events"]
    names = ("eventType", "eventDateTime", "severity")
    assert [{name: item[name] for name in names} for item in found] == [
        {name: item[name] for name in names} for item in made
    ]


@pytest.mark.parametrize("word", CONTROLS.TABLE)
@pytest.mark.parametrize("unit", ["kW", "%", "EUR/kWh", None])
def test_every_control_type_both_ways(client, send, messages, device, word, unit):
    made = {"deviceId": device, "controlType": word, "controlValue": "12.50", "priority": "low", "reason": "test"}
    if unit is not None:
        made["controlUnit"] = unit
    answer = client.post("/end-device-controls", json={"controls": [made]})
    if word not in ("loadControlSignal", "supplyCapacityLimit", "priceSignal", "priceChange", "tariffChange"):
        assert answer.json()["errors"][0]["pointer"] == "/controls/0/controlValue"
        del made["controlValue"]
        made.pop("controlUnit", None)
        answer = client.post("/end-device-controls", json={"controls": [made]})
    assert answer.status_code == 201, answer.text
    (found,) = client.get("/end-device-controls", params={"meter": device}).json()["controls"]
    assert found | made == found
    (element,) = soap(send, messages, "EndDeviceControls", Meter={"Names": {"name": device}}).payload
    told = messages.plain(element)
    assert told["EndDeviceControlType"] == {"ref": CONTROLS.code(word)}
    # And what SOAP wrote comes back in the same words.
    sent = messages.element(CONTROL_NS, "EndDeviceControls", {})
    del element[0]
    for name in element.iter(f"{{{CONTROL_NS}}}name"):
        name.text = f"{device}-2"
    sent.append(element)
    assert soap(send, messages, "EndDeviceControls", "create", sent).result == "OK"
    (again,) = client.get("/end-device-controls", params={"meter": f"{device}-2"}).json()["controls"]
    assert {name: again[name] for name in made if name != "deviceId"} == {
        name: value for name, value in made.items() if name != "deviceId"
    }


@pytest.mark.parametrize("priority", PRIORITIES)
def test_every_priority(client, control, priority):
    answer = client.post("/end-device-controls", json={"controls": [{**control, "priority": priority}]})
    assert client.get(answer.headers["location"]).json()["priority"] == priority


def test_an_event_is_changed_and_taken_back(client, event):
    url = client.post("/end-device-events", json=event).headers["location"]
    answer = client.patch(url, json={"severity": "low", "eventType": "coverRemoved"})
    assert answer.status_code == 200, answer.text
    found = client.get(url).json()
    assert (found["severity"], found["eventType"], found["eventTypeCode"]) == (
        "low",
        "coverRemoved",
        "3.12.29.212",
    )
    assert found["description"] == event["description"]
    assert client.patch(url, json={"status": "closed"}).json()["errors"][0]["pointer"] == "/status"
    assert client.delete(url).status_code == 204
    assert [client.get(url).status_code, client.delete(url).status_code] == [404, 404]


def test_a_change_keeps_what_rest_has_no_member_for(client, send, messages, device):
    mrid = str(uuid.uuid4())
    sent = {
        "mRID": mrid,
        "createdDateTime": "2026-03-01T10:00:00Z",
        "reason": "the cover was opened",
        "severity": "high",
        "userID": "crew 7",
        "Assets": {"Names": {"name": device}},
        "EndDeviceEventType": {"ref": "3.12.0.257"},
        "Names": {"name": f"the event of {device}"},
        "status": {"remark": "seen by the crew", "value": "assigned"},
    }
    payload = messages.element(EVENT_NS, "EndDeviceEvents", {"EndDeviceEvent": sent})
    assert soap(send, messages, "EndDeviceEvents", "created", payload).result == "OK"
    assert client.patch(f"/end-device-events/{mrid}", json={"severity": "low"}).status_code == 200
    told = soap(send, messages, "EndDeviceEvents", EndDeviceEvent={"mRID": mrid}).payload
    assert messages.plain(told) == {"EndDeviceEvent": {**sent, "severity": "low"}}


def test_a_control_is_changed_and_canceled(client, control):
    url = client.post("/end-device-controls", json={"controls": [control]}).headers["location"]
    answer = client.patch(url, json={"controlValue": "40", "reason": "less"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["controlValue"], answer.json()["controlUnit"], answer.json()["reason"]) == (
        "40",
        "kW",
        "less",
    )
    assert client.delete(url).status_code == 204
    assert client.get(url).json()["status"] == "canceled"
    again = client.delete(url)
    assert (again.status_code, again.json()["code"]) == (409, "5.2")
    found = client.get("/end-device-controls", params={"meter": control["deviceId"], "status": "canceled"})
    assert len(found.json()["controls"]) == 1


def test_an_event_closed_over_soap_is_closed(client, send, messages, event):
    answer = client.post("/end-device-events", json=event)
    made = messages.message("close", header={"Noun": "EndDeviceEvents"})
    request = etree.SubElement(made, f"{{{messages.MSG}}}Request")
    etree.SubElement(request, f"{{{messages.MSG}}}ID").text = answer.json()["ids"][0]
    assert send(made).result == "OK"
    asked = {"meter": event["deviceId"], "status": "closed"}
    (found,) = client.get("/end-device-events", params=asked).json()["events"]
    assert found["status"] == "closed"


@pytest.fixture
def tell(send, messages, device):
    """``tell(verb, type, name=…)`` or ``tracking=…``: an event without mRID was created, or closed, elsewhere."""

    def run(verb, code, *, name=None, tracking=None):
        told = {
            "createdDateTime": "2026-03-01T10:00:00Z",
            "issuerTrackingID": tracking or [],
            "Assets": {"mRID": device},
            "EndDeviceEventType": {"ref": code},
            "Names": {"name": name} if name else [],
        }
        payload = messages.element(EVENT_NS, "EndDeviceEvents", {"EndDeviceEvent": told})
        assert send(messages.message(verb, header={"Noun": "EndDeviceEvents"}, payload=payload)).result == "OK"

    return run


@pytest.fixture
def statuses(client, device):
    """What became of the events of the device, by type; only those of one status."""

    def run(**query):
        found = client.get("/end-device-events", params={"meter": device, **query}).json()["events"]
        return {event["eventTypeCode"]: event["status"] for event in found}

    return run


OUTAGE, RESTORED = "3.26.0.85", "3.26.0.216"


@pytest.mark.parametrize("called", ["name", "tracking"])
def test_an_event_without_mrid_that_was_closed_is_closed(tell, statuses, device, called):
    tell("created", OUTAGE, **{called: f"{device}-1"})
    tell("created", RESTORED, **{called: f"{device}-2"})
    tell("closed", OUTAGE, **{called: f"{device}-1"})
    assert statuses() == {OUTAGE: "closed", RESTORED: "open"}
    assert (statuses(status="closed"), statuses(status="open")) == ({OUTAGE: "closed"}, {RESTORED: "open"})


def test_events_that_share_a_tracking_id(tell, statuses, device):
    for verb in ("created", "closed"):
        tell(verb, OUTAGE, tracking=device)
        tell(verb, RESTORED, tracking=device)
    assert statuses() == {OUTAGE: "closed", RESTORED: "closed"}


@pytest.mark.parametrize("path", ["/end-device-events", "/end-device-controls"])
def test_pages_and_parameters(client, event, control, path):
    member = path.rpartition("-")[2]
    moment, item = ("eventDateTime", event) if member == "events" else ("effectiveDateTime", control)
    made = [{**item, moment: f"2126-03-01T{n // 60:02}:{n % 60:02}:00Z"} for n in range(25)]
    assert client.post(path, json={member: made}).status_code == 201
    found, url = [], f"{path}?meter={item['deviceId']}&limit=4"
    while url:
        page = client.get(url)
        found += page.json()[member]
        url = page.links.get("next", {}).get("url")
    assert [item[moment] for item in found] == [item[moment] for item in made]
    asked = {"meter": item["deviceId"], "from": "2126-03-01T00:10:00Z", "to": "2126-03-01T00:12:00Z"}
    within = client.get(path, params=asked).json()[member]
    assert made[10][moment] in [item[moment] for item in within]
    if member == "events":
        assert len(within) == 3
        asked = {"meter": item["deviceId"], "since": "2126-03-01T00:23:00Z"}
        assert len(client.get(path, params=asked).json()[member]) == 1
        assert client.get(path, params={"meter": item["deviceId"], "severity": "low"}).json() == {"events": []}
    assert client.get(path, params={"meter": "nobody"}).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"eventType": "boredom"}, "/eventType"),
        ({"severity": "awful"}, "/severity"),
        ({"eventDateTime": "noon"}, "/eventDateTime"),
        ({"eventTypeCode": "1"}, "/eventTypeCode"),
        ({"eventTypeCode": "3.26.0.85"}, "/eventType"),
        ({"status": "closed"}, "/status"),
        ({"deviceId": None}, ""),
        ({"eventType": None}, ""),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_each_offending_member_is_pointed_at(client, event, change, pointer):
    answer = client.post("/end-device-events", json={**event, **change})
    assert answer.status_code == 400, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_the_same_key_is_the_same_control(client, control):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (client.post("/end-device-controls", json=control, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(client.get("/end-device-controls", params={"meter": control["deviceId"]}).json()["controls"]) == 1


def test_xml_has_the_same_names(client, event):
    root = etree.Element("event")
    for name, value in event.items():
        etree.SubElement(root, name).text = value
    headers = {"Content-Type": "application/xml", "Accept": "application/xml"}
    answer = client.post("/end-device-events", content=etree.tostring(root), headers=headers)
    assert answer.status_code == 201, answer.text
    told = etree.fromstring(client.get(answer.headers["location"], headers=headers).content)
    assert {name: told.findtext(name) for name in event} == event
