"""IEC 61968-100: what every answer owes its request (facts/envelope.md §1.1, §5.2, §5.5)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles

SCHEMAS = {
    "http://iec.ch/TC57/2011/schema/message": "Message.xsd",
    "http://iec.ch/TC57/2011/MeterReadingsMessage": "MeterReadingsMessage.xsd",
    "http://iec.ch/TC57/2011/GetMeterReadingsMessage": "GetMeterReadingsMessage.xsd",
}


@pytest.fixture(scope="module")
def is_valid():
    """Asserts that a message, its profile included, is valid by our own contract."""
    files = ContractFiles.locate()
    compiled = {
        namespace: etree.XMLSchema(etree.parse(files.schema(name)))
        for namespace, name in {**SCHEMAS, "http://iec.ch/TC57/2011/MeterReadings#": "MeterReadings.xsd"}.items()
    }

    def check(answer):
        message = answer.message
        namespace = etree.QName(message).namespace
        if namespace == "http://iec.ch/TC57/2011/abstract":  # shape C: the message is inside, in its own words
            (inner,) = message
            message = etree.Element(f"{{{etree.QName(inner).namespace}}}ResponseMessage")
            message.extend(inner)
        elif etree.QName(message).localname == "Response":  # shape B
            renamed = etree.Element(f"{{{namespace}}}ResponseMessage")
            renamed.extend(message)
            message = renamed
        message = etree.fromstring(etree.tostring(message))
        compiled[etree.QName(message).namespace].assertValid(message)
        if answer.payload is not None:
            payload = etree.fromstring(etree.tostring(answer.payload))
            compiled[etree.QName(payload).namespace].assertValid(payload)

    return check


@pytest.fixture
def send(standing_server, messages):
    with standing_server.client() as client:
        yield lambda body, **options: messages.send(client, body, **options)


shapes = pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
versions = pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])


@pytest.fixture
def every_answer(send, messages):
    """One request for each kind of answer, in a shape and version."""

    def ask(shape, soap):
        soap = getattr(messages, soap)
        meter = messages.meter(count=3)
        device = {"mRID": meter["Meter"]["mRID"]}
        broken = messages.create(messages.meter(count=3), shape=shape)
        for stamp in broken.iter("{*}timeStamp"):
            stamp.text = "never"
        orphan = {"IntervalBlocks": messages.meter()["IntervalBlocks"]}
        bodies = {
            "created": messages.create(meter, shape=shape),
            "found": messages.get({"EndDevice": device}, shape=shape),
            "partly found": messages.get({"EndDevice": [device, {"mRID": str(uuid.uuid4())}]}, shape=shape),
            "not found": messages.get({"EndDevice": {"mRID": str(uuid.uuid4())}}, shape=shape),
            "partly created": messages.create(messages.meter(), orphan, shape=shape),
            "not created": messages.create(orphan, shape=shape),
            "deleted": messages.message("delete", shape=shape, ids=[{"_value_1": device["mRID"]}]),
            "not deleted": messages.message("delete", shape=shape, ids=[{"_value_1": "x", "kind": "transaction"}]),
            "invalid": broken,
            "without a verb": messages.get(shape=shape, header={"Verb": None}),
            "unknown verb": messages.get(shape=shape, header={"Verb": "destroy"}),
            "unknown noun": messages.get(shape=shape, header={"Noun": "Bananas"}),
        }
        if shape == "typed":  # where the root names a noun, that of the header does not count
            bodies["unknown noun"] = messages.get(shape="typed", header={"Verb": "destroy"})
        return {name: send(body, soap=soap) for name, body in bodies.items()}

    return ask


@versions
@shapes
def test_1_1_every_answer_is_valid_by_our_own_contract(every_answer, is_valid, shape, soap):
    answers = every_answer(shape, soap)
    results = {name: answer.result for name, answer in answers.items()}
    assert results == {
        "created": "OK",
        "found": "OK",
        "partly found": "PARTIAL",
        "not found": "FAILED",
        "partly created": "PARTIAL",
        "not created": "FAILED",
        "deleted": "OK",
        "not deleted": "FAILED",
        "invalid": "FAILED",
        "without a verb": "FAILED",
        "unknown verb": "FAILED",
        "unknown noun": "FAILED",
    }
    for answer in answers.values():
        is_valid(answer)


@versions
@shapes
def test_4_3_answer_has_the_shape_of_its_request(every_answer, messages, shape, soap):
    roots = {
        "A": f"{{{messages.MSG}}}ResponseMessage",
        "B": f"{{{messages.MSG}}}Response",
        "C": f"{{{messages.ABSTRACT}}}Response",
    }
    for name, answer in every_answer(shape, soap).items():
        if answer.fault:
            assert etree.QName(answer.message).localname.endswith("FaultMessage")
        elif shape in roots:
            assert answer.message.tag == roots[shape], name
        else:
            typed = {messages.TYPED, messages.TYPED_GET}
            assert etree.QName(answer.message).namespace in typed
            assert etree.QName(answer.message).localname == "MeterReadingsResponseMessage"


@shapes
def test_5_5_what_cannot_be_read_is_a_fault_and_the_rest_an_answer(every_answer, messages, shape):
    answers = every_answer(shape, "SOAP11")
    assert {name for name, answer in answers.items() if answer.fault} == {"invalid", "without a verb"}
    for answer in answers.values():
        assert answer.status == (500 if answer.fault else 200)
        if answer.fault:  # §1.1: a FaultMessage has a Reply and no Header
            assert [etree.QName(child).localname for child in answer.message] == ["Reply"]


def test_5_5_ok_has_code_0_0_and_failed_has_another(every_answer):
    for name, answer in every_answer("A", "SOAP11").items():
        if answer.result == "OK":
            assert answer.codes == ["0.0"], name
        else:
            assert answer.codes, name
            assert all(code[0] != "0" for code in answer.codes), name
        for error in answer.errors:
            assert error["code"] == "0.0" or {"code", "level", "reason"} <= error.keys(), name


def test_1_1_parts_stand_in_order(every_answer):
    for answer in every_answer("A", "SOAP11").values():
        parts = [etree.QName(child).localname for child in answer.message]
        assert parts == [name for name in ("Header", "Reply", "Payload") if name in parts]
        assert "Reply" in parts


def test_1_4_payload_comes_with_what_was_found_alone(every_answer):
    with_payload = {name for name, answer in every_answer("A", "SOAP11").items() if answer.payload is not None}
    assert with_payload == {"found", "partly found"}


@shapes
def test_5_2_correlation_id_is_echoed(send, messages, shape):
    answer = send(messages.get({}, shape=shape, header={"MessageID": "m-1", "CorrelationID": "c-1"}))
    assert answer.header["CorrelationID"] == "c-1"


@shapes
def test_5_2_else_the_message_id_is_the_correlation_id(send, messages, shape):
    number = str(uuid.uuid4())
    answer = send(messages.create(messages.meter(), shape=shape, header={"MessageID": number}))
    assert answer.header["CorrelationID"] == number


def test_5_2_with_neither_there_is_none(send, messages):
    answer = send(messages.create(messages.meter(), header={"MessageID": None}))
    assert "CorrelationID" not in answer.header


def test_5_2_failed_answers_correlate_too(send, messages):
    answer = send(messages.get(header={"Verb": "destroy", "MessageID": "m-2"}))
    assert answer.header["CorrelationID"] == "m-2"


def test_5_2_fault_names_the_message_it_is_about(send, messages):
    number = str(uuid.uuid4())
    body = messages.create(messages.meter(), header={"MessageID": number})
    next(body.iter("{*}timeStamp")).text = "never"
    answer = send(body)
    assert answer.fault
    assert {error["relatedID"] for error in answer.errors} == {number}


def test_5_2_message_id_and_timestamp_are_fresh(send, messages):
    seen = set()
    for _ in range(5):
        sent = {"Timestamp": "2020-01-01T00:00:00Z", "MessageID": str(uuid.uuid4())}
        answer = send(messages.create(messages.meter(), header=sent))
        uuid.UUID(answer.header["MessageID"])
        seen.add(answer.header["MessageID"])
        assert answer.header["MessageID"] != sent["MessageID"]
        assert answer.header["Timestamp"].endswith("Z")
        age = datetime.now(UTC) - datetime.fromisoformat(answer.header["Timestamp"])
        assert abs(age) < timedelta(seconds=30)
    assert len(seen) == 5


def test_1_2_header_of_the_answer(send, messages):
    answer = send(
        messages.create(messages.meter(), header={"Revision": "2.0", "Context": "TESTING", "Source": "HES"})
    )
    assert answer.header["Verb"] == "reply"
    assert answer.header["Noun"] == "MeterReadings"
    assert answer.header["Revision"] == "2.0"
    assert answer.header["Context"] == "TESTING"
    assert answer.header["Source"] == "cim_adapter"


@pytest.mark.parametrize("path", ["/soap", "/soap/ExecuteMeterReadings", "/soap/GetMeterReadings"])
@versions
def test_1_1_fault_about_what_is_no_message_is_valid(standing_server, messages, is_valid, path, soap):
    soap = getattr(messages, soap)
    with standing_server.client() as client:
        for content in (b"", b"<no/>", b"<a><b></a>", b"<!DOCTYPE a><a/>"):
            response = client.post(path, content=content, headers={"Content-Type": messages.content_type(soap)})
            answer = messages.open(response)
            assert answer.fault
            is_valid(answer)
    with standing_server.client("no key") as client:
        is_valid(messages.send(client, messages.get(), soap=soap, path=path))
