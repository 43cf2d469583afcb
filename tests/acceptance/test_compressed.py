"""Payloads that come compressed: the same as any other, in every shape."""

from __future__ import annotations

import base64
import copy
import gzip

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles


@pytest.fixture
def stored(send, messages):
    def found(meter: dict):
        answer = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        return None if answer.payload is None else messages.plain(answer.payload)["MeterReading"]

    return found


@pytest.mark.parametrize("form", [None, "XML", "BINARY"])
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_compressed_readings_are_stored(send, messages, stored, shape, form):
    meter = messages.meter(count=3)
    answer = send(messages.compressed(messages.create(meter, shape=shape), form=form))
    assert (answer.status, answer.result, answer.codes) == (200, "OK", ["0.0"])
    assert stored(meter) == meter


def test_a_large_document(send, messages, stored):
    meters = [messages.meter(count=96) for _ in range(100)]
    answer = send(messages.compressed(messages.create(*meters)))
    assert (answer.result, stored(meters[99])) == ("OK", meters[99])


def test_the_noun_compressed_is_that_of_the_document(send, messages, stored):
    meter = messages.meter()
    answer = send(messages.compressed(messages.create(meter, header={"Noun": "Compressed"})))
    assert (answer.result, answer.header["Noun"], stored(meter)) == ("OK", "Compressed", meter)


def opened(answer):
    """The document in Payload/Compressed of an answer."""
    assert etree.QName(answer.payload).localname == "Compressed"
    (form,) = answer.payload.itersiblings()
    assert (etree.QName(form).localname, form.text) == ("Format", "XML")
    return etree.fromstring(gzip.decompress(base64.b64decode(answer.payload.text)))


def test_a_compressed_query_is_answered_compressed(send, messages):
    meter = messages.meter()
    send(messages.create(meter))
    query = messages.element(messages.QUERY, "GetMeterReadings", {"EndDevice": meter["Meter"]})
    body = messages.message("get", payload=query, header={"Noun": "Compressed"})
    answer = send(messages.compressed(body))
    assert (answer.result, messages.plain(opened(answer))) == ("OK", {"MeterReading": meter})


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_a_compressed_answer_that_was_asked_for(send, messages, shape):
    meter = messages.meter(count=96)
    send(messages.create(meter))
    query = {"EndDevice": meter["Meter"]}
    plain = send(messages.get(query, shape=shape))
    answer = send(messages.get(query, shape=shape, options={"compressed": "true"}))
    assert (answer.result, messages.plain(opened(answer))) == ("OK", {"MeterReading": meter})
    assert len(answer.content) < len(plain.content) / 4
    if shape == "typed":
        file = ContractFiles.locate().schema("GetMeterReadingsMessage.xsd")
        etree.XMLSchema(etree.parse(file)).assertValid(etree.fromstring(etree.tostring(answer.message)))
    assert send(messages.get(query, shape=shape, options={"compressed": "false"})).payload.tag == plain.payload.tag


def test_what_has_no_payload_is_not_compressed(send, messages):
    body = messages.get({"EndDevice": {"mRID": "nobody"}}, options={"compressed": "true"})
    answer = send(body)
    assert (answer.result, answer.payload) == ("FAILED", None)


def test_a_compressed_operation_set(send, messages, stored):
    meter = messages.meter()
    body = messages.operation_set(messages.operation(1, "create", messages.readings(meter)))
    assert send(messages.compressed(body)).result == "OK"
    assert stored(meter) == meter


def test_what_is_inside_is_validated(send, messages):
    body = messages.create(messages.meter())
    next(body.iter("{*}timeStamp")).text = "never"
    answer = send(messages.compressed(body))
    assert (answer.fault, answer.codes) == ("Client", ["1.8"])
    assert "never" in answer.said


def test_the_same_message_compressed_once_more(send, messages, stored):
    """gzip writes the time of day into its header; the message stays the same."""
    meter = messages.meter()
    body = messages.create(meter)
    document = etree.tostring(next(body.iter("{*}MeterReadings")), with_tail=False)
    one, two = (messages.compressed(copy.deepcopy(body), gzip.compress(document, mtime=n)) for n in (1, 2))
    assert send(one).content == send(two).content
    assert send(
        messages.create(messages.meter(), header={"MessageID": next(body.iter("{*}MessageID")).text})
    ).codes == ["2.15"]


def test_compressed_and_plain_are_the_same_message(send, messages):
    body = messages.create(messages.meter())
    first = send(copy.deepcopy(body))
    assert send(messages.compressed(body)).content == first.content


@pytest.mark.parametrize(
    ("data", "form", "code", "said"),
    [
        (b"<a/>", None, "1.8", "is not gzip"),
        (gzip.compress(b"<a/>")[:-4], None, "1.8", "cut off"),
        (gzip.compress(b"<a/>") * 2, None, "1.8", "goes on after its gzip member"),
        (gzip.compress(b"no xml"), None, "1.8", "not well-formed"),
        (b"no xml", "BINARY", "1.8", "not well-formed"),
        (gzip.compress(b"<a/>"), None, "1.8", "No XSD is known"),
        (b"", None, "1.8", "is empty"),
    ],
)
def test_what_cannot_be_read(send, messages, data, form, code, said):
    answer = send(messages.compressed(messages.create(messages.meter()), data, form))
    assert (answer.status, answer.fault, set(answer.codes)) == (500, "Client", {code})
    assert said in answer.said


def test_another_format(send, messages):
    answer = send(messages.compressed(messages.create(messages.meter()), b"a;b", "CSV"))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["5.2"])
    assert "send XML" in answer.said


def test_compressed_beside_a_document(send, messages):
    """The typed schema would let it pass, and one of the two would be lost."""
    body = messages.create(messages.meter(), shape="typed")
    etree.SubElement(next(body.iter("{*}Payload")), f"{{{messages.TYPED}}}Compressed").text = "H4sI"
    answer = send(body)
    assert (answer.fault, answer.codes) == ("Client", ["1.8"])
    assert "something beside it" in answer.said


def test_compressed_inside_compressed(send, messages):
    body = messages.compressed(messages.create(messages.meter()))
    inside = etree.tostring(next(body.iter("{*}Compressed")))
    for noun in ("MeterReadings", "Compressed"):
        next(body.iter("{*}Noun")).text = noun
        answer = send(messages.compressed(copy.deepcopy(body), gzip.compress(inside)))
        assert (answer.result, answer.codes) == ("FAILED", [{"Compressed": "2.5"}.get(noun, "1.7")])
