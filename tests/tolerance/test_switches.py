"""Each switch of a partner's profile, on and off; every one of them has a case here."""

from __future__ import annotations

import gzip
import uuid
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, ShapeReader
from cim_adapter.partners import Partners, Switch
from cim_adapter.store import journal
from cim_adapter.tolerance import Tolerance, Use, as_json

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Case:
    """A good message, what is done to it, and what a strict reader says of that.

    ``made`` is a document of ``examples``, or (verb, options) for the builder of messages.
    """

    switch: Switch
    made: object
    change: object
    code: str
    place: str


def header(body):
    return next(body.iter("{*}Header"))


def payload(body):
    return next(body.iter("{*}Payload"))


def say(name, text):
    def change(body):
        header(body).find(f"{{*}}{name}").text = text

    return change


def retag(names):
    """Give elements other names or namespaces: {old tag or namespace: new one}."""

    def change(body):
        for element in body.iter("*"):
            name = etree.QName(element)
            if element.tag in names:
                element.tag = names[element.tag]
            elif name.namespace in names:
                element.tag = etree.QName(names[name.namespace], name.localname)

    return change


def unqualify(body):
    """Take the profile out of its namespace, and into none: a prefixed message around it has no default."""
    text = etree.tostring(body).decode().replace(f' xmlns="{READINGS}"', ' xmlns=""')
    (profile,) = etree.fromstring(text).iter("MeterReadings")
    payload(body)[:] = [profile]


def reverse(*path):
    def change(body):
        element = next(body.iter(f"{{*}}{path[0]}"))
        for name in path[1:]:
            element = element.find(f"{{*}}{name}")
        element[:] = list(element)[::-1]

    return change


def remove(*names):
    def change(body):
        for element in list(body.iter(*(f"{{*}}{name}" for name in names))):
            element.getparent().remove(element)

    return change


def insert(where, xml, at=0):
    def change(body):
        element = next(body.iter(f"{{*}}{where}"))
        namespace = etree.QName(element[0]).namespace
        element.insert(at, etree.fromstring(xml.format(ns=namespace)))

    return change


def both(*changes):
    def change(body):
        for one in changes:
            one(body)

    return change


def into_payload(body):
    """What stands in Request goes into Payload."""
    request = next(body.iter("{*}Request"))
    part = etree.SubElement(request.getparent(), request.tag.replace("Request", "Payload"))
    part.extend(list(request))
    request.getparent().remove(request)


READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
WWW = "http://www.iec.ch/TC57/2011/MeterReadings#"
EVENT = (
    '<EndDeviceEvents xmlns="{ns}"><createdDateTime>2026-03-01T00:00:00Z</createdDateTime>'
    '<EndDeviceEventType ref="3.26.0.85"/></EndDeviceEvents>'
)
DEFINITION = '<ReadingType xmlns="{ns}"><mRID>0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0</mRID></ReadingType>'
ACTION = '<EndDeviceAction xmlns="{ns}"><command>disconnect</command></EndDeviceAction>'

