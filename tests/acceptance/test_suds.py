"""suds as partners use it: load the WSDL, create a day, get it back."""

from __future__ import annotations

import uuid

import pytest
import suds.client
from lxml import etree
from suds.sax.element import Element
from suds.sudsobject import Object, items

pytestmark = pytest.mark.usefixtures("only_the_server")


@pytest.fixture
def load(standing_server):
    def make(service: str = "", **options):
        path = f"/soap/{service}" if service else "/soap"
        return suds.client.Client(
            f"{standing_server.url}{path}?wsdl",
            cache=None,
            timeout=30,
            proxy={},
            headers={"X-API-Key": standing_server.key},
            **options,
        )

    return make


def header(verb):
    return {"Verb": verb, "Noun": "MeterReadings", "MessageID": str(uuid.uuid4())}


def for_suds(value):
    """The dict as suds wants it: attributes begin with an underscore."""
    if isinstance(value, list):
        return [for_suds(item) for item in value]
    if isinstance(value, dict):
        return {("_ref" if name == "ref" else name): for_suds(item) for name, item in value.items()}
    return value


def from_suds(value):
    if isinstance(value, list):
        return [from_suds(item) for item in value]
    if isinstance(value, Object):
        return {name: from_suds(item) for name, item in items(value)}
    return value


@pytest.mark.parametrize(
    ("service", "operation", "verb"),
    [
        ("ExecuteMeterReadings", "CreateMeterReadings", "create"),
        ("ReceiveMeterReadings", "CreatedMeterReadings", "created"),
    ],
)
def test_typed_services(load, compared, messages, day, service, operation, verb):
    execute = load(service)
    payload = {"MeterReadings": {"MeterReading": [for_suds(day)]}}
    if verb == "create":
        stored = getattr(execute.service, operation)(header(verb), None, payload)
    else:
        stored = getattr(execute.service, operation)(header(verb), None, payload)
    assert (stored.Reply.Result, stored.Reply.Error[0].code) == ("OK", "0.0")
    get = load("GetMeterReadings")
    query = get.factory.create(f"{{{messages.QUERY}}}GetMeterReadings")
    query.EndDevice = [{"mRID": day["Meter"]["mRID"]}]
    found = get.service.GetMeterReadings(header("get"), {"GetMeterReadings": query})
    assert found.Reply.Result == "OK"
    assert compared(from_suds(found.Payload.MeterReadings.MeterReading)) == compared(day)


def sax(element) -> Element:
    """An lxml element as suds writes elements."""
    made = Element(element.tag.rpartition("}")[2], ns=("p", element.tag.rpartition("}")[0][1:]))
    for name, value in element.attrib.items():
        made.set(name, value)
    if element.text:
        made.setText(element.text)
    for child in element:
        made.append(sax(child))
    return made


class Wildcard(suds.plugin.MessagePlugin):
    """suds has no way to fill a wildcard, so its users put the elements in on the way out."""

    def __init__(self):
        self.part, self.element, self.reply = "", None, b""

    def marshalled(self, context):
        (message,) = context.envelope.getChild("Body").getChildren()
        part = message.getChild(self.part)
        part.insert(sax(self.element), 0 if self.part == "Payload" else len(part.getChildren()))

    def received(self, context):
        self.reply = context.reply


def test_generic_service(load, compared, messages, day):
    wildcard = Wildcard()
    generic = load(plugins=[wildcard], port="SOAP")
    wildcard.part, wildcard.element = "Payload", messages.readings(day)
    stored = generic.service.Request(header("create"), None, {"Format": "XML"})
    assert stored.Reply.Result == "OK"
    wildcard.part = "Request"
    wildcard.element = messages.element(
        messages.QUERY, "GetMeterReadings", {"EndDevice": {"mRID": day["Meter"]["mRID"]}}
    )
    found = generic.service.Request(header("get"), {"StartTime": "2026-01-01T00:00:00Z"})
    assert found.Reply.Result == "OK"
    (payload,) = etree.fromstring(wildcard.reply).iter(f"{{{messages.READINGS}}}MeterReadings")
    assert messages.plain(payload) == {"MeterReading": day}


def test_fault_is_understood(load):
    get = load("GetMeterReadings")
    with pytest.raises(suds.WebFault) as caught:
        get.service.GetMeterReadings({"Verb": "get", "Noun": "MeterReadings", "MessageID": "1"}, {"Option": [{}]})
    assert "breaks its XSD" in caught.value.fault.faultstring
    assert caught.value.fault.faultcode.endswith(":Client")
