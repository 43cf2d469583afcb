"""Other editions and partners' own roots: recognised, put off for our own eyes, put on for the answer."""

from __future__ import annotations

import pytest
from lxml import etree

from cim_adapter.envelope import (
    ABSTRACT_NS,
    ID,
    MESSAGE_NS,
    Error,
    Header,
    Kind,
    Reply,
    Result,
    ShapeReader,
    read_message,
    write_fault,
    write_reply,
)
from cim_adapter.errors import Unrecognised

PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"
QUERY = "http://iec.ch/TC57/2011/GetMeterReadings#"
NAMESPACES = [
    "http://www.iec.ch/TC57/2011/schema/message",
    "http://iec.ch/TC57/2008/schema/message",
    "http://www.iec.ch/TC57/2008/schema/message",
    "http://iec.ch/TC57/2010/schema/message",
    "http://www.iec.ch/TC57/2010/schema/message",
    "http://iec.ch/TC57/2021/schema/message",
    "http://www.iec.ch/TC57/2021/schema/message",
]
HEADER = "<Header><Verb>{}</Verb><Noun>MeterReadings</Noun><MessageID>m-1</MessageID></Header>"
REQUEST = f'<Request><StartTime>2026-03-01T00:00:00Z</StartTime><GetMeterReadings xmlns="{QUERY}"/></Request>'
PAYLOAD = (
    f'<Payload><MeterReadings xmlns="{PROFILE}"><MeterReading/></MeterReadings><Format>XML</Format></Payload>'
)


@pytest.fixture(scope="session")
def reader():
    return ShapeReader()


@pytest.fixture
def taken(reader):
    """Shape and carrier of a document, its dialect put off."""

    def take(xml):
        shape, carrier = reader.recognise(etree.fromstring(xml))
        if shape.dialect is not None:
            shape.dialect.put_off(carrier)
        return shape, carrier

    return take


def answered(shape, reply=None, payload=None):
    """An answer as it leaves, and as the partner's parser sees it."""
    reply = reply or Reply(payload=() if payload is None else (payload,))
    made = write_reply(Header(verb="reply", noun="MeterReadings"), reply, shape)
    return etree.fromstring(etree.tostring(shape.dressed(made)))


def tags(element):
    return [etree.QName(child).localname for child in element]


def namespaces(element):
    return {etree.QName(child).namespace for child in element.iter("*")}


# ------------------------------------------------------------------------------------- namespaces


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("root", ["RequestMessage", "EventMessage", "ResponseMessage", "Message"])
def test_shape_a_in_another_namespace(taken, contract, namespace, root):
    shape, carrier = taken(f'<{root} xmlns="{namespace}">{HEADER.format("create")}{PAYLOAD}</{root}>')
    assert (shape.kind, shape.namespace, shape.operation) == (Kind.A, MESSAGE_NS, root)
    assert namespaces(carrier) == {MESSAGE_NS, PROFILE}
    contract.check(carrier)
    message = read_message(carrier)
    assert (message.header.verb, message.header.message_id, message.payload.format) == ("create", "m-1", "XML")
    assert [element.tag for element in message.payload.elements] == [f"{{{PROFILE}}}MeterReadings"]
    answer = answered(shape, payload=etree.Element(f"{{{PROFILE}}}MeterReadings"))
    assert answer.tag == f"{{{namespace}}}ResponseMessage"
    assert namespaces(answer) == {namespace, PROFILE}
    assert MESSAGE_NS not in etree.tostring(answer).decode()


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_shape_b_in_another_namespace(taken, contract, namespace):
    shape, carrier = taken(f'<Request xmlns="{namespace}">{HEADER.format("get")}{REQUEST}</Request>')
    assert shape.kind is Kind.B
    contract.check(carrier)
    assert read_message(carrier).request.filters[0].tag == f"{{{QUERY}}}GetMeterReadings"
    assert answered(shape).tag == f"{{{namespace}}}Response"


