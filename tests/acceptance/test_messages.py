"""POST /messages: the envelope as JSON or XML, over real HTTP."""

from __future__ import annotations

import json
import uuid

import jsonschema
import pytest
from lxml import etree


@pytest.fixture
def post(client):
    """Posts a body, JSON unless said otherwise, and gives the response."""

    def run(body, media="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/messages", content=content, headers={"Content-Type": media, **headers})

    return run


def create(messages, made, **header):
    """A create in JSON: the message builder's dicts, with arrays where the XSD has them."""
    return {
        "Header": {"Verb": "create", "Noun": "MeterReadings", **header},
        "Payload": {"MeterReadings": {"MeterReading": [made]}},
    }


@pytest.fixture
def made():
    return {
        "Meter": {"mRID": str(uuid.uuid4())},
        "Readings": [
            {
                "timeStamp": "2026-03-01T00:15:00Z",
                "value": "1.50",
                "ReadingType": {"ref": "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"},
            }
        ],
    }


def query(made):
    return {
        "Header": {"Verb": "get", "Noun": "MeterReadings"},
        "Request": {"GetMeterReadings": {"EndDevice": [{"mRID": made["Meter"]["mRID"]}]}},
    }


def test_stored_and_asked_for(post, messages, made):
    response = post(create(messages, made, MessageID="m-" + made["Meter"]["mRID"]))
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    answer = response.json()
    assert answer["Header"]["Verb"] == "reply"
    assert answer["Header"]["CorrelationID"] == "m-" + made["Meter"]["mRID"]
    assert answer["Reply"] == {"Result": "OK", "Error": [{"code": "0.0"}]}
    found = post(query(made)).json()
    assert found["Payload"]["MeterReadings"]["MeterReading"] == [made]


def test_what_json_wrote_soap_reads(post, send, messages, made):
    post(create(messages, made))
    answer = send(messages.get({"EndDevice": {"mRID": made["Meter"]["mRID"]}}))
    (value,) = answer.payload.iter("{*}value")
    assert (value.text, answer.result) == ("1.50", "OK")


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
@pytest.mark.parametrize("wanted", ["application/json", "application/xml"])
def test_xml_in_and_either_out(post, messages, shape, wanted):
    made = messages.meter(count=2)
    body = etree.tostring(messages.create(made, shape=shape))
    response = post(body, "application/xml", Accept=wanted)
    assert response.headers["content-type"].startswith(wanted)
    if wanted == "application/json":
        assert response.json()["Reply"]["Result"] == "OK"
        asked = etree.tostring(messages.get({"EndDevice": {"mRID": made["Meter"]["mRID"]}}, shape=shape))
        found = post(asked, "application/xml", Accept=wanted).json()
        assert len(found["Payload"]["MeterReadings"]["MeterReading"]) == 1
    else:
        assert etree.fromstring(response.content).findtext(".//{*}Reply/{*}Result") == "OK"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.1", "application/xml"),
        ("application/xml;q=0.5, application/json;q=0.4", "application/xml"),
        ("application/xml, application/json", "application/json"),
        ("application/xml;q=0, application/*", "application/json"),
        ("text/xml", "application/xml"),
    ],
)
def test_accept(post, made, accept, media):
    assert post(query(made), Accept=accept).headers["content-type"].partition(";")[0] == media


def test_what_we_do_not_speak(post, made):
    assert post(query(made), "text/csv").status_code == 415
    assert post(query(made), "").status_code == 415
    assert post(query(made), Accept="text/csv").status_code == 406


def test_refusals_say_where_and_what(post, messages, made):
    def reasons(response, status, code):
        reply = response.json()["Reply"]
        assert (response.status_code, reply["Result"]) == (status, "FAILED")
        assert {error["code"] for error in reply["Error"]} == {code}
        return " ".join(error["reason"] for error in reply["Error"])

    good = create(messages, made)
    assert "trailing" in reasons(post(b'{"Header": {},}'), 400, "1.8")
    assert "an object" in reasons(post(b"[]"), 400, "1.8")
    assert "two members" in reasons(post(b'{"Header": {}, "Header": {}}'), 400, "1.8")
    assert "nearest is 'Header'" in reasons(post({"header": {}}), 400, "1.8")
    assert "Header" in reasons(post({}), 400, "1.5")
    text = reasons(post(create(messages, {**made, "Readings": made["Readings"][0]})), 400, "1.8")
    assert "/Payload/MeterReadings/MeterReading/0/Readings" in text
    assert "[ ]" in text
    text = reasons(post(create(messages, {**made, "valuesInterval": {"start": "never"}})), 400, "1.8")
    assert "MeterReading[1]/valuesInterval/start" in text
    assert "2.5" in post({"Header": {"Verb": "get", "Noun": "Ping"}}).text
    reasons(post({"Header": {"Verb": "get", "Noun": "Ping"}}), 422, "2.5")
    reasons(post(b"[" * 500_001), 413, "3.1")
    response = post(good, **{"X-API-Key": "wrong"})
    reasons(response, 401, "7.4")
    assert response.headers["www-authenticate"].startswith("Basic")


def test_a_wrong_key_is_told_so_in_xml_where_xml_is_wanted(post, made):
    response = post(query(made), Accept="application/xml", **{"X-API-Key": "wrong"})
    assert etree.QName(etree.fromstring(response.content)).localname == "FaultMessage"


def test_again_and_again(post, messages, made):
    """The same MessageID is told the same, however its JSON is laid out; with other content it is refused."""
    body = create(messages, made, MessageID=str(uuid.uuid4()))
    first = post(body)
    assert post(body).content == first.content
    assert post(json.dumps(dict(reversed(body.items())), indent=2).encode()).content == first.content
    body["Payload"]["MeterReadings"]["MeterReading"][0]["Readings"][0]["value"] = "2.50"
    response = post(body)
    assert (response.status_code, response.json()["Reply"]["Error"][0]["code"]) == (409, "2.15")


def test_one_way(post, messages, made):
    response = post(create(messages, made, AckRequired=False))
    assert (response.status_code, response.content) == (202, b"")
    assert post(query(made)).json()["Payload"]["MeterReadings"]["MeterReading"] == [made]


def test_schemas_are_served_and_true(post, client, messages, made):
    def schema(root):
        response = client.get(f"/messages/schema/{root}", headers={"X-API-Key": ""})
        assert response.headers["content-type"] == "application/schema+json"
        return jsonschema.Draft202012Validator(response.json())

    body = create(messages, made)
    schema("Message").validate(body)
    schema("MeterReadings").validate(body["Payload"]["MeterReadings"])
    schema("GetMeterReadings").validate(query(made)["Request"]["GetMeterReadings"])
    schema("Message").validate(post(body).json())
    assert not schema("MeterReadings").is_valid({"MeterReading": {}})
    assert "MeterConfig" in client.get("/messages/schema/Nothing").text
    assert client.get("/messages").status_code == 405
    assert client.post("/messages/schema/Message").status_code == 405
