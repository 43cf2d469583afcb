"""Facts/envelope.md §2, §3, §4: every edition and wrapper that is known from the field, answered in kind."""

from __future__ import annotations

import uuid
from copy import deepcopy

import pytest
from lxml import etree

EDITIONS = {
    "§1.4 www": "http://www.iec.ch/TC57/2011/schema/message",
    "§2 edition 2": "http://iec.ch/TC57/2021/schema/message",
    "§3 2010": "http://www.iec.ch/TC57/2010/schema/message",
    "§3 2008": "http://www.iec.ch/TC57/2008/schema/message",
}
editions = pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)


def moved(element, namespaces, roots=None):
    """A copy of a tree in other namespaces, its root called otherwise."""
    name = etree.QName(element)
    namespace = namespaces.get(name.namespace, name.namespace)
    made = etree.Element(etree.QName(namespace, (roots or {}).get(name.localname, name.localname)))
    made.text = element.text
    for key, value in element.items():
        made.set(key, value)
    made.extend(moved(child, namespaces) for child in element)
    return made


@pytest.fixture
def send(standing_server, messages):
    with standing_server.client() as client:
        yield lambda body, **options: messages.send(client, body, **options)


@pytest.fixture
def store_and_ask(send, messages):
    """Sends a day of a meter and asks for it again, both changed on the way; the two answers."""

    def run(change, shape="A", **options):
        made = messages.meter(count=3)
        created = send(change(messages.create(made, shape=shape, **options)))
        query = {"EndDevice": {"mRID": made["Meter"]["mRID"]}}
        found = send(change(messages.get(query, shape=shape)))
        assert messages.plain(found.payload) == {"MeterReading": made}
        return created, found

    return run


def codes(answer):
    """Of a Reply of 2011, or of 2008."""
    return [part.text for part in answer.message.iter("{*}code", "{*}ReplyCode")]


@editions
@pytest.mark.parametrize(("shape", "root"), [("A", "ResponseMessage"), ("B", "Response")])
def test_every_edition_is_answered_in_its_own(store_and_ask, messages, edition, shape, root):
    for answer in store_and_ask(lambda body: moved(body, {messages.MSG: edition}), shape):
        assert (answer.status, answer.fault, codes(answer)) == (200, "", ["0.0"])
        assert answer.message.tag == f"{{{edition}}}{root}"
        assert messages.MSG.encode() not in answer.content


@editions
def test_what_is_wrong_is_told_in_the_same_edition(send, messages, edition):
    broken = messages.create(messages.meter())
    next(broken.iter("{*}timeStamp")).text = "never"
    for body, root, code in (
        (broken, "FaultMessage", "1.8"),
        (messages.get(header={"Verb": None}), "FaultMessage", "1.5"),
        (messages.get(header={"Verb": "destroy"}), "ResponseMessage", "2.9"),
        (messages.get(header={"Noun": "Bananas"}), "ResponseMessage", "2.5"),
    ):
        answer = send(moved(body, {messages.MSG: edition}))
        assert answer.message.tag == f"{{{edition}}}{root}"
        assert codes(answer) == [code]
        assert messages.MSG.encode() not in answer.content.replace(b"namespace " + messages.MSG.encode(), b"")


def test_3_2008_reply(send, messages):
    body = moved(messages.get({"EndDevice": {"mRID": "nobody"}}), {messages.MSG: EDITIONS["§3 2008"]})
    answer = send(body)
    (reply,) = answer.message.iter("{*}Reply")
    said = [(etree.QName(part).localname, part.text, len(part), dict(part.attrib)) for part in reply]
    assert said == [
        ("ReplyCode", "2.4", 0, {}),
        ("Error", "2.4 FATAL: no Meter of this mRID is known (Meter nobody)", 0, {}),
    ]


def test_3_podis_message_in_the_abstract_namespace(store_and_ask, messages):
    def podis(body):
        (message,) = body
        message.tag = f"{{{messages.ABSTRACT}}}message"
        return body

    for answer in store_and_ask(podis, "C"):
        (message,) = answer.message
        assert (answer.message.tag, message.tag) == (
            f"{{{messages.ABSTRACT}}}Response",
            f"{{{messages.ABSTRACT}}}message",
        )
        assert {etree.QName(part).namespace for part in message} == {messages.MSG}


@pytest.mark.parametrize("year", ["2015", "2017"])
def test_4_2_wrappers_of_other_years(store_and_ask, messages, year):
    wrapping = {name: name.replace("2011", year) for name in (messages.TYPED, messages.TYPED_GET)}
    created, found = store_and_ask(lambda body: moved(body, wrapping), "typed")
    for answer, plain in ((created, messages.TYPED), (found, messages.TYPED_GET)):
        assert answer.message.tag == f"{{{wrapping[plain]}}}MeterReadingsResponseMessage"
        assert {etree.QName(part).namespace for part in answer.message} == {wrapping[plain]}
        assert answer.message[0][0].tag == f"{{{messages.MSG}}}Verb"


