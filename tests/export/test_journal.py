"""The journal as a file."""

from __future__ import annotations

import base64
import csv
import json

from lxml import etree
from pyarrow import parquet


def test_messages_come_in_the_order_of_their_arrival(home):
    found = home.lines("journal")
    assert [(row["verb"], row["noun"], row["result"]) for row in found[:3]] == [
        ("create", "MeterReadings", "OK"),
        ("create", "EndDeviceEvents", "OK"),
        ("get", "EndDeviceEvents", "OK"),
    ]
    assert [row["receivedDateTime"] for row in found] == sorted(row["receivedDateTime"] for row in found)
    assert {row["partner"] for row in found} == {"tester"}
    assert {row["transport"] for row in found} == {"rest"}
    assert all(row["uid"] and row["code"] for row in found)
    assert not any("request" in row or "reply" in row for row in found)


def test_filters(home):
    everything = home.lines("journal")
    given = ["--status=FAILED", "--partner=tester", f"--from={everything[2]['receivedDateTime']}"]
    expected = [row for row in everything[2:] if row["result"] == "FAILED"]
    assert home.lines("journal", *given) == expected != []
    assert home.lines("journal", "--partner=nobody") == []
    assert home.lines("journal", f"--to={everything[1]['receivedDateTime']}") == everything[:2]


def test_since_goes_on_behind_what_was_exported(home):
    everything = home.lines("journal")
    further = home.lines("journal", f"--since={everything[1]['receivedDateTime']}")
    assert further == everything[2:]


def test_bodies_are_opened_when_asked_for(home, capsys):
    (first, *_, last) = home.lines("journal", "--bodies")
    assert "MeterReadings" in first["request"]
    assert etree.fromstring(first["reply"].encode()).xpath("//*[local-name()='Result']/text()") == ["OK"]
    assert last["uid"] > first["uid"]
    capsys.readouterr()
    assert home.run("audit", "export") == 0
    row = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (row["noun"], row["subjects"]) == ("Journal", ["Journal/bodies"])


def test_a_body_that_is_no_text_comes_in_base64(home):
    body = b"\xff\x00 no text"
    headers = {"content-type": "text/xml"}
    assert home.client.post("/soap", content=body, headers=headers).status_code >= 400
    assert base64.b64decode(home.lines("journal", "--bodies")[-1]["requestBase64"]) == body
    document = etree.parse(home.export("journal", "--bodies", form="xml"))
    assert base64.b64decode(document.xpath("string(/journal/message[last()]/requestBase64)")) == body


def test_every_format_has_the_same_messages(home):
    found = home.lines("journal")
    with home.export("journal", form="csv").open(newline="", encoding="utf-8") as file:
        assert [row["uid"] for row in csv.DictReader(file)] == [row["uid"] for row in found]
    table = parquet.read_table(home.export("journal", form="parquet"))
    assert table["uid"].to_pylist() == [row["uid"] for row in found]
    document = etree.parse(home.export("journal", form="xml"))
    assert document.xpath("/journal/message/uid/text()") == [row["uid"] for row in found]
