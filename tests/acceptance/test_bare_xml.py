"""POST /soap without SOAP: the message is the body (facts/envelope.md §3, a head-end without a SOAP stack)."""

from __future__ import annotations

import pytest
from lxml import etree

MEDIA = ["application/xml", "text/xml", "application/xml; charset=utf-8", "text/xml; charset=UTF-8"]


@pytest.fixture
def post(client):
    """What comes back for a body, as (status, media type, document)."""

    def run(body, media="application/xml", path="/soap", **headers):
        content = body if isinstance(body, bytes) else etree.tostring(body)
        response = client.post(path, content=content, headers={"Content-Type": media, **headers})
        document = etree.fromstring(response.content)
        return response.status_code, response.headers["content-type"], document

    return run


def result(document):
    return document.findtext(".//{*}Reply/{*}Result")


def code(document):
    return document.findtext(".//{*}Reply/{*}Error/{*}code")


@pytest.mark.parametrize("media", MEDIA)
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_stored_and_asked_for(post, messages, media, shape):
    made = messages.meter(count=96)
    status, answered_as, document = post(messages.create(made, shape=shape), media)
    assert (status, result(document)) == (200, "OK")
    assert answered_as.partition(";")[0] == media.partition(";")[0]
    roots = {"A": "ResponseMessage", "B": "Response", "C": "Response", "typed": "MeterReadingsResponseMessage"}
    assert etree.QName(document).localname == roots[shape]
    _, _, document = post(messages.get({"EndDevice": {"mRID": made["Meter"]["mRID"]}}, shape=shape), media)
    (payload,) = document.iter(f"{{{messages.READINGS}}}MeterReadings")
    assert messages.plain(payload) == {"MeterReading": made}


def test_what_is_read_and_refused_is_an_answer(post, messages):
    status, _, document = post(messages.get(header={"Noun": "Ping"}))
    assert (status, etree.QName(document).localname, result(document)) == (200, "ResponseMessage", "FAILED")
    assert code(document) == "2.5"


def test_what_cannot_be_read_has_the_status_of_its_error(post, messages):
    broken = messages.create(messages.meter())
    next(broken.iter("{*}timeStamp")).text = "never"
    for body, status, wanted in (
        (b"", 400, "1.8"),
        (b"<a><b></a>", 400, "1.8"),
        (b"<!DOCTYPE a><a/>", 400, "7.7"),
        (b"<order/>", 400, "1.8"),
        (b"<a>" + b"<b/>" * 300_000 + b"</a>", 413, "3.1"),
        (broken, 400, "1.8"),
        (messages.get(header={"Verb": None}), 400, "1.5"),
    ):
        answered, _, document = post(body)
        assert (answered, document.tag, code(document)) == (status, f"{{{messages.MSG}}}FaultMessage", wanted)


def test_without_a_key(post, messages):
    status, _, document = post(messages.get(), **{"X-API-Key": "wrong"})
    assert (status, code(document)) == (401, "7.4")
    assert document.tag == f"{{{messages.MSG}}}FaultMessage"


def test_an_envelope_is_soap_whatever_it_is_sent_as(client, messages):
    content = etree.tostring(messages.envelope(messages.get({})))
    answer = messages.open(client.post("/soap", content=content, headers={"Content-Type": "application/xml"}))
    assert answer.soap == messages.SOAP11
    assert answer.headers["content-type"] == messages.content_type()


def test_text_xml_that_is_no_message_is_answered_in_soap(client, messages):
    """A SOAP 1.1 stack must be able to read what went wrong."""
    for content in (b"<html/>", b"", b"<a><b></a>"):
        answer = messages.open(client.post("/soap", content=content, headers={"Content-Type": "text/xml"}))
        assert (answer.status, answer.fault) == (500, "Client")


def test_typed_services_speak_soap_alone(client, messages):
    body = etree.tostring(messages.get({}, shape="typed"))
    answer = messages.open(
        client.post("/soap/GetMeterReadings", content=body, headers={"Content-Type": "application/xml"})
    )
    assert answer.fault == "Client"
    assert "SOAP Envelope" in answer.text


def test_the_same_message_again_is_told_the_same(post, messages):
    body = messages.create(messages.meter())
    first, again = (etree.tostring(post(body)[2]) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("namespace", ["http://www.iec.ch/TC57/2008/schema/message", ""])
def test_other_editions_and_no_namespace_at_all(post, messages, namespace):
    made = messages.meter(count=2)
    payload = etree.tostring(messages.readings(made)).decode()
    xmlns = f' xmlns="{namespace}"' if namespace else ""
    head = "<Header><Verb>create</Verb><Noun>MeterReadings</Noun></Header>"
    status, _, document = post(
        f"<RequestMessage{xmlns}>{head}<Payload>{payload}</Payload></RequestMessage>".encode()
    )
    assert status == 200
    assert etree.QName(document) == etree.QName(namespace or None, "ResponseMessage")
    (reply,) = document.iterchildren("{*}Reply")
    assert reply[0].text == ("0.0" if namespace else "OK")
