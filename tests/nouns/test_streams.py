"""One reply of any size, of each kind of noun: it is what the whole reply is, however few objects are held."""

from __future__ import annotations

import asyncio
import base64
import gzip
import uuid
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select

from cim_adapter import Settings, instants
from cim_adapter.access import Credentials
from cim_adapter.contract import ContractFiles
from cim_adapter.envelope import MESSAGE_NS
from cim_adapter.transports.bare import BareWire
from cim_adapter.wire import Arrival, Undelivered

XSD = Path(__file__).parents[2] / "xsd"
BASE, OTHER = "http://iec.ch/TC57/2011/", "http://example.org/2099/"
OLD = "http://www.iec.ch/TC57/2008/schema/message"
SEVEN = range(7)
METER = "<Meter><mRID>{}</mRID></Meter>"
PUMP = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{ns}" targetNamespace="{ns}"
    elementFormDefault="qualified">
  <xs:element name="Pump"><xs:complexType><xs:sequence>
    <xs:element name="mRID" type="xs:string"/>
    <xs:element name="zeal" type="xs:int" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Revisions of our nouns in another namespace, and a noun whose root is one object itself."""
    made = tmp_path_factory.mktemp("schemas")
    for noun in ("EndDeviceEvents", "EndDeviceControls", "MeterConfig"):
        text = (XSD / f"{noun}.xsd").read_text()
        (made / f"{noun}2099.xsd").write_text(text.replace(f"{BASE}{noun}#", f"{OTHER}{noun}#"))
    (made / "Pump.xsd").write_text(PUMP.format(ns=f"{OTHER}Pump#"))
    return made


@pytest.fixture
def settings(database, tmp_path, folder):
    return Settings(data=tmp_path / "data", database=database, open=True, schemas=(folder,))


@pytest.fixture
def bring(exchange):
    """Stores what a payload brings."""

    def send(noun, content, base=BASE, verb="create", message_id=None):
        payload = f'<{noun} xmlns="{base}{noun}#">{content}</{noun}>'
        reply = exchange.send(verb, noun=noun, payload=payload, message_id=message_id).reply
        assert reply.result == "OK", reply.errors

    return send


def request(noun, query="", more="", **options):
    given = "".join(
        f"<Option><name>{name}</name><value>{value}</value></Option>" for name, value in options.items()
    )
    head = f"<Header><Verb>get</Verb><Noun>{noun}</Noun><MessageID>{uuid.uuid4()}</MessageID></Header>"
    profile = f'<Get{noun} xmlns="{BASE}Get{noun}#">{query}</Get{noun}>' if query is not None else ""
    return f'<RequestMessage xmlns="{MESSAGE_NS}">{head}<Request>{given}{more}{profile}</Request></RequestMessage>'


@pytest.fixture
def ask(exchange, adapter):
    """``ask(noun, query, size=…)`` → the answer, streamed in pieces of this size; else whole."""

    def send(noun, query="", more="", size=None, **options):
        object.__setattr__(adapter.settings, "max_objects", size or 100_000)
        if size is not None:
            options["stream"] = "true"
        return exchange.document(request(noun, query, more, **options))

    return send


@pytest.fixture
def journal(adapter):
    """What the journal says of the last get: result, code, count, state."""

    def read():
        table = adapter.store.tables.journal
        statement = select(table.c.result, table.c.code, table.c.streamed).where(table.c.verb == "get")
        return tuple(
            adapter.store.read_now(lambda reader: reader.select(statement.order_by(table.c.uid.desc())).first())
        )

    return read


def canonical(document):
    for name in ("MessageID", "CorrelationID", "Timestamp"):
        for item in document.iter(f"{{{MESSAGE_NS}}}{name}"):
            item.text = "-"
    return etree.canonicalize(document)


def texts(document, path):
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return [found.text for found in document.xpath(f"//{steps}")]


def roots(document):
    return [(root.tag, len(root)) for payload in document.iter("{*}Payload") for root in payload]


def check(document, catalogue):
    """The whole document by Message.xsd, every profile by its own XSD."""
    etree.XMLSchema(etree.parse(ContractFiles.locate().schema("Message.xsd"))).assertValid(document)
    for payload in document.iter("{*}Payload"):
        for root in payload:
            catalogue.check(etree.fromstring(etree.tostring(root)))


# ------------------------------------------------------------------------------- nouns of devices


def event(name, day):
    return (
        f"<EndDeviceEvent><mRID>{name}</mRID><createdDateTime>2026-03-0{day}T00:00:00Z</createdDateTime>"
        '<Assets><mRID>m</mRID></Assets><EndDeviceEventType ref="3.26.0.85"/></EndDeviceEvent>'
    )


def control(name, day):
    """It is for two devices."""
    timing = (
        f"<primaryDeviceTiming><interval><start>2026-03-0{day}T00:00:00Z</start></interval></primaryDeviceTiming>"
    )
    devices = f"<EndDevices><mRID>m</mRID></EndDevices><EndDevices><mRID>m-{name}</mRID></EndDevices>"
    kind = '<EndDeviceControlType ref="3.31.0.23"/>'
    return f"<EndDeviceControl><mRID>{name}</mRID>{kind}{devices}{timing}</EndDeviceControl>"


def schedule(name):
    return (
        f"<EndDevice><mRID>{name}</mRID></EndDevice><TimeSchedule><recurrencePattern>daily</recurrencePattern>"
        "<scheduleInterval><start>2026-03-01T00:00:00Z</start></scheduleInterval></TimeSchedule>"
    )


@pytest.fixture
def events(bring):
    bring("EndDeviceEvents", "".join(event(f"e-{n}", n + 1) for n in SEVEN))
    bring("EndDeviceEvents", event("e-2", 3) + event("e-5", 6), verb="close")


@pytest.fixture
def controls(bring):
    bring("EndDeviceControls", "".join(control(f"k-{n}", n + 1) for n in SEVEN))


@pytest.fixture
def schedules(bring):
    for n in SEVEN:
        bring("MeterReadSchedule", schedule(f"m-{n}"), message_id=f"message {n}")


@pytest.fixture
def linkage(bring):
    for n in SEVEN:
        since = f"<effectiveDateTime>2026-03-0{n + 1}T00:00:00Z</effectiveDateTime>"
        objects = METER.format(f"m-{n}") + "<UsagePoint><mRID>u</mRID></UsagePoint>"
        bring("MasterDataLinkageConfig", f"<ConfigurationEvent>{since}</ConfigurationEvent>{objects}")


@pytest.fixture
def customers(bring):
    bring("CustomerConfig", "".join(f"<Customer><mRID>c-{n}</mRID></Customer>" for n in SEVEN))


def metered(n, label="metrology", digits=5):
    """A meter with a function of its own, one of this name, and a reading type."""
    functions = "".join(
        f"<SimpleEndDeviceFunction><Names><name>{name}</name></Names><Registers>"
        f'<leftDigitCount>{count}</leftDigitCount><Channels><ReadingType ref="{kind}"/></Channels></Registers>'
        "</SimpleEndDeviceFunction>"
        for name, count, kind in ((label, digits, "energy"), (f"own {n}", n, "0.0.2.4.1.1.12.0"))
    )
    types = "".join(
        f"<ReadingType><Names><name>{name}</name></Names></ReadingType>" for name in ("energy", "0.0.2.4.1.1.12.0")
    )
    refs = f'<SimpleEndDeviceFunction ref="{label}"/><SimpleEndDeviceFunction ref="own {n}"/>'
    return f"<Meter><mRID>m-{n}</mRID>{refs}</Meter>{types}{functions}"


@pytest.fixture
def meters(bring):
    """No two of them mean different things by a name."""
    for n in SEVEN:
        bring("MeterConfig", metered(n))


QUERIES = {
    "events": ("EndDeviceEvents", METER.format("m")),
    "controls": ("EndDeviceControls", METER.format("m")),
    "schedules": ("MeterReadSchedule", ""),
    "linkage": ("MasterDataLinkageConfig", "<UsagePoint><mRID>u</mRID></UsagePoint>"),
    "customers": ("CustomerConfig", ""),
    "meters": ("MeterConfig", ""),
}


@pytest.fixture
def things(request):
    """Seven of them."""
    request.getfixturevalue(request.param)
    return QUERIES[request.param]


@pytest.mark.parametrize("things", QUERIES, indirect=True)
def test_it_is_what_the_whole_reply_is(ask, things, contract, journal):
    noun, query = things
    whole = ask(noun, query)
    assert journal()[2] is None
    for size in (1, 3, 4):
        streamed = ask(noun, query, size=size)
        check(streamed, contract)
        assert canonical(streamed) == canonical(whole)
        result, code, ended = journal()
        assert (result, code) == ("OK", "0.0")
        assert '"state":"told"' in ended
        assert '"count":7' in ended
    assert canonical(ask(noun, query, size=14)) == canonical(whole)  # a control counts for each of its devices
    assert journal()[2] is None


def test_what_is_said_of_each_event_stands_before_all_of_them(ask, events):
    streamed = ask(*QUERIES["events"], size=2)
    assert [texts(streamed, path) for path in ("Error/ID", "Error/reason")] == [["e-2", "e-5"], ["closed"] * 2]
    assert texts(streamed, "EndDeviceEvent/mRID") == [f"e-{n}" for n in SEVEN]


def test_what_is_said_of_each_device_of_a_control(ask, controls):
    streamed = ask(*QUERIES["controls"], size=2)
    assert texts(streamed, "Error/relatedID") == [f"k-{n}" for n in SEVEN for _ in range(2)]
    assert texts(streamed, "Error/ID") == [device for n in SEVEN for device in ("m", f"m-k-{n}")]


def test_ids_are_in_the_order_of_the_schedules(ask, schedules):
    streamed = ask("MeterReadSchedule", size=2)
    assert texts(streamed, "Reply/ID") == [f"message {n}" for n in SEVEN]
    assert texts(streamed, "EndDevice/mRID") == [f"m-{n}" for n in SEVEN]


def test_nothing_to_say_of_any_event_is_no_error(ask, bring):
    bring("EndDeviceEvents", "".join(event(f"e-{n}", n + 1) for n in SEVEN))
    assert texts(ask("EndDeviceEvents", METER.format("m"), size=2), "Error/code") == ["0.0"]


@pytest.mark.parametrize("things", ["events", "controls", "customers", "meters"], indirect=True)
def test_compressed_it_is_the_same_document(ask, things):
    plain = ask(*things, size=2)
    packed = ask(*things, size=2, compressed="true")
    (payload,) = packed.iter("{*}Payload")
    assert [etree.QName(item).localname for item in payload] == ["Compressed", "Format"]
    document = etree.fromstring(gzip.decompress(base64.b64decode(payload[0].text)))
    (expected,) = next(plain.iter("{*}Payload"))
    assert etree.canonicalize(document) == etree.canonicalize(expected)


@pytest.mark.parametrize("things", ["schedules", "linkage"], indirect=True)
def test_several_documents_have_no_place_in_compressed(ask, things):
    assert canonical(ask(*things, size=2, compressed="true")) == canonical(ask(*things))


@pytest.mark.parametrize("things", QUERIES, indirect=True)
def test_what_is_wrong_with_the_request_is_told_first(ask, things, contract):
    noun, query = things
    unknown = {
        "CustomerConfig": "".join(
            f"<Customer><mRID>{name}</mRID></Customer>" for name in ["nobody", *(f"c-{n}" for n in SEVEN)]
        ),
        "MeterConfig": "".join(map(METER.format, ["nobody", *(f"m-{n}" for n in SEVEN)])),
        "MeterReadSchedule": "".join(
            f"<EndDevice><mRID>{name}</mRID></EndDevice>" for name in ["nobody", *(f"m-{n}" for n in SEVEN)]
        ),
        "MasterDataLinkageConfig": query + "<UsagePoint><mRID>nobody</mRID></UsagePoint>",
    }.get(noun, query + METER.format("nobody"))
    streamed = ask(noun, unknown, size=2)
    assert texts(streamed, "Result") == ["PARTIAL"]
    assert texts(streamed, "Error/ID")[0] == "nobody"
    check(streamed, contract)
    assert canonical(streamed) == canonical(ask(noun, unknown))


@pytest.mark.parametrize("language", ["http://www.iec.ch/TC57/2011/schema/message", OLD])
@pytest.mark.parametrize("compressed", ["false", "true"])
@pytest.mark.parametrize("things", ["events", "controls", "schedules"], indirect=True)
def test_in_the_dialect_of_the_request(exchange, adapter, things, language, compressed):
    def get(size, **options):
        object.__setattr__(adapter.settings, "max_objects", size)
        return exchange.document(request(*things, compressed=compressed, **options).replace(MESSAGE_NS, language))

    streamed, whole = get(2, stream="true"), get(100)
    assert etree.QName(streamed).namespace == language
    assert opened(streamed) == opened(whole)
    assert {etree.QName(item).namespace for item in streamed.iter("{*}Compressed")} <= {language}


def opened(document):
    """In canonical XML, but what is compressed: that is compared as it was before, for it may be cut elsewhere."""
    for item in document.iter("{*}MessageID", "{*}CorrelationID", "{*}Timestamp"):
        item.text = "-"
    packed = next(document.iter("{*}Compressed"), None)
    if packed is not None:
        inside = etree.fromstring(gzip.decompress(base64.b64decode(packed.text)))
        packed.text = etree.canonicalize(inside)
    return etree.canonicalize(document)


# ------------------------------------------------------------------------------------- revisions


@pytest.mark.parametrize(
    ("noun", "make"), [("EndDeviceEvents", event), ("EndDeviceControls", control)], ids=["events", "controls"]
)
def test_revisions_are_told_one_after_the_other(ask, bring, noun, make, adapter):
    for n in SEVEN:
        bring(noun, make(f"e-{n}", n + 1), base=(BASE, OTHER)[n % 2])
    streamed = ask(noun, METER.format("m"), size=2, compressed="true")
    assert roots(streamed) == [(f"{{{BASE}{noun}#}}{noun}", 4), (f"{{{OTHER}{noun}#}}{noun}", 3)]
    check(streamed, adapter.catalogue)
    assert canonical(streamed) == canonical(ask(noun, METER.format("m"), compressed="true"))


def test_revisions_of_master_data(ask, bring, adapter):
    for n in SEVEN:
        bring("MeterConfig", metered(n), base=(BASE, OTHER)[n % 2])
    streamed = ask("MeterConfig", None, size=2)
    assert [tag for tag, _ in roots(streamed)] == [f"{{{base}MeterConfig#}}MeterConfig" for base in (BASE, OTHER)]
    check(streamed, adapter.catalogue)
    assert canonical(streamed) == canonical(ask("MeterConfig", None))


def test_roots_that_are_objects_themselves(ask, bring, adapter):
    for n in SEVEN:
        bring("Pump", f"<mRID>p-{n}</mRID>", base=OTHER)
    streamed = ask("Pump", None, size=2)
    assert texts(streamed, "Pump/mRID") == [f"p-{n}" for n in SEVEN]
    check(streamed, adapter.catalogue)
    assert canonical(streamed) == canonical(ask("Pump", None))


# ------------------------------------------------------------------------------------ definitions


def digits(document):
    """What each meter says by its functions, followed to their texts: by meter, sorted."""
    (root,) = next(document.iter("{*}Payload"))
    functions = {
        item.findtext("{*}Names/{*}name"): item for item in root.iterchildren("{*}SimpleEndDeviceFunction")
    }
    types = [name.text for name in root.iterfind("{*}ReadingType/{*}Names/{*}name")]
    found = {}
    for meter in root.iterchildren("{*}Meter"):
        own = [functions[item.get("ref")] for item in meter.iterchildren("{*}SimpleEndDeviceFunction")]
        assert all(item.get("ref") in types for function in own for item in function.iter("{*}ReadingType"))
        found[meter.findtext("{*}mRID")] = [
            function.findtext("{*}Registers/{*}leftDigitCount") for function in own
        ]
    return found


def test_equal_names_of_different_definitions_are_kept_apart(ask, bring, contract):
    for n in SEVEN:
        bring("MeterConfig", metered(n, digits=5 + n // 2 % 2))
    streamed = ask("MeterConfig", size=2)
    check(streamed, contract)
    assert (
        digits(streamed) == digits(ask("MeterConfig")) == {f"m-{n}": [str(5 + n // 2 % 2), str(n)] for n in SEVEN}
    )
    names = texts(streamed, "SimpleEndDeviceFunction/Names/name")
    assert len(names) == len(set(names)) == 9
    assert {f"own {n}" for n in SEVEN} < set(names)
    assert texts(streamed, "ReadingType/Names/name") == ["energy", "0.0.2.4.1.1.12.0"]


def test_what_a_definition_refers_to_is_a_part_of_what_it_means(ask, bring, contract):
    """Functions that are alike to the letter, but mean different reading types by one name."""
    for n in SEVEN:
        kind = f"<commodity>{'ab'[n // 2 % 2]}</commodity>"
        bring(
            "MeterConfig",
            metered(n).replace("<ReadingType><Names><name>energy", f"<ReadingType>{kind}<Names><name>energy"),
        )
    streamed = ask("MeterConfig", size=2)
    check(streamed, contract)
    assert len(texts(streamed, "SimpleEndDeviceFunction/Names/name")) == 9
    (root,) = next(streamed.iter("{*}Payload"))
    aliases = {
        item.findtext("{*}Names/{*}name"): item.findtext("{*}commodity")
        for item in root.iterchildren("{*}ReadingType")
    }
    functions = {
        item.findtext("{*}Names/{*}name"): item for item in root.iterchildren("{*}SimpleEndDeviceFunction")
    }
    for meter in root.iterchildren("{*}Meter"):
        n = int(meter.findtext("{*}mRID")[2:])
        function = functions[meter.find("{*}SimpleEndDeviceFunction").get("ref")]
        assert aliases[next(function.iter("{*}ReadingType")).get("ref")] == "ab"[n // 2 % 2]


def test_identifiers_of_the_standard_keep_their_names(ask, bring):
    for n in SEVEN:
        kind = f"<commodity>{n}</commodity>"
        bring(
            "MeterConfig",
            metered(n).replace("<ReadingType><Names><name>0.", f"<ReadingType>{kind}<Names><name>0."),
        )
    streamed = ask("MeterConfig", size=2)
    assert set(texts(streamed, "ReadingType/Names/name")) == {"energy", "0.0.2.4.1.1.12.0"}


# ------------------------------------------------------------------------- what changes meanwhile


@pytest.fixture
def meanwhile(adapter):
    """``meanwhile(query, change)``: the answer to a get, in pieces of 2, in the midst of which something happens.

    ``change`` is called as often as there are parts; it may return what is to happen then.
    """

    async def answered(text, change):
        object.__setattr__(adapter.settings, "max_objects", 2)
        arrival = Arrival(
            body=text.encode(), credentials=Credentials(), remote=None, wire=BareWire("text/xml"), streams=True
        )
        told = b""
        number = 0
        async for part in (await adapter.pipeline.take(arrival)).stream:
            told += part
            number += 1
            for happening in change(number):
                await adapter.pipeline.take(
                    Arrival(
                        body=happening.encode(), credentials=Credentials(), remote=None, wire=BareWire("text/xml")
                    )
                )
        return etree.fromstring(told)

    return lambda text, change: asyncio.run(answered(text, change))


def deleting(noun, name, kind="uuid", verb="delete"):
    head = f"<Header><Verb>{verb}</Verb><Noun>{noun}</Noun></Header>"
    named = f'<Request><ID kind="{kind}">{name}</ID></Request>'
    return f'<RequestMessage xmlns="{MESSAGE_NS}">{head}{named}</RequestMessage>'


def in_the_middle(happening, number=2):
    return lambda part: [happening] if part == number else []


def test_what_is_deleted_meanwhile_is_told_no_more(meanwhile, events):
    streamed = meanwhile(
        request(*QUERIES["events"], stream="true"), in_the_middle(deleting("EndDeviceEvents", "e-6"))
    )
    assert texts(streamed, "EndDeviceEvent/mRID") == [f"e-{n}" for n in range(6)]


def test_schedules_are_told_as_they_were(meanwhile, schedules, ask, contract):
    """What Reply/ID says belongs to them by the order alone."""
    change = in_the_middle(deleting("MeterReadSchedule", "message 3", "transaction"))
    streamed = meanwhile(request("MeterReadSchedule", stream="true"), change)
    assert texts(streamed, "Reply/ID") == [f"message {n}" for n in SEVEN]
    assert texts(streamed, "EndDevice/mRID") == [f"m-{n}" for n in SEVEN]
    assert texts(ask("MeterReadSchedule", size=2), "Reply/ID") == [f"message {n}" for n in SEVEN if n != 3]


def test_master_data_is_told_as_it_was(meanwhile, meters):
    change = in_the_middle(deleting("MeterConfig", "m-6"), number=1)
    streamed = meanwhile(request("MeterConfig", stream="true"), change)
    assert texts(streamed, "Meter/mRID") == [f"m-{n}" for n in SEVEN]


def test_ids_that_are_no_longer_true_break_it_off(meanwhile, schedules, adapter, monkeypatch):
    """A schedule whose commit came late, as a clock may have it."""
    monkeypatch.setattr(instants, "now", lambda: 2**52)
    change = in_the_middle(deleting("MeterReadSchedule", "message 3", "transaction"))
    with pytest.raises(Undelivered):
        meanwhile(request("MeterReadSchedule", stream="true"), change)
