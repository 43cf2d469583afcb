"""Files that are too large to be held: plain, in gzip, in a zip archive, with and without an envelope."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from lxml import etree

SMALL = {"bulk_bytes": 3_000, "bulk_part_bytes": 1_500}


@pytest.fixture
def large(new_drop):
    return new_drop(settings=SMALL)


@pytest.fixture
def meters(messages):
    return [messages.meter(f"m-{number}", 4) for number in range(30)]


def zipped(**members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(f"{name}.xml", body)
    return held.getvalue()


def results(drop, ending=".reply.xml"):
    return [etree.parse(path).findtext(".//{*}Reply/{*}Result") for path in drop.filed(ending)]


def test_an_envelope(large, messages, meters):
    large.put("a.xml", messages.create(*meters, header={"MessageID": "m"}))
    (report,) = large.take()
    assert (report.outcome, report.messages[0].message_id) == ("done", "m")
    assert large.stored() == {"m": (30, 120)}
    assert results(large) == ["OK"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_profile_alone_is_the_same_when_it_comes_again(large, messages, meters, pack):
    body = etree.tostring(messages.readings(*meters))
    for _ in range(2):
        large.put("a.xml", pack(body))
        (report,) = large.take()
        assert (report.outcome, report.messages[0].verb) == ("done", "created")
    assert list(large.stored().values()) == [(30, 120)]
    large.put("a.xml", pack(etree.tostring(messages.readings(*meters[1:]))))
    assert [report.outcome for report in large.take()] == ["done"]
    assert sorted(large.stored().values()) == [(29, 116), (30, 120)]


def test_members_of_an_archive(large, messages, meters):
    good = etree.tostring(messages.create(*meters, header={"MessageID": "good"}))
    bad = etree.tostring(messages.create(*meters, header={"MessageID": "bad"}))[:-20]
    small = etree.tostring(messages.create(meters[0], header={"MessageID": "small"}))
    large.put("a.zip", zipped(good=good, bad=bad, small=small))
    (report,) = large.take()
    assert [(said.member, said.result) for said in report.messages] == [
        ("good.xml", "OK"),
        ("bad.xml", "FAILED"),
        ("small.xml", "OK"),
    ]
    assert large.stored() == {"good": (30, 120), "small": (1, 4)}


def test_what_is_wrong_is_told_with_its_line(large, messages, meters):
    meters[-1]["IntervalBlocks"]["IntervalReadings"][2]["timeStamp"] = "yesterday"
    body = etree.tostring(messages.create(*meters), pretty_print=True)
    line = next(number for number, text in enumerate(body.splitlines(), 1) if b"yesterday" in text)
    large.put("a.xml", body)
    (report,) = large.take()
    (place,) = report.messages[0].findings
    assert (report.outcome, place.line, place.found) == ("rejected", line, "'yesterday'")
    assert place.path.startswith("MeterReadings/MeterReading[30]/")
    assert large.stored() == {}


def test_a_bomb_of_gzip(large):
    large.put("a.xml.gz", gzip.compress(b"<a>" + b" " * 100_000_000))
    (report,) = large.take()
    assert report.line.startswith("rejected a.xml.gz: 3.1 the gzip file holds more than 300 bytes for each")


def test_a_damaged_archive(large, messages, meters):
    whole = gzip.compress(etree.tostring(messages.create(*meters)))
    large.put("a.xml.gz", whole[:-12])
    (report,) = large.take()
    assert "cut off" in report.line
    assert large.stored() == {}
