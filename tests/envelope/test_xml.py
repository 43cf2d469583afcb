"""The codec: what is written is valid and is read back as it was."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from cim_adapter.envelope import (
    ID,
    MESSAGE_NS,
    Error,
    Header,
    Kind,
    Reply,
    ReplyWriter,
    Result,
    Shape,
    ShapeReader,
    Verb,
    read_message,
    read_reply,
    write_fault,
    write_reply,
)
from cim_adapter.envelope.message import ReplayDetection, User
from cim_adapter.errors import HeaderIncomplete

patient = settings(deadline=None, max_examples=60)

SHAPE_A = Shape(kind=Kind.A, namespace=MESSAGE_NS, operation="RequestMessage")
TYPED, GET = (
    Shape(
        kind=Kind.TYPED,
        namespace=f"http://iec.ch/TC57/2011/{prefix}MeterReadingsMessage",
        operation=f"{verb}MeterReadings",
        typed_noun="MeterReadings",
    )
    for prefix, verb in (("", "Create"), ("Get", "Get"))
)
SHAPES = [
    SHAPE_A,
    Shape(kind=Kind.B, namespace=MESSAGE_NS, operation="Request"),
    Shape(kind=Kind.C, namespace=MESSAGE_NS, operation="PublishEvent"),
    TYPED,
    GET,
]

# Every character that XML 1.0 can carry without loss: no control characters, surrogates, noncharacters.
_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)
texts = _text.map(str.strip).filter(bool)
maybe = st.none() | texts
times = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
ids = st.builds(
    ID,
    value=texts,
    id_type=maybe,
    id_authority=maybe,
    object_type=maybe,
    kind=st.none() | st.sampled_from(["name", "uuid", "transaction", "other"]),
)
headers = st.builds(
    Header,
    verb=st.sampled_from(list(Verb)).map(str),
    noun=texts,
    revision=maybe,
    replay_detection=st.none() | st.builds(ReplayDetection, nonce=texts, created=times),
    context=maybe,
    timestamp=st.none() | times,
    source=maybe,
    async_reply_flag=st.booleans(),
    reply_address=maybe,
    ack_required=st.booleans(),
    user=st.none() | st.builds(User, user_id=texts, organization=maybe),
    message_id=maybe,
    correlation_id=maybe,
    comment=maybe,
    properties=st.lists(st.tuples(texts, maybe), max_size=3).map(tuple),
)
errors = st.builds(
    Error,
    code=texts,
    level=st.none() | st.sampled_from(["INFORM", "WARNING", "FATAL", "CATASTROPHIC"]),
    reason=maybe,
    details=maybe,
    id=st.none() | ids,
    related_id=st.none() | ids,
    operation_id=st.none() | st.integers(-(10**18), 10**18),
)
replies = st.builds(
    Reply,
    result=st.sampled_from(list(Result)),
    errors=st.lists(errors, max_size=3).map(tuple),
    ids=st.lists(ids, max_size=3).map(tuple),
    payload=st.just(()),
    operation_id=st.none() | st.integers(0, 10**18),
)


def reparsed(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element))


@patient
@given(header=headers, reply=replies)
def test_generic_replies_are_valid_and_read_back_equal(contract, header, reply):
    written = reparsed(write_reply(header, reply, SHAPE_A))
    contract.check(written)
    message = read_message(written)
    assert (message.header, message.reply) == (header, reply)


@patient
@given(header=headers, reply=replies, shape=st.sampled_from([TYPED, GET]))
def test_typed_replies_are_valid_and_read_back_equal(contract, header, reply, shape):
    written = reparsed(write_reply(header, reply, shape))
    contract.check(written)
    message = read_message(written)
    assert (message.header, message.reply) == (header, reply)


@patient
@given(reply=replies, shape=st.sampled_from([None, *SHAPES]))
def test_faults_are_valid_and_read_back_equal(contract, reply, shape):
    written = reparsed(write_fault(reply, shape))
    contract.check(written)
    (part,) = written
    assert read_reply(part) == reply


@patient
@given(header=headers, other=headers, shape=st.sampled_from(SHAPES), reply=replies | st.just(Reply()))
def test_the_writer_writes_what_it_would_write_without_forms(header, other, shape, reply):
    """Also for a second reply, which may be filled into the form of the first."""
    writer = ReplyWriter()
    for one in (header, other, replace(other, message_id="m"), replace(other, message_id="n")):
        written, expected = writer.write(one, reply, shape), write_reply(one, reply, shape)
        assert etree.tostring(written) == etree.tostring(expected)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.operation)
def test_a_reply_is_recognised_in_the_shape_it_was_asked_in(shape):
    payload = etree.Element("{http://iec.ch/TC57/2011/MeterReadings#}MeterReadings")
    header = Header(verb="reply", noun="MeterReadings", correlation_id="c")
    written = reparsed(write_reply(header, Reply(payload=(payload,)), shape))
    if shape.kind is Kind.TYPED:  # the root of an answer is not that of a question
        assert written.tag == shape.reply_root
        carrier = written
    else:
        found, carrier = ShapeReader().recognise(written)
        assert found.kind is shape.kind
    message = read_message(carrier)
    assert message.header == header
    assert [element.tag for element in message.payload.elements] == [payload.tag]


@pytest.mark.parametrize("shape", [SHAPE_A, TYPED, GET], ids=lambda shape: shape.operation)
def test_a_reply_with_payload_is_valid(contract, shape):
    payload = etree.Element("{http://iec.ch/TC57/2011/MeterReadings#}MeterReadings")
    header = Header(verb="reply", noun="MeterReadings")
    contract.check(reparsed(write_reply(header, Reply(payload=(payload,)), shape)))


# ------------------------------------------------------------------------------------- reading


def test_children_may_come_in_any_order(read):
    header = read(
        "<Header><MessageID>m</MessageID><Noun> Meters </Noun><Revision>2</Revision><Verb>get</Verb></Header>"
    ).header
    assert (header.verb, header.noun, header.revision, header.message_id) == ("get", "Meters", "2", "m")


def test_a_verb_is_kept_as_sent(read):
    assert read("<Header><Verb>CHANGE</Verb><Noun>x</Noun></Header>").header.verb == "CHANGE"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "has no Header"),
        ("<Header/>", "no Verb and no Noun"),
        ("<Header><Verb>get</Verb><Noun/></Header>", "no Noun"),
        ("<Header><Verb> </Verb><Noun>x</Noun></Header>", "no Verb"),
    ],
)
def test_a_header_without_verb_or_noun(read, content, said):
    with pytest.raises(HeaderIncomplete, match=said):
        read(content)


def test_an_extension_never_stands_for_a_part_of_the_header(read):
    """Header ends with a wildcard: what is there may be called as it likes, in its own namespace."""
    extension = '<x:{0} xmlns:x="urn:x">other</x:{0}>'
    parts = "<Verb>get</Verb><Noun>MeterReadings</Noun><MessageID>m</MessageID>"
    extensions = "".join(extension.format(name) for name in ("Verb", "Noun", "MessageID", "Source"))
    header = read(f"<Header>{parts}{extensions}</Header>").header
    assert (header.verb, header.noun, header.message_id, header.source) == ("get", "MeterReadings", "m", None)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), (" 0 ", False)])
def test_booleans(read, text, value):
    flags = f"<AsyncReplyFlag>{text}</AsyncReplyFlag><AckRequired>{text}</AckRequired>"
    header = read(f"<Header><Verb>get</Verb><Noun>x</Noun>{flags}</Header>").header
    assert (header.async_reply_flag, header.ack_required) == (value, value)


def test_request_parts(read):
    request = read(
        "<Header><Verb>get</Verb><Noun>x</Noun></Header><Request>"
        "<StartTime> 2026-03-01T00:00:00Z</StartTime><EndTime>2026-03-02T00:00:00Z</EndTime>"
        "<Option><name>limit</name><value>5</value></Option><Option><name>bare</name></Option>"
        '<ID kind="name" idType="MeterUniqueID"> M-1 </ID><Get xmlns="urn:q"/></Request>'
    ).request
    assert (request.start_time, request.end_time) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    assert request.options == (("limit", "5"), ("bare", None))
    assert request.ids == (ID(value="M-1", kind="name", id_type="MeterUniqueID"),)
    assert [element.tag for element in request.filters] == ["{urn:q}Get"]


def test_payload_parts(read):
    payload = read(
        "<Header><Verb>create</Verb><Noun>x</Noun></Header><Payload>"
        '<a xmlns="urn:p"/><b xmlns="urn:p"/><ID>1</ID><OperationSet/><Compressed/><Format>XML</Format></Payload>'
    ).payload
    assert [element.tag for element in payload.elements] == ["{urn:p}a", "{urn:p}b"]
    assert payload.operation_set is not None
    assert (payload.compressed, payload.format, payload.ids) == ("", "XML", (ID(value="1"),))


def test_parts_that_are_absent_are_none(read):
    message = read("<Header><Verb>get</Verb><Noun>x</Noun></Header>")
    assert (message.request, message.reply, message.payload) == (None, None, None)
