"""A meter is exchanged in the middle of the month; whoever asks by usage point gets both meters' part."""

from __future__ import annotations

import uuid

import pytest
import requests
import zeep
from lxml import etree

LINKAGE = "http://iec.ch/TC57/2011/MasterDataLinkageConfig#"
NOUN = "MasterDataLinkageConfig"


@pytest.fixture
def named():
    """Names that no other test uses."""
    return {name: f"{name} {uuid.uuid4()}" for name in ("old", "new", "point", "other")}


@pytest.fixture
def linkage(messages):
    """A typed message that links or unlinks a meter and a usage point at the start of a day of March."""

    def make(verb, day, meter, point):
        content = {
            "ConfigurationEvent": {"effectiveDateTime": f"2026-03-{day:02}T00:00:00Z"},
            "Meter": {"mRID": meter},
            "UsagePoint": {"mRID": point},
        }
        header = {"Verb": verb, "Noun": NOUN, "MessageID": str(uuid.uuid4())}
        typed = f"http://iec.ch/TC57/2011/{NOUN}Message"
        made = etree.Element(f"{{{typed}}}{verb.capitalize()}{NOUN}", nsmap={None: typed})
        etree.SubElement(made, f"{{{typed}}}Header").extend(messages.element(messages.MSG, "Header", header))
        etree.SubElement(made, f"{{{typed}}}Payload").append(messages.element(LINKAGE, NOUN, content))
        return made

    return make


def parts(messages, answer):
    """For each MeterReading: meter, usage point, first and last time stamp, how many readings."""
    found = messages.plain(answer.payload)["MeterReading"]
    told = []
    for item in found if isinstance(found, list) else [found]:
        stamps = [reading["timeStamp"] for reading in item["IntervalBlocks"]["IntervalReadings"]]
        told.append((item["Meter"]["mRID"], item["UsagePoint"]["mRID"], stamps[0], stamps[-1], len(stamps)))
    return told


def test_the_old_meter_then_the_new_one(start_server, messages, linkage, named):
    server = start_server()
    with server.client() as client:

        def send(body, path="/soap"):
            return messages.send(client, body, path=path)

        assert send(linkage("create", 1, named["old"], named["point"]), f"/soap/Execute{NOUN}").result == "OK"
        for day in (13, 14, 15, 16):  # both meters send every day, wherever they are
            day_of = [messages.meter(named[name], 96, day=day) for name in ("old", "new")]
            assert send(messages.create(*day_of)).result == "OK"
        assert send(linkage("changed", 15, named["new"], named["point"]), f"/soap/Receive{NOUN}").result == "OK"
        refused = send(linkage("create", 16, named["new"], named["other"]), f"/soap/Execute{NOUN}")
        assert (refused.result, refused.codes) == ("FAILED", ["2.13"])
        assert refused.errors[0]["ID"]["_value_1"] == named["new"]
        assert refused.errors[0]["relatedID"]["_value_1"] == named["point"]
        asked = messages.get({"UsagePoint": {"mRID": named["point"]}})
        before = parts(messages, send(asked))
        assert before == [
            (named["old"], named["point"], "2026-03-13T00:15:00Z", "2026-03-15T00:00:00Z", 192),
            (named["new"], named["point"], "2026-03-15T00:15:00Z", "2026-03-17T00:00:00Z", 192),
        ]
    server.kill()
    with start_server().client() as client:
        again = messages.get({"UsagePoint": {"mRID": named["point"]}})
        assert parts(messages, messages.send(client, again)) == before


@pytest.fixture
def load(standing_server, only_the_server):
    """Makes zeep clients of a service."""
    session = requests.Session()
    session.trust_env = False
    session.headers["X-API-Key"] = standing_server.key
    transport = zeep.Transport(session=session, timeout=10, operation_timeout=30)
    yield lambda service: zeep.Client(f"{standing_server.url}/soap/{service}?wsdl", transport=transport).service
    session.close()


def header(verb, message_id=None):
    return {"Verb": verb, "Noun": NOUN, "MessageID": message_id or str(uuid.uuid4())}


def test_links_through_zeep(load, named):
    execute, get = load(f"Execute{NOUN}"), load(f"Get{NOUN}")
    number = str(uuid.uuid4())
    config = {
        "ConfigurationEvent": {"effectiveDateTime": "2026-03-01T00:00:00Z"},
        "Meter": [{"mRID": named["old"]}, {"mRID": named["new"]}],
        "UsagePoint": [{"mRID": named["point"]}],
    }
    create = execute.CreateMasterDataLinkageConfig
    assert create(header("create", number), Payload={NOUN: config}).Reply.Result == "OK"

    def linked(start, end):
        span = {
            "scheduleInterval": {"start": f"2026-03-{start:02}T00:00:00Z", "end": f"2026-03-{end:02}T00:00:00Z"}
        }
        query = {"Meter": [{"mRID": named["old"]}, {"mRID": named["new"]}], "TimeSchedule": [span]}
        return get.GetMasterDataLinkageConfig(header("get"), {f"Get{NOUN}": query})

    found = linked(1, 31).Payload.MasterDataLinkageConfig
    assert [{item.mRID for item in (*one.Meter, *one.UsagePoint)} for one in found] == [
        {named["old"], named["point"]},
        {named["new"], named["point"]},
    ]
    ids = [{"_value_1": number, "kind": "transaction"}]
    close = execute.CloseMasterDataLinkageConfig
    closed = close({**header("close"), "Timestamp": "2026-03-10T00:00:00Z"}, Request={"ID": ids})
    assert closed.Reply.Result == "OK"
    assert [one.ConfigurationEvent.status.value for one in linked(1, 31).Payload.MasterDataLinkageConfig] == [
        "closed",
        "closed",
    ]
    after = linked(10, 31)
    assert (after.Reply.Result, [error.code for error in after.Reply.Error]) == ("FAILED", ["5.7", "5.7"])
