"""Events and controls as files."""

from __future__ import annotations

import csv
import json

import pytest
from lxml import etree
from pyarrow import parquet

from cim_adapter.contract import ContractFiles
from tests.export.conftest import HOSTILE

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
NOUNS = {"events": "EndDeviceEvents", "controls": "EndDeviceControls"}


@pytest.mark.parametrize(("what", "given"), FILTERS)
def test_each_filter_finds_what_rest_finds(home, what, given):
    asked = {"event-type": "eventType", "control-type": "controlType"}
    told = home.told(f"end-device-{what}", **{asked.get(name, name): value for name, value in given.items()})
    options = [f"--{name}={value}" for name, value in given.items()]
    assert home.lines(what, *options) == told
    assert told


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