CASES = [
    Case(Switch.VERB_CASE, "create", say("Verb", "CREATE"), "2.9", "Header/Verb"),
    Case(Switch.VERB_CASE, "created", say("Verb", "Created"), "2.9", "Header/Verb"),
    Case(Switch.VERB_SPELLING, "change", say("Verb", "update"), "2.9", "Header/Verb"),
    Case(Switch.VERB_SPELLING, "changed", say("Verb", "updated"), "2.9", "Header/Verb"),
    Case(Switch.VERB_MISMATCH, "typed create", say("Verb", "delete"), "2.9", "Header/Verb"),
    Case(Switch.NOUN_MISMATCH, "typed create", say("Noun", "EndDeviceEvents"), "2.5", "Header/Noun"),
    Case(Switch.NOUN_MISMATCH, "create", say("Noun", "MeterReadnigs"), "2.5", "Header/Noun"),
    Case(Switch.NOUN_MISMATCH, "create", say("Noun", "MeterConfig"), "2.5", "Header/Noun"),
    Case(Switch.NOUN_MISMATCH, "get", say("Noun", "GetMeterReadings"), "2.5", "Header/Noun"),
    Case(Switch.NOUN_MISMATCH, "typed get", say("Noun", "noun"), "2.5", "Header/Noun"),
    Case(Switch.ENVELOPE_ORDER, "create", reverse("Header"), "1.8", "Header"),
    Case(Switch.ENVELOPE_ORDER, "typed create", reverse("Header"), "1.8", "Header"),
    Case(Switch.ENVELOPE_ORDER, "create", reverse("RequestMessage"), "1.8", "RequestMessage"),
    Case(Switch.ENVELOPE_ORDER, "get by id", reverse("Request"), "1.8", "Request"),
    Case(
        Switch.HEADER_EXTRAS,
        "create",
        insert("Header", '<UserID xmlns="{ns}">someone</UserID>', 2),
        "1.8",
        "Header/UserID",
    ),
    Case(
        Switch.HEADER_EXTRAS, "typed create", insert("Header", "<Priority>7</Priority>"), "1.8", "Header/Priority"
    ),
    Case(
        Switch.FORMAT_CASE,
        "create",
        insert("Payload", f'<format xmlns="{MESSAGE_NS}">XML</format>', 1),
        "1.8",
        "Payload/format",
    ),
    Case(
        Switch.UNKNOWN_ROOT,
        "create",
        retag({f"{{{MESSAGE_NS}}}RequestMessage": "{urn:bus}Order"}),
        "1.8",
        "Message",
    ),
    Case(Switch.TARGETS_IN_PAYLOAD, "delete", into_payload, "1.6", "Payload/ID"),
    Case(Switch.TARGETS_IN_PAYLOAD, "create", say("Verb", "delete"), "1.6", "Payload/MeterReadings"),
    Case(Switch.QUERY_IN_PAYLOAD, "get", into_payload, "1.6", "Payload/GetMeterReadings"),
    Case(Switch.QUERY_IN_PAYLOAD, "get by id alone", into_payload, "1.6", "Payload/ID"),
    Case(Switch.QUERY_IN_PAYLOAD, "typed get", into_payload, "1.6", "Payload/GetMeterReadings"),
    Case(Switch.PROFILE_WWW, "create", retag({READINGS: WWW}), "1.8", "Payload/MeterReadings"),
    Case(Switch.PROFILE_WWW, "typed create", retag({READINGS: WWW}), "1.8", "Payload/MeterReadings"),
    Case(
        Switch.PROFILE_WWW,
        "get",
        retag({"http://iec.ch/TC57/2011/GetMeterReadings#": "http://www.iec.ch/TC57/2011/GetMeterReadings#"}),
        "1.8",
        "Request/GetMeterReadings",
    ),
    Case(
        Switch.PROFILE_NAMESPACE,
        "create",
        retag({READINGS: "http://iec.ch/TC57/2011/podis15/MeterReadings#"}),
        "1.8",
        "Payload/MeterReadings",
    ),
    Case(
        Switch.PROFILE_NAMESPACE,
        "typed create",
        retag({READINGS: "http://iec.ch/TC57/2011/MeterReadings"}),
        "1.8",
        "Payload/MeterReadings",
    ),
    Case(Switch.PROFILE_UNQUALIFIED, "create", retag({READINGS: MESSAGE_NS}), "1.8", "Payload/MeterReadings"),
    Case(Switch.PROFILE_UNQUALIFIED, "create", unqualify, "1.8", "Payload/MeterReadings"),
    Case(
        Switch.PROFILE_UNQUALIFIED,
        "typed create",
        retag({READINGS: "http://iec.ch/TC57/2011/MeterReadingsMessage"}),
        "1.8",
        "Payload/MeterReadings",
    ),
    Case(Switch.PROFILE_ORDER, "create", reverse("MeterReading"), "1.8", "Payload/MeterReadings/MeterReading"),
    Case(
        Switch.PROFILE_ORDER,
        "typed create",
        both(reverse("MeterReading", "IntervalBlocks", "IntervalReadings")),
        "1.8",
        "Payload/MeterReadings/MeterReading/IntervalBlocks/IntervalReadings",
    ),
    Case(
        Switch.VENDOR_ELEMENTS,
        "create",
        insert("Meter", '<s:SecurityKey xmlns:s="urn:vendor"><s:bits>secret</s:bits></s:SecurityKey>'),
        "1.8",
        "Payload/MeterReadings/MeterReading/Meter/SecurityKey",
    ),
    Case(
        Switch.VENDOR_ELEMENTS,
        "typed create",
        insert("MeterReading", '<Reading xmlns="{ns}"><value>7</value></Reading>'),
        "1.8",
        "Payload/MeterReadings/MeterReading/Reading",
    ),
    Case(
        Switch.VENDOR_ELEMENTS,
        "create",
        lambda body: next(body.iter("{*}Meter")).set("{urn:vendor}resource", "x"),
        "1.8",
        "Payload/MeterReadings/MeterReading/Meter/@resource",
    ),
    Case(
        Switch.END_DEVICE_ACTION,
        "EndDeviceControls/create.xml",
        insert("EndDeviceControl", ACTION, 5),
        "1.8",
        "Payload/EndDeviceControls/EndDeviceControl/EndDeviceAction",
    ),
    Case(
        Switch.UNNAMED_DEFINITIONS,
        "create",
        insert("MeterReadings", DEFINITION, 1),
        "1.8",
        "Payload/MeterReadings/ReadingType",
    ),
    Case(
        Switch.EVENT_TIME,
        "create",
        both(insert("MeterReading", EVENT), remove("createdDateTime")),
        "1.8",
        "Payload/MeterReadings/MeterReading/EndDeviceEvents",
    ),
    Case(
        Switch.EVENT_TYPE,
        "create",
        both(insert("MeterReading", EVENT), remove("EndDeviceEventType")),
        "1.8",
        "Payload/MeterReadings/MeterReading/EndDeviceEvents",
    ),
]
NAMES = [f"{case.switch}: {case.made} {number}" for number, case in enumerate(CASES)]


