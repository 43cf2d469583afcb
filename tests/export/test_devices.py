"""Events and controls as files."""

from __future__ import annotations

import csv
import json

import pytest
from lxml import etree
from pyarrow import parquet

from cim_adapter.contract import ContractFiles
from tests.export.conftest import HOSTILE, Home

FILTERS = [
    ("events", {}),
    ("events", {"meter": "meter-1"}),
    ("events", {"event-type": "powerOutage"}),
    ("events", {"severity": "low"}),
    ("events", {"status": "open"}),
    ("events", {"from": "2026-03-01T00:01:00Z"}),
    ("events", {"to": "2026-03-01T00:01:00Z"}),
    ("events", {"since": "2026-03-01T00:01:00Z"}),
    ("controls", {}),
    ("controls", {"meter": HOSTILE}),
    ("controls", {"control-type": "remoteDisconnect"}),
    ("controls", {"status": "canceled"}),
    ("controls", {"from": "2126-12-01T11:00:00Z"}),
]
EVENT_NS = "http://iec.ch/TC57/2011/EndDeviceEvents#"
NOUNS = {"events": "EndDeviceEvents", "controls": "EndDeviceControls"}


@pytest.mark.parametrize(("what", "given"), FILTERS)
def test_each_filter_finds_what_rest_finds(home, what, given):
    asked = {"event-type": "eventType", "control-type": "controlType"}
    told = home.told(f"end-device-{what}", **{asked.get(name, name): value for name, value in given.items()})
    options = [f"--{name}={value}" for name, value in given.items()]
    assert home.lines(what, *options) == told
    assert told


@pytest.fixture
def told_of(launcher, database, tmp_path, messages):
    """``told_of(verb, type, …)``: events of one tracking ID, without mRID. → what an export then has of events."""
    server = launcher.start()
    storage = ["--data", str(launcher.data), *(["--database", database] if database else [])]

    with server.client() as client:
        made = Home(launcher, server, client, tmp_path, storage)

        def run(verb, *codes):
            told = [
                {
                    "createdDateTime": "2026-03-01T10:00:00Z",
                    "issuerTrackingID": "7",
                    "Assets": {"mRID": "m-1"},
                    "EndDeviceEventType": {"ref": code},
                }
                for code in codes
            ]
            payload = messages.element(EVENT_NS, "EndDeviceEvents", {"EndDeviceEvent": told})
            message = messages.message(verb, header={"Noun": "EndDeviceEvents"}, payload=payload)
            assert messages.send(client, message).result == "OK"
            return lambda *options: {e["eventTypeCode"]: e["status"] for e in made.lines("events", *options)}

        yield run


def test_events_without_mrid_are_what_became_of_them(told_of):
    outage, restored = "3.26.0.85", "3.26.0.216"
    told_of("created", outage, restored)
    exported = told_of("closed", restored)
    assert exported() == {outage: "open", restored: "closed"}
    assert exported("--status=closed") == {restored: "closed"}


@pytest.mark.parametrize(("what", "given"), [("events", {}), ("events", {"severity": "low"}), ("controls", {})])
def test_a_document_is_valid_and_narrowed_as_rows_are(home, what, given):
    told = home.told(f"end-device-{what}", **given)
    document = etree.parse(home.export(what, *(f"--{name}={value}" for name, value in given.items()), form="xml"))
    etree.XMLSchema(etree.parse(ContractFiles.locate().xsd / f"{NOUNS[what]}.xsd")).assertValid(document)
    assert document.xpath("/*/*/*[local-name()='mRID']/text()") == [item["id"] for item in told]


def test_tables_have_what_is_nested(home):
    with home.export("events", form="csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row["details"]) for row in rows] == [[{"name": "by", "value": "=whom"}]] * 3
    assert {row["description"] for row in rows} == {"a line\nand another"}
    assert rows[1]["deviceId"] == f"'{HOSTILE}"
    table = parquet.read_table(home.export("controls", form="parquet")).to_pylist()
    told = home.told("end-device-controls")
    assert [row["devices"] for row in table] == [control["devices"] for control in told]
    assert [row["status"] for row in table] == [control["status"] for control in told]
    assert {str(row["effectiveInstant"].year) for row in table} == {"2126"}


def test_events_dropped_into_another_adapter_are_the_same(home, new_drop, tmp_path):
    drop = new_drop(role="partner")
    drop.put("events.xml", home.export("events", form="xml").read_bytes())
    assert [report.outcome for report in drop.take()] == ["done"]
    other = type(home)(home.launcher, home.server, home.client, tmp_path, ["--data", str(tmp_path / "data")])
    assert other.export("events").read_text() == home.export("events").read_text()