@pytest.mark.parametrize("namespace", [MESSAGE_NS, *NAMESPACES])
@pytest.mark.parametrize("abstract", [ABSTRACT_NS, "http://www.iec.ch/TC57/2011/abstract"])
@pytest.mark.parametrize("own", [True, False])
def test_shape_c_is_answered_with_the_message_where_it_was(taken, contract, namespace, abstract, own):
    """PODIS has ``message`` in the abstract namespace, Pyramid in the message namespace."""
    inner = abstract if own else namespace
    shape, carrier = taken(
        f'<a:Request xmlns:a="{abstract}" xmlns:o="{inner}" xmlns="{namespace}"><o:message>'
        f"{HEADER.format('get')}{REQUEST}</o:message></a:Request>"
    )
    assert shape.kind is Kind.C
    if shape.dialect is not None:
        contract.check(carrier)
    answer = answered(shape)
    assert answer.tag == f"{{{abstract}}}Response"
    assert [child.tag for child in answer] == [f"{{{inner}}}message"]
    assert [child.tag for child in answer[0]] == [f"{{{namespace}}}Header", f"{{{namespace}}}Reply"]


def test_plain_messages_have_no_dialect(reader):
    typed = "http://iec.ch/TC57/2011/MeterReadingsMessage"
    for xml in (
        f'<RequestMessage xmlns="{MESSAGE_NS}"/>',
        f'<Request xmlns="{MESSAGE_NS}"/>',
        f'<a:Request xmlns:a="{ABSTRACT_NS}" xmlns="{MESSAGE_NS}"><message><Header/></message></a:Request>',
        f'<CreateMeterReadings xmlns="{typed}"/>',
        f'<CreateMeterReadings xmlns="{typed}"><Header><v:Verb xmlns:v="{MESSAGE_NS}"/></Header>'
        "</CreateMeterReadings>",
    ):
        shape, carrier = reader.recognise(etree.fromstring(xml))
        assert shape.dialect is None
        answer = write_reply(Header(verb="reply", noun="MeterReadings"), Reply(), shape)
        assert shape.dressed(answer) is answer
        assert carrier.tag.endswith(("RequestMessage", "Request", "message", "CreateMeterReadings"))


def test_edition_2_may_have_a_wrapper_around_the_profile(taken, contract):
    """Unverified: what edition 2 writes into Payload is not public beyond the name AbstractPayload."""
    payload = f'<Payload><AbstractPayload><m:MeterReadings xmlns:m="{PROFILE}"/></AbstractPayload></Payload>'
    _, carrier = taken(
        f'<RequestMessage xmlns="{NAMESPACES[5]}">{HEADER.format("create")}{payload}</RequestMessage>'
    )
    contract.check(carrier)
    assert [element.tag for element in read_message(carrier).payload.elements] == [f"{{{PROFILE}}}MeterReadings"]


# ------------------------------------------------------------------------------------------ typed


TYPED = [
    # root, namespace, verb that it names, root of the answer
    ("GetMeterReadings", "http://iec.ch/TC57/2011/MeterReadingsMessage", "get", "MeterReadingsResponseMessage"),
    (
        "ReplyMeterReadings",
        "http://iec.ch/TC57/2011/MeterReadingsMessage",
        "reply",
        "MeterReadingsResponseMessage",
    ),
    (
        "CreateMeterReadings",
        "http://iec.ch/TC57/2017/MeterReadingsMessage",
        "create",
        "MeterReadingsResponseMessage",
    ),
    (
        "CreatedMeterReadings",
        "http://iec.ch/TC57/2015/MeterReadingsMessage",
        "created",
        "MeterReadingsResponseMessage",
    ),
    (
        "CreateMeterReadings",
        "http://www.iec.ch/TC57/2011/MeterReadingsMessage",
        "create",
        "MeterReadingsResponseMessage",
    ),
    ("GetMeterReadings", "http://iec.ch/TC57/2017/GetMeterReadingsMessage", "get", "MeterReadingsResponseMessage"),
    (
        "GetMeterReadingsRequestMessage",
        "http://iec.ch/TC57/2011/GetMeterReadingsMessage",
        "get",
        "GetMeterReadingsResponseMessage",
    ),
    (
        "GetMeterReadingsRequestMessage",
        "http://iec.ch/TC57/2015/GetMeterReadingsMessage",
        "get",
        "GetMeterReadingsResponseMessage",
    ),
    (
        "MeterReadingsQueriesRequestMessage",
        "http://iec.ch/TC57/2017/MeterReadingsQueriesMessage",
        "get",
        "MeterReadingsQueriesResponseMessage",
    ),
    (
        "MeterReadingsRequestMessage",
        "http://iec.ch/TC57/2017/MeterReadingsMessage",
        None,
        "MeterReadingsResponseMessage",
    ),
]