@pytest.fixture
def name():
    """The mRID of the meter that a test is about."""
    return str(uuid.uuid4())


@pytest.fixture
def build(messages, name):
    """A good message of a case."""
    meter = messages.meter(name, count=2)

    def run(made):
        shape = "typed" if made.startswith("typed") else "A"
        match made.removeprefix("typed "):
            case "get":
                return messages.get({"EndDevice": {"mRID": name}}, shape=shape)
            case "get by id alone":
                return messages.message("get", ids=[{"_value_1": name}])
            case "get by id":
                return messages.message("get", start="2026-03-01T00:00:00Z", ids=[{"_value_1": name}])
            case "delete":
                return messages.message("delete", ids=[{"_value_1": name}])
            case document if document.endswith(".xml"):
                (body,) = etree.parse(EXAMPLES / document).getroot().iter("{*}Body")
                for own in ("MessageID", "mRID"):
                    next(body.iter(f"{{*}}{own}")).text = str(uuid.uuid4())
                return deepcopy(body[0])
            case verb:
                return messages.message(verb, payload=messages.readings(meter), shape=shape)

    return run


def test_every_switch_has_a_case():
    assert {case.switch for case in CASES} == set(Switch)


@pytest.fixture
def sent(build, messages, name):
    """The message of a case as it is sent, its meter known before."""

    def run(partner, case):
        assert partner.send(messages.create(messages.meter(name, count=2))).codes == ["0.0"]
        body = build(case.made)
        case.change(body)
        text = etree.tostring(body, pretty_print=True)
        return partner.send(etree.fromstring(text))

    return run


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_switched_on(partner_with, sent, case):
    partner = partner_with(strict=True, tolerate=[case.switch.value])
    taken = sent(partner, case)
    assert (taken.result, taken.said.replace("No error", "")) == ("OK", "")
    ((warning),) = taken.warnings
    assert (warning["switch"], warning["place"], warning["times"]) == (case.switch, case.place, 1)
    assert warning["line"] > 0
    assert partner.tolerated == {case.switch: 1}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_switched_off(partner_with, sent, case):
    everything_else = [switch.value for switch in Switch if switch is not case.switch]
    partner = partner_with(tolerate=everything_else, refuse=[case.switch.value])
    taken = sent(partner, case)
    assert taken.result == "FAILED"
    assert case.code in taken.codes, taken.said
    assert taken.warnings is None
    assert partner.tolerated == {}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_default(partner_with, sent, case):
    taken = sent(partner_with(), case)
    assert taken.result == ("OK" if case.switch.default else "FAILED")
    assert taken.switches == ([case.switch] if case.switch.default else [])


@pytest.mark.parametrize("made", sorted({case.made for case in CASES}))
def test_good_messages_need_no_switch(partner_with, build, messages, made, name):
    partner = partner_with(strict=True)
    assert partner.send(messages.create(messages.meter(name, count=2))).warnings is None
    taken = partner.send(build(made))
    assert (taken.result, taken.warnings) == ("OK", None)


# ------------------------------------------------------------------------------- what is read then


@pytest.fixture
def everything(partner_with):
    return partner_with(tolerate=[switch.value for switch in Switch])


def found(partner, messages, name):
    """What is known of a meter."""
    taken = partner.send(messages.get({"EndDevice": {"mRID": name}}))
    (profile,) = taken.root.iter(f"{{{READINGS}}}MeterReadings")
    return messages.plain(profile)


