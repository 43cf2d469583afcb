"""WS-I Basic Profile 1.1 and 2.0 on the wire, test by rule number."""

from __future__ import annotations

import codecs

import pytest
from lxml import etree


@pytest.fixture
def post(standing_sqlite, messages):
    """Posts bytes or a tree, and opens the answer."""
    with standing_sqlite.client() as client:

        def send(content, *, soap=None, path="/soap", **headers):
            if isinstance(content, etree._Element):
                content = etree.tostring(content, xml_declaration=True, encoding="UTF-8")
            sent = {"Content-Type": messages.content_type(soap or messages.SOAP11), **headers}
            return messages.open(client.post(path, content=content, headers=sent))

        yield send


@pytest.fixture(params=["SOAP11", "SOAP12"])
def soap(request, messages):
    return getattr(messages, request.param)


@pytest.fixture
def envelope(messages, soap):
    """An honest message in an envelope of each version."""
    return messages.envelope(messages.create(messages.meter()), soap)


def is_sender_fault(answer, messages):
    expected = (500, "Client") if answer.soap == messages.SOAP11 else (400, "Sender")
    assert (answer.status, answer.fault) == expected


@pytest.fixture
def answers(post, messages, soap):
    """An OK, a FAILED and a fault, in each version."""
    return [
        post(messages.envelope(messages.create(messages.meter()), soap), soap=soap),
        post(messages.envelope(messages.get({"EndDevice": {"mRID": "never heard of"}}), soap), soap=soap),
        post(messages.envelope(messages.get(header={"Verb": None}), soap), soap=soap),
    ]


def test_r1000_fault_has_only_its_own_children(post, messages):
    answer = post(b"<no/>")
    (fault,) = etree.fromstring(answer.content).iter(f"{{{messages.SOAP11}}}Fault")
    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]


def test_r1001_children_of_a_fault_are_unqualified(post, messages):
    answer = post(b"<no/>")
    (fault,) = etree.fromstring(answer.content).iter(f"{{{messages.SOAP11}}}Fault")
    assert all(etree.QName(child).namespace is None for child in fault)


def test_r1004_fault_code_is_one_of_soap(post, messages):
    assert post(b"<no/>").fault in ("VersionMismatch", "MustUnderstand", "Client", "Server")


def test_r1005_no_encoding_style_in_what_we_send(answers, messages, soap):
    for answer in answers:
        for element in etree.fromstring(answer.content).iter():
            assert element.get(f"{{{soap}}}encodingStyle") is None


def test_r1005_an_encoding_style_in_what_we_get_changes_nothing(post, envelope, messages):
    envelope.set(f"{{{messages.SOAP11}}}encodingStyle", "http://schemas.xmlsoap.org/soap/encoding/")
    assert post(envelope).status in (200, 400, 500)


def test_r1008_no_doctype(post, envelope, soap, messages):
    answer = post(b"<!DOCTYPE x>" + etree.tostring(envelope), soap=soap)
    is_sender_fault(answer, messages)
    assert answer.codes == ["7.7"]


def test_r1008_no_doctype_in_what_we_send(answers):
    assert all(b"<!DOCTYPE" not in answer.content for answer in answers)


def test_r1009_processing_instructions_never_reach_a_value(post, messages):
    meter = messages.meter(value="1.50")
    body = messages.create(meter)
    value = next(body.iter("{*}value"))
    value.text = "1."
    value.append(etree.ProcessingInstruction("evil", "instruction"))
    value[0].tail = "50"
    answer = post(messages.envelope(body))
    if answer.result == "OK":
        found = post(messages.envelope(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}})))
        assert found.payload.findtext(".//{*}value") == "1.50"
        assert b"evil" not in found.content


def test_r1009_no_processing_instructions_in_what_we_send(answers):
    for answer in answers:
        document = etree.fromstring(answer.content).getroottree()
        assert not list(document.iter(etree.ProcessingInstruction))
        assert answer.content.count(b"<?") == answer.content.count(b"<?xml ")


