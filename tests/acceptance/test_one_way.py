"""AckRequired=false: nothing comes back, whatever became of the message; the journal knows."""

from __future__ import annotations

import uuid

import pytest
from lxml import etree
from sqlalchemy import select

from cim_adapter import Adapter, Settings


@pytest.fixture
def post(server, messages):
    with server.client() as client:

        def run(body, soap=messages.SOAP11):
            content = etree.tostring(messages.envelope(body, soap))
            return client.post("/soap", content=content, headers={"Content-Type": messages.content_type(soap)})

        yield run


@pytest.fixture
def journaled(server, database):
    """Result and code of the message with this MessageID."""

    def read(message_id: str) -> list[tuple[str, str]]:
        with Adapter.prepared(Settings(data=server.data, database=database)) as adapter:
            table = adapter.store.tables.journal
            rows = (
                select(table.c.result, table.c.code).where(table.c.message_id == message_id).order_by(table.c.uid)
            )
            return adapter.store.read_now(lambda reader: [tuple(row) for row in reader.select(rows)])

    return read


def one_way(**more) -> dict:
    return {"AckRequired": "false", "MessageID": str(uuid.uuid4()), **more}


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
def test_nothing_comes_back(post, messages, journaled, soap):
    soap = getattr(messages, soap)
    header, meter = one_way(), messages.meter()
    orphan = {"IntervalBlocks": messages.meter()["IntervalBlocks"]}
    bodies = {
        "stored": (messages.create(meter, header=header), ("OK", "0.0")),
        "again": (messages.create(meter, header=header), ("OK", "0.0")),
        "other content": (messages.create(messages.meter(), header=header), ("FAILED", "2.15")),
        "partly": (messages.create(messages.meter(), orphan, header=one_way()), ("PARTIAL", "1.7")),
        "not at all": (messages.create(orphan, header=one_way()), ("FAILED", "1.7")),
        "unknown verb": (messages.create(meter, header=one_way(Verb="destroy")), ("FAILED", "2.9")),
        "unknown noun": (messages.message("delete", ids=["m"], header=one_way(Noun="Bananas")), ("FAILED", "2.5")),
    }
    for name, (body, expected) in bodies.items():
        answer = post(body, soap)
        assert (name, answer.status_code, answer.content) == (name, 202, b"")
        assert journaled(next(body.iter("{*}MessageID")).text)[-1] == expected
    found = messages.open(post(messages.get({"EndDevice": meter["Meter"]})))
    assert messages.plain(found.payload) == {"MeterReading": meter}


def test_what_cannot_be_read_gets_its_fault(post, messages, journaled):
    header = one_way()
    body = messages.create(messages.meter(), header=header)
    next(body.iter("{*}timeStamp")).text = "never"
    answer = messages.open(post(body))
    assert (answer.status, answer.fault, answer.codes) == (500, "Client", ["1.8"])
    assert journaled(header["MessageID"]) == [("FAILED", "1.8")]


@pytest.mark.parametrize("flag", ["true", "1", None])
def test_whoever_does_not_decline_is_answered(post, messages, flag):
    body = messages.create(messages.meter(), header=one_way(AckRequired=flag))
    assert messages.open(post(body)).result == "OK"


@pytest.mark.parametrize("shape", ["B", "C", "typed"])
def test_in_every_shape(post, messages, shape):
    answer = post(messages.create(messages.meter(), shape=shape, header=one_way()))
    assert (answer.status_code, answer.content) == (202, b"")