@pytest.mark.parametrize(
    "change",
    [
        unqualify,
        retag({READINGS: MESSAGE_NS}),
        retag({READINGS: WWW}),
        reverse("MeterReading"),
        reverse("IntervalReadings"),
        insert("Meter", '<Zones xmlns="urn:v"><mRID>m-2</mRID></Zones>'),
        both(
            say("Verb", "CREATE"),
            say("Noun", "readings"),
            reverse("Header"),
            reverse("MeterReading"),
            insert("Meter", "<Zones/>"),
            retag({READINGS: "urn:somewhere"}),
        ),
    ],
)
def test_what_was_sent_is_what_is_known(everything, messages, change, name):
    made = messages.meter(name, count=1)
    body = messages.create(made)
    change(body)
    assert everything.send(body).result == "OK"
    assert found(everything, messages, name) == {"MeterReading": made}


def test_several_switches_at_once_are_told_each(everything, messages):
    body = messages.create(*(messages.meter(f"m-{n}", count=2) for n in range(3)))
    for change in (say("Verb", "CREATE"), reverse("Header"), retag({READINGS: WWW})):
        change(body)
    for meter in body.iter("{*}Meter"):
        meter.set("note", "x")
        etree.SubElement(meter, "Zones")
    taken = everything.send(body)
    assert taken.result == "OK"
    assert {w["switch"]: w["times"] for w in taken.warnings} == {
        "profile www": 1,
        "vendor elements": 6,
        "verb case": 1,
        "envelope order": 1,
    }
    assert everything.tolerated == dict.fromkeys(taken.switches, 1)


def test_no_value_stands_in_the_journal(everything, messages, name):
    """Names and values are personal data: the journal's clear columns have paths alone."""
    body = messages.create(messages.meter(name))
    say("Noun", "Jane Doe")(body)
    insert("Meter", "<Owner>Jane Doe</Owner>")(body)
    insert("Header", f'<Customer xmlns="{MESSAGE_NS}">Jane Doe</Customer>')(body)
    taken = everything.send(body)
    assert taken.result == "OK"
    assert "Jane" not in str(taken.warnings)


def test_the_journal_keeps_what_was_sent(everything, messages, name):
    body = messages.create(messages.meter(name))
    insert("Meter", "<Owner>kept</Owner>")(body)
    everything.send(body)
    (row,) = everything.rows()
    kept = everything.adapter.store.read_now(lambda reader: journal.read(reader, row.uid)).request
    assert kept == etree.tostring(body)


def test_verb_and_noun_of_the_root_are_what_is_journaled(partner_with, build):
    body = build("typed create")
    say("Verb", "delete")(body)
    say("Noun", "MeterConfig")(body)
    taken = partner_with().send(body)
    assert (taken.verb, taken.noun, taken.result) == ("create", "MeterReadings", "OK")
    assert sorted(taken.switches) == ["noun mismatch", "verb mismatch"]


@pytest.mark.parametrize("noun", ["Compressed", "MeterReadings"])
def test_what_came_compressed_is_mended_as_well(partner_with, messages, name, noun):
    partner = partner_with(strict=True, tolerate=["profile www"])
    made = messages.meter(name, count=2)
    body = messages.create(made, header={"Noun": noun})
    text = etree.tostring(payload(body)[0]).replace(READINGS.encode(), WWW.encode())
    taken = partner.send(messages.compressed(body, gzip.compress(text)))
    assert (taken.result, taken.noun, taken.switches) == ("OK", "MeterReadings", ["profile www"])
    assert found(partner, messages, name) == {"MeterReading": made}


def test_a_word_that_is_no_verb_is_not_decided_by_the_root(partner_with, build):
    body = build("typed create")
    say("Verb", "destroy")(body)
    taken = partner_with().send(body)
    assert (taken.codes, taken.warnings) == (["2.9"], None)


def test_www_is_answered_with_www(partner_with, messages, build, name):
    partner = partner_with()
    partner.send(messages.create(messages.meter(name, count=2)))
    for made in ("get", "typed get"):
        body = build(made)
        retag({"http://iec.ch/TC57/2011/GetMeterReadings#": "http://www.iec.ch/TC57/2011/GetMeterReadings#"})(body)
        taken = partner.send(body)
        (profile,) = taken.root.iter(f"{{{WWW}}}MeterReadings")
        assert {etree.QName(element).namespace for element in profile.iter("*")} == {WWW}
        assert READINGS not in etree.tostring(taken.root).decode()


