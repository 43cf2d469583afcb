"""One reply of any size, of whatever is no reading: over the wire, in bounded memory."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles

BASE = "http://iec.ch/TC57/2011/"
SOME = range(100)
PIECE = 40
METER = "<Meter><mRID>{}</mRID></Meter>"


@pytest.fixture(scope="module")
def standing_server(standing_on, tmp_path_factory):
    """A server of our own, which all fixtures here talk to: its parts and pieces are small."""
    with standing_on("sqlite", tmp_path_factory.mktemp("nouns"), CIM_ADAPTER_MAX_OBJECTS=str(PIECE)) as server:
        yield server


def request(verb, noun, *, payload="", query="", options=None, typed=False):
    """A message, generic or typed."""
    message, get = f"{BASE}schema/message", f"Get{noun}"
    outer = f"{BASE}{get if verb == 'get' else noun}Message" if typed else message
    root = (get if verb == "get" else f"{verb.capitalize()}{noun}") if typed else "RequestMessage"
    inside = f"<Verb>{verb}</Verb><Noun>{noun}</Noun><MessageID>{uuid.uuid4()}</MessageID>"
    inside = f"<o:Header>{inside}</o:Header>"
    if verb == "get":
        given = "".join(
            f"<o:Option><name>{name}</name><value>{value}</value></o:Option>"
            for name, value in (options or {}).items()
        )
        inside += f'<o:Request>{given}<{get} xmlns="{BASE}{get}#">{query}</{get}></o:Request>'
    else:
        inside += f'<o:Payload><{noun} xmlns="{BASE}{noun}#">{payload}</{noun}></o:Payload>'
    return etree.fromstring(f'<o:{root} xmlns:o="{outer}" xmlns="{message}">{inside}</o:{root}>')


@pytest.fixture
def bring(send):
    def bring(noun, content, verb="create"):
        answer = send(request(verb, noun, payload=content))
        assert answer.result == "OK", answer.errors

    return bring


def event(name, meter, n):
    created = f"{datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f"<EndDeviceEvent><mRID>{name}</mRID><createdDateTime>{created}</createdDateTime>"
        f'<Assets><mRID>{meter}</mRID></Assets><EndDeviceEventType ref="3.26.0.85"/></EndDeviceEvent>'
    )


def control(name, meter):
    return (
        f'<EndDeviceControl><mRID>{name}</mRID><EndDeviceControlType ref="3.31.0.23"/>'
        f"<EndDevices><mRID>{meter}</mRID></EndDevices><EndDevices><mRID>{meter}-b</mRID></EndDevices></EndDeviceControl>"
    )


def metered(name, n, label):
    function = (
        f"<SimpleEndDeviceFunction><Names><name>{label}</name></Names><Registers><leftDigitCount>{n}</leftDigitCount>"
        '<Channels><ReadingType ref="energy"/></Channels></Registers></SimpleEndDeviceFunction>'
    )
    kind = "<ReadingType><Names><name>energy</name></Names></ReadingType>"
    return f'<Meter><mRID>{name}</mRID><SimpleEndDeviceFunction ref="{label}"/></Meter>{kind}{function}'


@pytest.fixture
def things(bring, request):
    """A hundred of them under names of their own: noun, what asks for them, and where they are named."""
    own = uuid.uuid4().hex[:8]
    names = [f"{own}-{n:03}" for n in SOME]
    match request.param:
        case "EndDeviceEvents":
            bring("EndDeviceEvents", "".join(event(name, own, n) for n, name in enumerate(names)))
            bring("EndDeviceEvents", "".join(event(name, own, 0) for name in names[::3]), "close")
            return request.param, METER.format(own), "EndDeviceEvent/mRID"
        case "EndDeviceControls":
            bring("EndDeviceControls", "".join(control(name, own) for name in names))
            return request.param, METER.format(own), "EndDeviceControl/mRID"
        case "MeterReadSchedule":
            for name in names[:50]:
                bring(
                    "MeterReadSchedule",
                    f"<EndDevice><mRID>{own}</mRID></EndDevice><EndDevice><mRID>{name}</mRID></EndDevice>",
                )
            return request.param, f"<EndDevice><mRID>{own}</mRID></EndDevice>", "EndDevice/mRID"
        case "MasterDataLinkageConfig":
            since = "<effectiveDateTime>2026-03-01T00:00:00Z</effectiveDateTime>"
            meters, point = "".join(map(METER.format, names)), f"<UsagePoint><mRID>{own}</mRID></UsagePoint>"
            bring(request.param, f"<ConfigurationEvent>{since}</ConfigurationEvent>{meters}{point}")
            return request.param, point, "Meter/mRID"
        case "MeterConfig":
            for n, name in enumerate(names):
                bring("MeterConfig", metered(name, n % 3, "metrology"))
            return request.param, "".join(map(METER.format, names)), "Meter/mRID"
        case noun:
            kind = noun.removesuffix("Config")
            objects = "".join(f"<{kind}><mRID>{name}</mRID></{kind}>" for name in names)
            bring(noun, objects)
            return noun, objects, f"{kind}/mRID"


NOUNS = [
    "EndDeviceEvents",
    "EndDeviceControls",
    "MeterReadSchedule",
    "MasterDataLinkageConfig",
    "MeterConfig",
    "UsagePointConfig",
    "CustomerConfig",
]


def texts(message, path):
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return [found.text for found in message.xpath(f"//{steps}")]


def remarks(answers):
    """What is said of each object, without what is said of parts."""
    told = [error for answer in answers for error in answer.errors if error["code"] == "0.0" and "ID" in error]
    ids = [
        found["_value_1"] for answer in answers for found in answer.ids if found.get("idType") != "continuation"
    ]
    return told, ids


@pytest.fixture
def parts(send):
    """The answer in parts."""

    def ask(noun, query):
        found, options = [], {}
        while not found or options:
            found.append(send(request("get", noun, query=query, options=options)))
            assert found[-1].result == "PARTIAL", found[-1].errors
            options = {
                item["idType"]: item["_value_1"] for item in found[-1].ids if item.get("idType") == "continuation"
            }
        return found

    return ask


@pytest.mark.parametrize("things", NOUNS, indirect=True)
def test_it_tells_what_the_parts_tell(send, parts, messages, things):
    noun, query, path = things
    several = parts(noun, query)
    assert len(several) > 1
    named = [name for answer in several for name in texts(answer.message, path)]
    for typed, soap in ((False, messages.SOAP11), (True, messages.SOAP12)):
        answer = send(request("get", noun, query=query, options={"stream": "true"}, typed=typed), soap=soap)
        assert "content-length" not in answer.headers
        assert answer.soap == soap
        assert answer.result == "OK"
        assert texts(answer.message, path) == named
        assert remarks([answer]) == remarks(several)
        document = etree.fromstring(etree.tostring(answer.message))
        file = f"Get{noun}Message.xsd" if typed else "Message.xsd"
        etree.XMLSchema(etree.parse(ContractFiles.locate().schema(file))).assertValid(document)


def test_the_journal_counts_objects(standing_server, send, bring):
    own = uuid.uuid4().hex[:8]
    bring("EndDeviceEvents", "".join(event(f"{own}-{n}", own, n) for n in SOME))
    asked = request("get", "EndDeviceEvents", query=METER.format(own), options={"stream": "true"})
    answer = send(asked)
    with closing(sqlite3.connect(standing_server.data / "cim_adapter.db")) as database:
        statement = "select result, code, streamed from journal where message_id = ?"
        result, code, streamed = database.execute(statement, (asked.findtext(".//{*}MessageID"),)).fetchone()
    ended = json.loads(streamed)
    assert (result, code, ended["state"], ended["count"]) == ("OK", "0.0", "told", len(SOME))
    assert ended["size"] == len(answer.content)


# ------------------------------------------------------------------------------------ what it costs


def peak(server, asked, messages):
    """The most memory of its own that the server had while it answered, and the size of the answer. (Readers map
    the file of the database, which is no memory of theirs.)
    """
    (worker,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    most = size = 0
    with server.client() as client:
        headers = {"content-type": "text/xml"}
        content = etree.tostring(messages.envelope(asked))
        with client.stream("POST", "/soap", content=content, headers=headers) as answer:
            for chunk in answer.iter_raw(65_536):
                size += len(chunk)
                lines = Path(f"/proc/{worker}/status").read_text().splitlines()
                most = max(most, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
    return most * 1024, size


def test_memory_does_not_grow_with_events(standing_on, tmp_path, messages):
    counts = {"few": 6_000, "many": 24_000}
    with standing_on("sqlite", tmp_path) as server, server.client() as client:
        for meter, count in counts.items():
            for first in range(0, count, 3_000):
                some = (event(f"{meter}-{n}", meter, n) for n in range(first, first + 3_000))
                answer = messages.send(client, request("create", "EndDeviceEvents", payload="".join(some)))
                assert answer.result == "OK"

        def get(meter):
            query = METER.format(meter)
            return peak(
                server, request("get", "EndDeviceEvents", query=query, options={"stream": "true"}), messages
            )

        for _ in range(5):  # until every thread that reads has what it needs for a piece
            get("few")
        (small, little), (most, much) = get("few"), get("many")
    assert much > 3.5 * little
    assert most - small < 8_000_000


def test_memory_does_not_grow_with_master_data(standing_on, tmp_path, messages):
    """Meters with a function each, under names that mean one thing and names that mean several."""

    def meters(n):
        found, functions = "", ""
        for number in range(100):
            name = uuid.uuid4().hex
            label = f"{'metrology' if n % 2 else name} {number}"
            found += f'<Meter><mRID>{name}</mRID><SimpleEndDeviceFunction ref="{label}"/></Meter>'
            functions += (
                f"<SimpleEndDeviceFunction><Names><name>{label}</name></Names><Registers>"
                f"<leftDigitCount>{n}</leftDigitCount></Registers></SimpleEndDeviceFunction>"
            )
        return found + functions

    with standing_on("sqlite", tmp_path) as server, server.client() as client:
        for n in range(120):
            if n == 30:
                early = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            assert messages.send(client, request("create", "MeterConfig", payload=meters(n))).result == "OK"

        def get(**options):
            return peak(server, request("get", "MeterConfig", options={"stream": "true", **options}), messages)

        for _ in range(5):  # until every thread that reads has what it needs for a piece
            get(asOf=early)
        (small, little), (most, much) = get(asOf=early), get()
    assert much > 3.5 * little
    assert most - small < 8_000_000