def test_4_2_pre_edition_wrapper(store_and_ask, messages):
    wrapping = {name: name.replace("//iec", "//www.iec") for name in (messages.TYPED, messages.TYPED_GET)}
    wrapping[messages.MSG] = EDITIONS["§3 2010"]
    for answer in store_and_ask(lambda body: moved(body, wrapping), "typed"):
        assert etree.QName(answer.message).namespace in wrapping.values()
        assert answer.message[0][0].tag == f"{{{wrapping[messages.MSG]}}}Verb"


def test_4_2_get_request_message(store_and_ask, messages):
    names = {"GetMeterReadings": "GetMeterReadingsRequestMessage"}

    def change(body):
        return moved(body, {messages.TYPED_GET: "http://iec.ch/TC57/2015/GetMeterReadingsMessage"}, names)

    _, found = store_and_ask(change, "typed")
    assert found.message.tag == "{http://iec.ch/TC57/2015/GetMeterReadingsMessage}GetMeterReadingsResponseMessage"


def test_4_2_get_request_message_without_a_request(send, messages):
    """P6 and DER leave Request out; the fault is called after the root, too."""
    names = {"GetMeterReadings": "GetMeterReadingsRequestMessage"}
    answer = send(moved(messages.get(shape="typed"), {}, names))
    assert answer.message.tag == f"{{{messages.TYPED_GET}}}GetMeterReadingsResponseMessage"
    assert not answer.fault
    answer = send(moved(messages.get(shape="typed", header={"Verb": None}), {}, names))
    assert answer.message.tag == f"{{{messages.TYPED_GET}}}GetMeterReadingsFaultMessage"


def test_4_2_get_beside_the_other_verbs(send, messages):
    """A head-end suite has Get in its Execute service, with the objects it asks for in Payload (§7)."""
    typed, profile = "http://iec.ch/TC57/2011/UsagePointConfigMessage", "http://iec.ch/TC57/2011/UsagePointConfig#"
    point = messages.element(profile, "UsagePointConfig", {"UsagePoint": {"mRID": str(uuid.uuid4())}})

    def message(verb):
        root = etree.Element(f"{{{typed}}}{verb.capitalize()}UsagePointConfig")
        header = etree.SubElement(root, f"{{{typed}}}Header")
        for name, text in (("Verb", verb), ("Noun", "UsagePointConfig")):
            etree.SubElement(header, f"{{{messages.MSG}}}{name}").text = text
        etree.SubElement(root, f"{{{typed}}}Payload").append(deepcopy(point))
        return root

    for verb in ("create", "get"):
        answer = send(message(verb))
        assert (answer.result, answer.codes) == ("OK", ["0.0"])
        assert answer.message.tag == f"{{{typed}}}UsagePointConfigResponseMessage"
    (found,) = answer.message.iter(f"{{{profile}}}UsagePointConfig")
    assert messages.plain(found) == messages.plain(point)


def test_4_2_operation_set_of_a_noun(send, messages):
    typed = "http://iec.ch/TC57/2015/MeterReadingsOperationSetMessage"
    body = messages.operation_set(messages.operation(1, "create", messages.readings(messages.meter())))
    parts = {name: f"{{{typed}}}{name}" for name in ("Header", "Payload", "OperationSet")}
    body.tag = f"{{{typed}}}ExecuteMeterReadingsOperationSet"
    for element in body.iter("{*}Header", "{*}Payload", "{*}OperationSet"):
        element.tag = parts[etree.QName(element).localname]
    answer = send(body)
    assert answer.result == "OK"
    assert answer.message.tag == f"{{{typed}}}MeterReadingsOperationSetResponseMessage"


def test_by_structure_an_unknown_root_is_answered_in_kind(store_and_ask, messages):
    """ERCOT's namespace stands for all that nobody has told us of (§3)."""
    theirs = "http://www.ercot.com/schema/2007-06/nodal/ews/message"
    for answer in store_and_ask(lambda body: moved(body, {messages.MSG: theirs})):
        assert answer.message.tag == f"{{{theirs}}}ResponseMessage"
        assert answer.codes == ["0.0"]


def test_by_structure_an_unknown_root_around_standard_parts(store_and_ask, messages):
    def change(body):
        body.tag = "{urn:example:bus}MeterDataDelivery"
        return body

    for answer in store_and_ask(change):
        assert answer.message.tag == f"{{{messages.MSG}}}ResponseMessage"


def test_a_copy_is_answered_as_before(send, messages):
    body = moved(messages.create(messages.meter(count=3)), {messages.MSG: EDITIONS["§1.4 www"]})
    first, again = send(body), send(body)
    assert first.content == again.content