def test_an_action_that_is_to_wait_waits(partner_with, build):
    """Its start becomes that of primaryDeviceTiming: to disconnect at once would be a harm."""
    partner = partner_with(tolerate=["EndDeviceAction"])
    body = build("EndDeviceControls/create.xml")
    remove("primaryDeviceTiming")(body)
    action = (
        '<EndDeviceAction xmlns="{ns}"><command>off</command><duration>30</duration>'
        "<startDateTime>2030-01-01T00:00:00Z</startDateTime></EndDeviceAction>"
    )
    insert("EndDeviceControl", action, 4)(body)
    mended = etree.fromstring(etree.tostring(body))
    catalogue = partner.adapter.catalogue
    tolerance = Tolerance(
        Partners.read({"x": {"tolerate": ["EndDeviceAction"]}}), catalogue, ["EndDeviceControls"]
    )
    assert tolerance.mend(mended, ShapeReader().recognise(mended)[0], "x").switches == {Switch.END_DEVICE_ACTION}
    catalogue.check(mended)
    (timing,) = mended.iter("{*}primaryDeviceTiming")
    assert timing.findtext("{*}duration") == "30"
    assert timing.findtext("{*}interval/{*}start") == "2030-01-01T00:00:00Z"
    assert partner.send(body).result == "OK"


def test_an_event_without_a_time_has_that_of_its_message(partner_with, messages, name):
    partner = partner_with(tolerate=["event time"])
    body = messages.create(messages.meter(name), header={"Timestamp": "2026-03-09T00:00:00Z"})
    both(insert("MeterReading", EVENT), remove("createdDateTime"))(body)
    assert partner.send(body).result == "OK"
    assert "2026-03-09T00:00:00Z" in str(found(partner, messages, name))


# -------------------------------------------------------------------------------- what stays refused


def test_what_is_not_let_pass_is_told_without_what_is(partner_with, messages, name):
    """The engineer reads of the one thing that is to be mended, not of what is let pass."""
    body = messages.create(messages.meter(name))
    reverse("Header")(body)
    insert("Meter", "<Owner/>")(body)
    taken = partner_with().send(body)
    assert (taken.result, taken.codes, taken.warnings) == ("FAILED", ["1.8"], None)
    assert "Owner" in taken.said
    assert "Header" not in taken.said


def test_an_element_in_a_wrong_namespace_is_no_vendor_element(partner_with, messages, name):
    body = messages.create(messages.meter(name))
    (block,) = body.iter("{*}IntervalBlocks")
    block.tag = "{urn:wrong}IntervalBlocks"
    taken = partner_with(tolerate=["vendor elements"]).send(body)
    assert taken.result == "FAILED"
    assert "urn:wrong" in taken.said


def test_a_role_is_asked_for_what_is_really_done(partner_with, build, monkeypatch):
    """The root decides, so it is the root's verb that must be allowed."""
    partner = partner_with()
    asked = []
    monkeypatch.setattr(partner.adapter.access, "may", lambda identity, verb, noun: asked.append((verb, noun)))
    body = build("typed create")
    say("Verb", "get")(body)
    partner.send(body)
    assert asked == [("create", "MeterReadings")]


def test_a_copy_of_a_mended_message_is_a_copy(partner_with, messages, name):
    partner = partner_with()
    body = messages.create(messages.meter(name))
    reverse("Header")(body)
    first, again = partner.send(body), partner.send(body)
    assert etree.tostring(first.root) == etree.tostring(again.root)
    assert again.switches == ["envelope order"]


def test_places_are_bounded(everything, messages, name):
    body = messages.create(messages.meter(name))
    insert("Meter", f"<{'x' * 30_000}/>")(body)
    taken = everything.send(body)
    assert taken.result == "OK"
    assert len(taken.warnings[0]["place"]) == 200


def test_nothing_to_keep_is_nothing():
    assert as_json([]) is None
    use = Use(switch=Switch.VERB_CASE, place="Header/Verb", line=3)
    assert as_json([use]) == '[{"switch": "verb case", "place": "Header/Verb", "line": 3, "times": 1}]'


def test_large_messages_are_mended_as_well(everything, messages):
    body = messages.create(*(messages.meter(str(uuid.uuid4()), count=96) for _ in range(30)))
    for item in body.iter("{*}MeterReading"):
        item[:] = list(item)[::-1]
    taken = everything.send(body)
    assert (taken.result, taken.warnings[0]["times"]) == ("OK", 30)
