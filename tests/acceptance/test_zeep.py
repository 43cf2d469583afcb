"""zeep as partners use it: load the WSDL, create a day, get it back."""

from __future__ import annotations

import uuid

import pytest
import zeep
from zeep.helpers import serialize_object

pytestmark = pytest.mark.usefixtures("only_the_server")


def header(verb):
    return {"Verb": verb, "Noun": "MeterReadings", "MessageID": str(uuid.uuid4())}


versions = pytest.mark.parametrize("soap12", [False, True], ids=["1.1", "1.2"])


@versions
@pytest.mark.parametrize(
    ("service", "operation", "verb"),
    [
        ("ExecuteMeterReadings", "CreateMeterReadings", "create"),
        ("ReceiveMeterReadings", "CreatedMeterReadings", "created"),
        ("ReceiveMeterReadings", "ChangedMeterReadings", "changed"),
    ],
)
def test_typed_services(load, compared, day, service, operation, verb, soap12):
    _, execute = load(service, soap12=soap12)
    stored = execute[operation](Header=header(verb), Payload={"MeterReadings": {"MeterReading": [day]}})
    assert (stored.Reply.Result, stored.Reply.Error[0].code) == ("OK", "0.0")
    _, get = load("GetMeterReadings", soap12=soap12)
    query = {"EndDevice": [{"mRID": day["Meter"]["mRID"]}]}
    found = get.GetMeterReadings(Header=header("get"), Request={"GetMeterReadings": query})
    assert found.Reply.Result == "OK"
    (reading,) = serialize_object(found.Payload.MeterReadings.MeterReading, dict)
    assert compared(reading) == compared(day)


@versions
def test_generic_service(load, compared, messages, day, soap12):
    _, generic = load(soap12=soap12)
    stored = generic.Request(Header=header("create"), Payload={"_value_1": [messages.readings(day)]})
    assert stored.Reply.Result == "OK"
    query = messages.element(messages.QUERY, "GetMeterReadings", {"EndDevice": {"mRID": day["Meter"]["mRID"]}})
    found = generic.Request(Header=header("get"), Request={"_value_1": [query]})
    assert found.Reply.Result == "OK"
    (returned,) = found.Payload._value_1
    assert compared(messages.plain(returned)["MeterReading"]) == compared(day)


@versions
def test_event_through_the_generic_service(load, messages, day, soap12):
    _, generic = load(soap12=soap12)
    told = generic.PublishEvent(Header=header("created"), Payload={"_value_1": [messages.readings(day)]})
    assert told.Reply.Result == "OK"


@versions
def test_fault_is_understood(load, soap12):
    _, get = load("GetMeterReadings", soap12=soap12)
    with pytest.raises(zeep.exceptions.Fault) as caught:
        get.GetMeterReadings(Header={**header("get"), "Timestamp": "yesterday"}, Request={"GetMeterReadings": {}})
    assert "breaks its XSD" in caught.value.message
    assert caught.value.detail is not None


@versions
def test_failure_is_an_answer(load, soap12):
    _, get = load("GetMeterReadings", soap12=soap12)
    query = {"EndDevice": [{"mRID": str(uuid.uuid4())}]}
    found = get.GetMeterReadings(Header=header("get"), Request={"GetMeterReadings": query})
    assert (found.Reply.Result, found.Reply.Error[0].code, found.Payload) == ("FAILED", "2.4", None)