def test_r1010_xml_declaration_is_taken(post, envelope, soap):
    for declaration in (b"", b'<?xml version="1.0"?>', b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'):
        assert post(declaration + etree.tostring(envelope), soap=soap).result == "OK"


def test_r1011_nothing_after_body(post, envelope, soap, messages):
    envelope.append(etree.Element("{urn:example}trailer"))
    answer = post(envelope, soap=soap)
    is_sender_fault(answer, messages)
    assert "R1011" in answer.text


def test_r1012_utf8_and_utf16(post, envelope, soap):
    text = etree.tostring(envelope, encoding=str)
    utf8 = text.encode()
    for content in (utf8, codecs.BOM_UTF8 + utf8, text.encode("utf-16"), text.encode("utf-16-be")):
        answer = post(content, soap=soap)
        assert answer.result == "OK"
        assert "utf-8" in answer.headers["content-type"]
        answer.content.decode("utf-8")


def test_r1012_nothing_else(post, envelope, soap, messages):
    for codec in ("iso-8859-1", "utf-32"):
        content = etree.tostring(envelope, xml_declaration=True, encoding=codec)
        is_sender_fault(post(content, soap=soap), messages)


@pytest.mark.parametrize("truth", ["1", "true"])
def test_r1013_must_understand_is_0_or_1_and_honoured(post, envelope, soap, messages, truth):
    if truth == "true" and soap == messages.SOAP11:
        truth = "1"  # SOAP 1.1 knows digits alone
    header = etree.Element(f"{{{soap}}}Header")
    block = etree.SubElement(header, "{urn:example}block")
    block.set(f"{{{soap}}}mustUnderstand", truth)
    envelope.insert(0, header)
    answer = post(envelope, soap=soap)
    assert (answer.status, answer.fault) == (500, "MustUnderstand")
    block.set(f"{{{soap}}}mustUnderstand", "0")
    assert post(envelope, soap=soap).result == "OK"


def test_r1014_children_of_body_are_qualified(post, soap, messages):
    answer = post(messages.envelope(etree.Element("RequestMessage"), soap), soap=soap)
    is_sender_fault(answer, messages)
    assert "R1014" in answer.text


def test_r1015_root_must_be_an_envelope_of_soap(post, messages):
    envelope = messages.envelope(messages.get(), "http://example.org/envelope/")
    answer = post(envelope)
    assert (answer.status, answer.fault) == (500, "VersionMismatch")


def test_r1016_fault_string_may_carry_a_language(post, messages):
    answer = post(b"<no/>", soap=messages.SOAP12)
    (text,) = etree.fromstring(answer.content).iter(f"{{{messages.SOAP12}}}Text")
    assert text.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"


def test_r1017_no_xsi_type_is_needed(answers):
    for answer in answers:
        assert b"xsi:type" not in answer.content


def test_r1109_and_r2744_soap_action_is_quoted_or_not(post, messages):
    action = "http://iec.ch/61968/Request"
    for value in (f'"{action}"', action, '""'):
        body = messages.create(messages.meter())
        assert post(messages.envelope(body), SOAPAction=value).result == "OK"


def test_r1119_never_routes_on_soap_action_alone(post, messages):
    body = messages.create(messages.meter(), shape="typed")
    answer = post(
        messages.envelope(body), SOAPAction='"http://iec.ch/TC57/2011/MeterReadings/DeleteMeterReadings"'
    )
    is_sender_fault(answer, messages)


def test_r1124_answers_have_status_200(post, envelope, soap):
    assert post(envelope, soap=soap).status == 200


def test_r1126_faults_have_status_500_in_soap_1_1(post, messages):
    assert post(b"<no/>").status == 500
    assert post(messages.envelope(messages.get(header={"Verb": None}))).status == 500


def test_soap_12_part_2_table_16_sender_faults_have_status_400(post, messages):
    assert post(b"<no/>", soap=messages.SOAP12).status == 400


def test_r1127_fault_is_told_by_the_body_not_by_the_status(post, messages):
    answer = post(messages.envelope(messages.get(header={"Verb": "destroy"})))
    assert (answer.status, answer.fault, answer.result) == (200, "", "FAILED")


def test_r1140_and_r1141_version_of_the_answer_is_that_of_the_request(answers, soap, messages):
    for answer in answers:
        assert answer.soap == soap
        assert answer.headers["content-type"] == messages.content_type(soap)


def test_version_is_that_of_the_envelope_where_content_type_says_other(post, messages):
    envelope = messages.envelope(messages.create(messages.meter()), messages.SOAP12)
    answer = post(envelope, **{"Content-Type": "text/xml"})
    assert (answer.soap, answer.result) == (messages.SOAP12, "OK")
