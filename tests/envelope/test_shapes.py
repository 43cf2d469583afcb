import pytest
from lxml import etree

from cim_adapter.envelope import ABSTRACT_NS, MESSAGE_NS, Kind, Shape, carrier_of, same_content
from cim_adapter.errors import Unrecognised

TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"
GET = "http://iec.ch/TC57/2011/GetMeterReadingsMessage"


@pytest.mark.parametrize("root", ["RequestMessage", "EventMessage", "ResponseMessage", "Message"])
def test_shape_a(recognise, root):
    shape, carrier = recognise(f"<msg:{root}/>")
    assert shape == Shape(kind=Kind.A, namespace=MESSAGE_NS, operation=root)
    assert carrier.tag == f"{{{MESSAGE_NS}}}{root}"
    assert shape.reply_root == f"{{{MESSAGE_NS}}}ResponseMessage"
    assert shape.typed_verb is None


@pytest.mark.parametrize("root", ["Request", "Response"])
def test_shape_b(recognise, root):
    shape, carrier = recognise(f"<msg:{root}/>")
    assert shape.kind is Kind.B
    assert carrier.tag == f"{{{MESSAGE_NS}}}{root}"
    assert shape.reply_root == f"{{{MESSAGE_NS}}}Response"


@pytest.mark.parametrize("root", ["Request", "Response", "PublishEvent"])
@pytest.mark.parametrize("prefix", ["msg", "abs"])
def test_shape_c_with_message_in_either_namespace(recognise, root, prefix):
    shape, carrier = recognise(f"<abs:{root}><{prefix}:message/></abs:{root}>")
    assert (shape.kind, shape.operation) == (Kind.C, root)
    assert etree.QName(carrier).localname == "message"
    assert shape.reply_root == f"{{{MESSAGE_NS}}}message"


@pytest.mark.parametrize(
    ("root", "namespace", "verb"),
    [
        ("t:CreateMeterReadings", TYPED, "create"),
        ("t:CreatedMeterReadings", TYPED, "created"),
        ("t:DeleteMeterReadings", TYPED, "delete"),
        ("g:GetMeterReadings", GET, "get"),
    ],
)
def test_typed_shapes_say_verb_and_noun(recognise, root, namespace, verb):
    shape, carrier = recognise(f"<{root}/>")
    assert (shape.kind, shape.namespace, shape.typed_noun, shape.typed_verb) == (
        Kind.TYPED,
        namespace,
        "MeterReadings",
        verb,
    )
    assert shape.reply_root == f"{{{namespace}}}MeterReadingsResponseMessage"
    assert shape.fault_root == f"{{{namespace}}}MeterReadingsFaultMessage"
    assert carrier.tag == f"{{{namespace}}}{root[2:]}"


@pytest.mark.parametrize("kind", [Kind.A, Kind.B, Kind.C])
def test_generic_shapes_fault_with_the_generic_message(kind):
    assert Shape(kind=kind, namespace=MESSAGE_NS, operation="x").fault_root == f"{{{MESSAGE_NS}}}FaultMessage"


@pytest.mark.parametrize(
    "xml",
    [
        "<msg:Header/>",
        "<msg:FaultMessage/>",
        "<abs:RequestMessage/>",
        "<t:MeterReadings/>",
        "<t:CreateMeterConfig/>",
        "<order/>",
    ],
)
def test_what_is_no_message_is_told_what_would_be_one(recognise, xml):
    with pytest.raises(Unrecognised, match="RequestMessage") as caught:
        recognise(xml)
    assert MESSAGE_NS in caught.value.reason


def test_a_wrapper_without_message(recognise):
    with pytest.raises(Unrecognised, match="holds no element named message"):
        recognise("<abs:Request><msg:Header/></abs:Request>")


# ------------------------------------------------------------------------- finding and comparing


@pytest.fixture
def element():
    def build(content: str, header: str = "<Verb>create</Verb><Noun>MeterReadings</Noun>") -> etree._Element:
        return etree.fromstring(
            f'<RequestMessage xmlns="{MESSAGE_NS}"><Header>{header}</Header>{content}</RequestMessage>'
        )

    return build


SOAP = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>{}</e:Body></e:Envelope>'
)


@pytest.mark.parametrize("wrapping", ["{}", SOAP, f'<a:Request xmlns:a="{ABSTRACT_NS}">{{}}</a:Request>'])
def test_carrier_is_found_wherever_it_stands(element, wrapping):
    message = etree.tostring(element("<Payload/>")).decode()
    carrier = carrier_of(etree.fromstring(wrapping.format(message)))
    assert carrier.tag == f"{{{MESSAGE_NS}}}RequestMessage"


def test_no_carrier():
    assert carrier_of(etree.fromstring("<e><Body><x/></Body></e>")) is None


PAYLOAD = '<Payload><r xmlns="urn:r" b="2" a="1">1.50</r></Payload>'


def test_ids_and_times_of_the_header_are_no_content(element):
    base = "<Verb>create</Verb><Noun>MeterReadings</Noun>"
    one = element(PAYLOAD, f"{base}<Timestamp>2026-03-01T00:00:00Z</Timestamp><MessageID>1</MessageID>")
    other = element(PAYLOAD, f"{base}<Timestamp>2026-03-02T00:00:00Z</Timestamp><Source>HES</Source>")
    assert same_content(one, other)


def test_order_of_attributes_and_place_of_declarations_are_no_content(element):
    assert same_content(
        element(PAYLOAD),
        element(f'<Payload><r a="1" xmlns="urn:r" xmlns:unused="urn:{1}" b="2">1.50</r></Payload>'),
    )


def test_the_wrapping_of_soap_is_no_content(element):
    wrapped = etree.fromstring(SOAP.format(etree.tostring(element(PAYLOAD)).decode()))
    assert same_content(element(PAYLOAD), carrier_of(wrapped))


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (
            '<Payload><r xmlns="urn:r" b="2" a="1">1.5</r></Payload>',
            "<Verb>create</Verb><Noun>MeterReadings</Noun>",
        ),
        (PAYLOAD, "<Verb>change</Verb><Noun>MeterReadings</Noun>"),
        (PAYLOAD, "<Verb>create</Verb><Noun>MeterConfig</Noun>"),
        (f"<Request><ID>1</ID></Request>{PAYLOAD}", "<Verb>create</Verb><Noun>MeterReadings</Noun>"),
        ("", "<Verb>create</Verb><Noun>MeterReadings</Noun>"),
    ],
)
def test_verb_noun_request_and_payload_are_content(element, content, header):
    assert not same_content(element(PAYLOAD), element(content, header))
