"""Readings as files: what REST tells is what each format says, to whoever reads it."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

import pytest
from lxml import etree
from pyarrow import parquet

from cim_adapter.contract import ContractFiles
from tests.export.conftest import HOSTILE, exact, readings

FILTERS = {
    "meter": {"meter": ["meter-1"]},
    "meters": {"meter": ["meter-2", HOSTILE]},
    "usage point": {"usagePoint": ["place-1"]},
    "type": {"readingType": ["registerReads"]},
    "code": {"readingType": ["0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"]},
    "unit": {"unit": ["V"]},
    "phase": {"phase": ["AN", "BN"]},
    "direction": {"energyDirection": ["reverse"]},
    "length": {"intervalLength": ["PT15M"]},
    "quality": {"quality": ["estimated"]},
    "from": {"from": ["2026-03-01T00:30:00Z"]},
    "to": {"to": ["2026-03-01T01:15:00+01:00"]},
    "since": {"since": ["2026-03-01T00:30:00Z"]},
    "several": {"meter": ["meter-1"], "quality": ["estimated"], "from": ["2026-03-01T00:45:00Z"]},
}


def options(given: dict[str, list[str]]) -> list[str]:
    """As they stand on a command line."""
    names = {"usagePoint": "usage-point", "readingType": "reading-type"}
    names |= {"energyDirection": "energy-direction", "intervalLength": "interval-length"}
    return [f"--{names.get(name, name)}={value}" for name, values in given.items() for value in values]


@pytest.mark.parametrize("given", FILTERS.values(), ids=FILTERS)
def test_each_filter_finds_what_rest_finds(home, given):
    told = home.told("meter-readings", **given)
    assert home.lines("readings", *options(given)) == told
    assert 0 < len(told) < len(readings())


@pytest.mark.parametrize("name", ["phase", "quality", "several"])
def test_a_document_is_narrowed_as_rows_are(home, name):
    given = FILTERS[name]
    told = home.told("meter-readings", **given)
    document = etree.parse(home.export("readings", *options(given), form="xml"))
    values = document.xpath("//*[local-name()='value']/text()")
    assert sorted(values) == sorted(reading["value"] for reading in told)


def test_json_lines_are_what_rest_tells_digit_by_digit(home):
    text = home.export("readings").read_text()
    assert [exact(line) for line in text.splitlines()] == home.told("meter-readings")
    for digits in ("1.50", "-0", "230.10", "12345678901234567890.123456789"):
        assert f'"value":{digits},' in text


def test_csv_has_every_text_as_it_is_and_no_formula(home):
    path = home.export("readings", form="csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows].count("1.50") == 2
    assert {row["value"] for row in rows} >= {"-0", "12345678901234567890.123456789"}
    assert {row["meterId"] for row in rows} == {"meter-1", "meter-2", f"'{HOSTILE}"}
    assert [row["source"] for row in rows if row["source"]] == ["'=1+1"]
    assert [row["readingDateTime"] for row in rows] == [
        reading["readingDateTime"] for reading in home.told("meter-readings")
    ]


def test_parquet_has_texts_instants_and_numbers(home):
    table = parquet.read_table(home.export("readings", form="parquet"))
    rows, told = table.to_pylist(), home.told("meter-readings")
    assert [row["meterId"] for row in rows] == [reading["meterId"] for reading in told]
    by_value = {row["value"]: row for row in rows if row["meterId"] != "meter-1"}
    assert by_value["1.50"]["valueNumber"] == 1.5
    assert by_value["1.50"]["readingInstant"] == datetime(2026, 3, 1, 0, 15, tzinfo=UTC)
    large = by_value["12345678901234567890.123456789"]
    assert (large["valueNumber"], large["usagePointId"]) == (12345678901234567890.123456789, "place-1")
    assert large["readingDateTime"] == "2026-03-02T01:00:00+01:00"
    assert large["readingInstant"] == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert by_value["3.50"]["qualityCodes"] == next(r["qualityCodes"] for r in told if r["value"] == "3.50")
    assert by_value["-0"]["multiplier"] == 0


def test_xml_is_a_valid_meter_readings(home, main, capsys):
    path = home.export("readings", form="xml")
    schema = etree.XMLSchema(etree.parse(ContractFiles.locate().xsd / "MeterReadings.xsd"))
    document = etree.parse(path)
    schema.assertValid(document)
    names = document.xpath("//*[local-name()='Meter']/*[local-name()='Names']/*[local-name()='name']/text()")
    assert set(names) == {"meter-1", "meter-2", HOSTILE}
    assert main(["validate", "--stream", str(path)]) == 0
    assert "1 document, 0 invalid" in capsys.readouterr().out


def test_dropped_into_another_adapter_it_brings_the_same_readings(home, new_drop, tmp_path):
    exported = home.export("readings", form="xml")
    drop = new_drop(role="partner")
    drop.put("readings.xml", exported.read_bytes())
    assert [report.outcome for report in drop.take()] == ["done"]
    again = tmp_path / "again.jsonl"
    other = type(home)(home.launcher, home.server, home.client, tmp_path, ["--data", str(tmp_path / "data")])
    again = other.export("readings")
    assert again.read_text() == home.export("readings").read_text()


def test_nothing_found_is_an_empty_file_that_is_one(home, capsys):
    given = ("readings", "--meter", "meter-1", "--from", "2027-01-01T00:00:00Z")
    assert home.export(*given).read_bytes() == b""
    assert home.export(*given, form="csv").read_bytes().count(b"\r\n") == 1
    assert parquet.read_table(home.export(*given, form="parquet")).num_rows == 0
    document = etree.parse(home.export(*given, form="xml"))
    etree.XMLSchema(etree.parse(ContractFiles.locate().xsd / "MeterReadings.xsd")).assertValid(document)
    assert capsys.readouterr().err.count("cim-adapter: no readings fit this request: meter-1\n") == 4


def test_a_meter_that_nobody_knows_is_told(home, capsys):
    path = home.export("readings", "--meter", "meter-1", "--meter", "meter-x", status=1)
    assert len(path.read_text().splitlines()) == 4
    assert "meter-x" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--unit", "furlong"], "--unit: found 'furlong'; expected one of Wh"),
        (["--from", "yesterday"], "--from: found 'yesterday'; expected a date and time with its offset"),
        (["--reading-type", "x"], "--reading-type: found 'x'; expected 18 numbers"),
        (["--from=2026-03-01T00:00:00Z", "--from=2026-03-02T00:00:00Z"], "--from: found 2 values; expected one"),
    ],
)
def test_what_cannot_be_asked_is_said_and_nothing_is_written(home, capsys, given, said):
    path = home.folder / "never"
    assert home.run("export", "readings", *given, "--output", str(path)) == 2
    assert capsys.readouterr().err.startswith(f"cim-adapter: {said}")
    assert not path.exists()


def test_the_audit_trail_says_who_took_what(home, capsys):
    home.export("readings", "--meter", "meter-1", form="csv")
    capsys.readouterr()
    assert home.run("audit", "export") == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (row["transport"], row["verb"], row["noun"]) == ("command line", "get", "MeterReadings")
    (subject,) = row["subjects"]
    assert subject.startswith("Meter#")  # of a name the trail has a keyed hash
    assert home.run("audit", "verify") == 0