@pytest.mark.parametrize(("root", "namespace", "verb", "answer_root"), TYPED)
@pytest.mark.parametrize("language", [MESSAGE_NS, "http://www.iec.ch/TC57/2010/schema/message"])
def test_typed_roots(taken, contract, root, namespace, verb, answer_root, language):
    header = HEADER.format(verb or "get").replace("<Header>", "<t:Header>").replace("</Header>", "</t:Header>")
    request = (
        REQUEST.replace("Request>", "t:Request>")
        .replace("<StartTime", "<t:StartTime")
        .replace("</StartTime", "</t:StartTime")
    )
    payload = PAYLOAD.replace("Payload>", "t:Payload>").replace("Format>", "t:Format>")
    part = request if (verb or "get") == "get" else payload
    shape, carrier = taken(f'<t:{root} xmlns:t="{namespace}" xmlns="{language}">{header}{part}</t:{root}>')
    assert (shape.kind, shape.typed_noun, shape.typed_verb) == (Kind.TYPED, "MeterReadings", verb)
    assert namespaces(carrier) <= {MESSAGE_NS, PROFILE, QUERY}
    contract.check(carrier)
    answer = answered(shape)
    assert answer.tag == f"{{{namespace}}}{answer_root}"
    assert [child.tag for child in answer] == [f"{{{namespace}}}Header", f"{{{namespace}}}Reply"]
    assert answer[0][0].tag == f"{{{language}}}Verb"
    fault = shape.dressed(write_fault(Reply(result=Result.FAILED), shape))
    assert fault.tag == f"{{{namespace}}}{answer_root.replace('Response', 'Fault')}"


@pytest.mark.parametrize("verb", ["execute", "executed"])
def test_typed_operation_sets(taken, contract, verb):
    """Facts/envelope.md §4.2: a service of its own for sets of a noun, in the test kits of IEC 61968-6."""
    typed = "http://iec.ch/TC57/2015/MeterReadingsOperationSetMessage"
    operation = f'<Operation xmlns="{MESSAGE_NS}"><operationId>1</operationId></Operation>'
    root = f"{verb.capitalize()}MeterReadingsOperationSet"
    shape, carrier = taken(
        f'<{root} xmlns="{typed}" xmlns:m="{MESSAGE_NS}"><Header><m:Verb>{verb}</m:Verb>'
        f"<m:Noun>OperationSet</m:Noun></Header><Payload><OperationSet>{operation}</OperationSet></Payload></{root}>"
    )
    assert (shape.header_noun, shape.typed_verb) == ("OperationSet", verb)
    contract.check(carrier)
    assert read_message(carrier).payload.operation_set is not None
    assert answered(shape).tag == f"{{{typed}}}MeterReadingsOperationSetResponseMessage"


# --------------------------------------------------------------------------------- by their structure


def order(part="<Payload/>", namespace="urn:example:bus", language=None):
    header = HEADER.format("create")
    if language is not None:
        header = header.replace("<Verb", f'<Verb xmlns="{language}"').replace("<Noun", f'<Noun xmlns="{language}"')
        header = header.replace("<MessageID", f'<MessageID xmlns="{language}"')
    return f'<Order xmlns="{namespace}">{header}{part}</Order>' if namespace else f"<Order>{header}{part}</Order>"


@pytest.mark.parametrize("part", ["<Payload/>", "<Request/>", "<Reply><Result>OK</Result></Reply>"])
@pytest.mark.parametrize("namespace", ["urn:example:bus", ""])
def test_an_unknown_root_is_answered_in_its_own_namespace(taken, contract, part, namespace):
    shape, carrier = taken(order(part, namespace))
    assert (shape.kind, shape.operation, shape.dialect.guessed) == (Kind.A, "Order", True)
    contract.check(carrier)
    answer = answered(shape)
    assert etree.QName(answer).localname == "ResponseMessage"
    assert namespaces(answer) == {namespace or None}


def test_an_unknown_root_around_standard_parts_is_answered_in_those(taken, contract):
    shape, carrier = taken(order(language=MESSAGE_NS))
    contract.check(carrier)
    assert namespaces(answered(shape)) == {MESSAGE_NS}


def test_nobody_can_answer_in_kind_where_no_two_namespaces_agree(taken, contract):
    shape, carrier = taken(order(language="urn:example:other"))
    contract.check(carrier)
    assert namespaces(answered(shape)) == {MESSAGE_NS}


def test_an_unknown_root_may_have_the_message_inside(taken, contract):
    shape, carrier = taken(f'<w:call xmlns:w="urn:example:wrapper">{order()}</w:call>')
    contract.check(carrier)
    assert answered(shape).tag == "{urn:example:bus}ResponseMessage"


