"""The journal as a file."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import uuid

import pytest
from lxml import etree
from pyarrow import parquet
from sqlalchemy import update

from cim_adapter import Settings
from cim_adapter.store.store import Store
from tests.export.conftest import Home

ENDING = ("streamed", "streamedReason", "streamedSize", "streamedSha256", "streamedCount")


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


BROKEN = {"state": "broken off", "size": 7, "sha256": "ab", "count": 3, "reason": "=slow"}


@pytest.fixture
def streamed(launcher, database, tmp_path, messages):
    """A store with a message whose answer was no stream, and three with one: it was told, it broke off, it was
    begun when the server was killed.
    """
    server = launcher.start()
    storage = ["--data", str(launcher.data), *(["--database", database] if database else [])]
    with server.client() as client:
        assert messages.send(client, messages.create(messages.meter("m-1", count=5_000))).result == "OK"
        asked = messages.get({"EndDevice": {"mRID": "m-1"}}, options={"stream": "true"})
        for _ in range(3):
            asked.find("{*}Header/{*}MessageID").text = str(uuid.uuid4())
            assert messages.send(client, asked).result == "OK"
        server.stop()
        home = Home(launcher, server, client, tmp_path, storage)
    uids = [row["uid"] for row in home.lines("journal")][-2:]
    with Store(Settings.load(flags={"data": launcher.data, "database": database})) as store:
        for uid, ended in zip(uids, (BROKEN, {"state": "begun"}), strict=True):
            _set_ending(store, uid, json.dumps(ended))
    return home


def _set_ending(store, uid, text):
    table = store.tables.journal
    asyncio.run(store.commit(lambda tx: tx.execute(update(table).where(table.c.uid == uid).values(streamed=text))))


def test_how_streamed_answers_ended(streamed):
    home = streamed
    endings = [{name: row[name] for name in ENDING if name in row} for row in home.lines("journal")]
    kept, told, broken, begun = endings
    assert (kept, begun) == ({}, {"streamed": "begun"})
    assert (told["streamed"], told["streamedCount"], len(told["streamedSha256"])) == ("told", "5000", 64)
    assert int(told["streamedSize"]) > 100_000
    assert list(broken.values()) == ["broken off", "=slow", "7", "ab", "3"]
    with home.export("journal", form="csv").open(newline="", encoding="utf-8") as file:
        cells = [{name: row[name].lstrip("'") for name in ENDING if row[name]} for row in csv.DictReader(file)]
    assert cells == endings
    table = parquet.read_table(home.export("journal", form="parquet")).to_pylist()
    typed = [{name: row[name] for name in ENDING if row[name] is not None} for row in table]
    assert [{name: str(value) for name, value in row.items()} for row in typed] == endings
    assert (typed[2]["streamedSize"], typed[2]["streamedCount"]) == (7, 3)  # numbers
    document = etree.parse(home.export("journal", form="xml"))
    elements = [{child.tag: child.text for child in message} for message in document.iter("message")]
    assert [{name: row[name] for name in ENDING if name in row} for row in elements] == endings