@pytest.mark.parametrize(
    "xml",
    [
        order(""),
        "<Order><Payload/></Order>",
        f"<a>{order()}{order()}</a>",
        f"<a><b>{order()}</b></a>",
        "<Order><Body><Header/><Payload/></Body></Order>".replace("<Payload/>", ""),
    ],
)
def test_what_has_not_the_structure_is_no_message(reader, xml):
    with pytest.raises(Unrecognised, match="RequestMessage"):
        reader.recognise(etree.fromstring(xml))


def test_recognising_changes_nothing(reader):
    document = etree.fromstring(order())
    before = etree.tostring(document)
    reader.recognise(document)
    assert etree.tostring(document) == before


def test_what_is_foreign_stays_as_it_is(taken):
    signature = '<Signature xmlns="urn:sig"><Verb>untouched</Verb></Signature>'
    xml = order().replace("</Header>", f"{signature}</Header>")
    _, carrier = taken(xml)
    assert etree.tostring(carrier[0][-1], method="c14n", exclusive=True, with_tail=False).decode() == signature


# ------------------------------------------------------------------------------------- the old Reply

OLD = "http://www.iec.ch/TC57/2008/schema/message"


@pytest.fixture
def old(taken):
    """The Reply that a partner of 2008 gets, as (name, text) of its parts."""
    shape, _ = taken(f'<RequestMessage xmlns="{OLD}">{HEADER.format("get")}</RequestMessage>')

    def say(reply):
        (part,) = answered(shape, reply).iterchildren(f"{{{OLD}}}Reply")
        assert namespaces(part) == {OLD}
        assert not any(child.attrib or len(child) for child in part)
        return [(etree.QName(child).localname, child.text) for child in part]

    return say


def test_2008_ok(old):
    assert old(Reply()) == [("ReplyCode", "0.0")]
    assert old(Reply(errors=())) == [("ReplyCode", "0.0")]
    assert old(Reply(errors=(Error(code="0.3"),))) == [("ReplyCode", "0.3")]


def test_2008_failed(old):
    meter = ID(value="m-1", object_type="Meter", kind="uuid")
    errors = (
        Error(code="2.4", level="FATAL", reason="no Meter of this mRID is known", id=meter),
        Error(code="2.12", reason="no such point", id=ID(value="u-1")),
        Error(code="5.3"),
    )
    assert old(Reply(result=Result.FAILED, errors=errors, ids=(ID(value="j-1", id_type="journal"),))) == [
        ("ReplyCode", "2.4"),
        ("Error", "2.4 FATAL: no Meter of this mRID is known (Meter m-1)"),
        ("Error", "2.12: no such point (u-1)"),
        ("Error", "5.3"),
        ("ID", "j-1"),
    ]


def test_2008_partial(old):
    reply = Reply(result=Result.PARTIAL, errors=(Error(code="2.4", reason="no such meter"),))
    assert old(reply) == [("ReplyCode", "0.2"), ("Error", "2.4: no such meter")]


@pytest.mark.parametrize(
    ("content", "result", "errors"),
    [
        ("<ReplyCode>0</ReplyCode>", Result.OK, []),
        ("<ReplyCode>0.0</ReplyCode><ID>x</ID>", Result.OK, []),
        ("<ReplyCode> OK </ReplyCode>", Result.OK, []),
        ("<Result>SUCCESS</Result>", Result.OK, []),
        ("<Result>PARTIAL</Result>", Result.PARTIAL, []),
        ("<ReplyCode>2.4</ReplyCode><Error>no such meter</Error>", Result.FAILED, [("2.4", "no such meter")]),
        ("<ReplyCode>ERROR</ReplyCode><Error/>", Result.FAILED, [("ERROR", "")]),
        ("<Error>of no code</Error>", Result.FAILED, [("5.3", "of no code")]),
    ],
)
def test_2008_replies_that_we_get(taken, contract, content, result, errors):
    """A RequestMessage that carries an asynchronous Reply is known from the field."""
    xml = f'<RequestMessage xmlns="{OLD}">{HEADER.format("reply")}<Reply>{content}</Reply></RequestMessage>'
    _, carrier = taken(xml)
    if "Error>of" not in content:  # without a code it breaks the XSD of 2011, too
        contract.check(carrier)
    reply = read_message(carrier).reply
    assert reply.result is result
    assert [(error.code, error.reason or "") for error in reply.errors] == errors
