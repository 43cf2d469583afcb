"""Answers that are written while they are read: what is kept of them, and what becomes of those that break off."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from contextlib import contextmanager
from dataclasses import replace

import pytest
from lxml import etree
from sqlalchemy import select, text, update

from cim_adapter import Adapter, Settings, instants
from cim_adapter.access import Credentials, Identity
from cim_adapter.nouns.readings import streams
from cim_adapter.partners import Partners
from cim_adapter.store.scope import Named
from cim_adapter.transports.bare import BareWire
from cim_adapter.wire import Arrival, Undelivered

MESSAGE = "http://iec.ch/TC57/2011/schema/message"
METERS = [f"m-{n}" for n in range(6)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, fresh, tmp_path_factory):
    """An adapter that knows six meters with a reading each; whoever spoils it mends it."""
    with fresh(request.param) as database:
        settings = Settings(data=tmp_path_factory.mktemp("streams"), database=database, open=True)
        with Adapter.prepared(settings) as adapter:
            for meter in METERS:
                store(adapter, meter)
            yield adapter


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch):
    monkeypatch.setattr(streams, "_AT_ONCE", 2)


def store(adapter, meter):
    stamp = "<timeStamp>2026-03-01T00:15:00Z</timeStamp><value>1</value>"
    block = f'<IntervalBlocks><IntervalReadings>{stamp}</IntervalReadings><ReadingType ref="t"/></IntervalBlocks>'
    item = f"<MeterReading>{block}<Meter><mRID>{meter}</mRID></Meter></MeterReading>"
    profile = f'<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">{item}</MeterReadings>'
    assert b"OK" in asyncio.run(take(adapter, "create", f"<Payload>{profile}</Payload>")).body


def take(adapter, verb, content, header="", streams=True, who=None):
    head = f"<Header><Verb>{verb}</Verb><Noun>MeterReadings</Noun>{header}</Header>"
    body = f'<RequestMessage xmlns="{MESSAGE}">{head}{content}</RequestMessage>'
    return adapter.pipeline.take(
        Arrival(
            body=body.encode(),
            credentials=Credentials(identity=who),
            remote=None,
            wire=BareWire("text/xml"),
            streams=streams,
        )
    )


def get(adapter, header="", stream="true", streams=True, who=None, **options):
    given = {**({"stream": stream} if stream else {}), **options}
    asked = "".join(f"<Option><name>{name}</name><value>{value}</value></Option>" for name, value in given.items())
    return take(adapter, "get", f"<Request>{asked}</Request>" if asked else "", header, streams, who)


def whole(answering):
    async def run() -> bytes:
        answer = await answering
        return answer.body + b"".join([part async for part in answer.stream or _nothing()])

    return asyncio.run(run())


async def _nothing():
    for part in ():
        yield part


def told(document):
    return [element.text for element in etree.fromstring(document).iter("{*}mRID")]


def row(adapter):
    """The latest get of the journal, with its reply."""
    journal = adapter.store.tables.journal

    def read(reader):
        (found, *_) = reader.select(select(journal).where(journal.c.verb == "get").order_by(journal.c.uid.desc()))
        reply = reader.vault.open(bytes(found.reply), f"journal/{found.uid}/reply")
        return found, reply, None if found.streamed is None else json.loads(found.streamed)

    return adapter.store.read_now(read)


def audited(adapter):
    """What the trail says of the latest get."""
    audit, uid = adapter.store.tables.audit, row(adapter)[0].uid
    statement = select(audit.c.result, audit.c.code, audit.c.calls).where(audit.c.journal_uid == uid)
    found = adapter.store.read_now(lambda reader: reader.select(statement.order_by(audit.c.number)).all())
    return [tuple(event) for event in found]


def test_the_journal_has_its_digest_instead_of_a_copy(filled):
    document = whole(get(filled))
    assert told(document) == METERS
    found, reply, streamed = row(filled)
    assert (found.result, found.code) == ("OK", "0.0")
    assert streamed == {
        "state": "told",
        "size": len(document),
        "sha256": hashlib.sha256(document).hexdigest(),
        "count": 6,
    }
    (payload,) = etree.fromstring(reply).findall("{*}Payload")
    assert (len(payload), payload.text) == (0, None)
    assert audited(filled) == [("OK", "0.0", 1)]


def test_the_journal_knows_before_the_first_byte_leaves(filled):
    async def begin():
        return await get(filled)

    answer = asyncio.run(begin())
    assert answer.stream is not None
    assert (row(filled)[0].result, row(filled)[2]) == ("OK", {"state": "begun"})
    assert audited(filled) == [("OK", "0.0", 1)]


@contextmanager
def a_wrong_seal(adapter):
    block = adapter.store.tables.reading_block

    def last(transaction):
        return transaction.select(select(block.c.id, block.c.sealed).order_by(block.c.id.desc()).limit(1)).one()

    def put(id_, sealed):
        change(adapter, update(block).where(block.c.id == id_).values(sealed=sealed))

    before = adapter.store.read_now(last)
    put(before.id, b"x")
    yield
    put(before.id, before.sealed)


@contextmanager
def no_table(adapter):
    change(adapter, text("alter table reading_block rename to reading_block_elsewhere"))
    yield
    change(adapter, text("alter table reading_block_elsewhere rename to reading_block"))


def change(adapter, statement):
    asyncio.run(adapter.store.commit(lambda transaction: transaction.execute(statement)))


async def the_rest(answer, parts):
    async for part in answer.stream:
        parts.append(part)


@pytest.mark.parametrize("harm", [a_wrong_seal, no_table])
def test_what_fails_in_the_middle_is_no_document(filled, harm, caplog):
    parts = []

    async def begin():
        answer = await get(filled)
        parts.append(await anext(answer.stream))
        parts.append(await anext(answer.stream))
        return answer

    caplog.set_level(logging.ERROR, "cim_adapter.pipeline.streaming")
    with asyncio.Runner() as runner:
        answer = runner.run(begin())
        with harm(filled), pytest.raises(Undelivered, match="its log says why"):
            runner.run(the_rest(answer, parts))
    document = b"".join(parts)
    assert b"m-0" in document
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(document)
    found, _, streamed = row(filled)
    assert (found.result, found.code) == ("FAILED", "5.3")
    assert (streamed["state"], streamed["size"]) == ("broken off", len(document))
    assert streamed["reason"] == "the adapter could not go on; its log says why"
    assert audited(filled) == [("OK", "0.0", 1), ("FAILED", "5.3", 0)]
    assert found.uid in caplog.text


def test_who_goes_away_ends_the_work(filled, monkeypatch):
    async def read():
        answer = await get(filled)
        await anext(answer.stream)
        await anext(answer.stream)
        monkeypatch.setattr(filled.store, "read", None)
        with pytest.raises(Undelivered):
            await answer.stream.athrow(Undelivered("the caller went away"))

    asyncio.run(read())
    found, _, streamed = row(filled)
    assert (found.result, found.code) == ("FAILED", "4.1")
    assert (streamed["state"], streamed["reason"], streamed["count"]) == ("broken off", "the caller went away", 2)


def test_no_snapshot_is_kept_between_pieces(filled):
    """What is deleted meanwhile is told no more if its turn is still to come; no connection is held."""
    store(filled, "m-6")

    async def read():
        answer = await get(filled)
        parts = [await anext(answer.stream), await anext(answer.stream)]
        assert filled.store._reading.pool.checkedout() == 0
        asked = '<Request><ID objectType="Meter">m-6</ID></Request>'
        assert b"OK" in (await take(filled, "delete", asked)).body
        await the_rest(answer, parts)
        return b"".join(parts)

    assert told(whole(get(filled))) == [*METERS, "m-6"]
    assert told(asyncio.run(read())) == METERS


def test_every_piece_is_within_the_scope_of_the_caller(filled):
    scope = frozenset(Named.of(f"Meter:{meter}") for meter in METERS[1:5])
    who = Identity(name="ACME", role="admin", credential="key:1", scopes=(scope,))
    assert told(whole(get(filled, who=who))) == METERS[1:5]
    assert row(filled)[2]["count"] == 4


def test_a_message_that_comes_again_is_answered_anew(filled):
    header = "<MessageID>again</MessageID>"
    first, second = whole(get(filled, header)), whole(get(filled, header))
    assert told(first) == told(second) == METERS
    found, _, streamed = row(filled)
    assert streamed["state"] == "told"
    assert found.repeats is not None


def test_its_message_id_is_not_for_other_content(filled):
    header = "<MessageID>again</MessageID>"
    assert told(whole(get(filled, header))) == METERS
    assert b"2.15" in whole(get(filled, header, other="content"))
    assert told(whole(get(filled, header))) == METERS


def test_a_nonce_is_used_up(filled):
    created = instants.as_text(instants.now())
    replay = f"<ReplayDetection><Nonce>n</Nonce><Created>{created}</Created></ReplayDetection>"
    assert told(whole(get(filled, replay))) == METERS
    assert b"7.7" in whole(get(filled, replay))


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        ({"stream": "false"}, "whole"),
        ({"stream": None}, "whole"),
        ({"streams": False}, "whole"),
        ({"partSize": "100"}, "whole"),
        ({"header": "<AckRequired>false</AckRequired>"}, "none"),
    ],
)
def test_who_gets_no_stream(filled, asked, how):
    answer = asyncio.run(get(filled, **asked))
    assert answer.stream is None
    assert answer.status == (202 if how == "none" else 200)
    assert told(row(filled)[1]) == METERS


def test_an_option_that_says_neither(filled):
    assert b"<msg:code>1.6</msg:code>" in whole(get(filled, stream="perhaps"))


@pytest.mark.parametrize(
    ("setting", "partner", "option", "streamed"),
    [
        ("stream", None, None, True),
        ("stream", "parts", None, False),
        ("parts", "stream", None, True),
        ("parts", "stream", "false", False),
        ("stream", "parts", "true", True),
    ],
)
def test_who_says_which(filled, setting, partner, option, streamed):
    tables = {} if partner is None else {"anyone": {"large_answers": partner}}
    own = replace(filled.settings, large_answers=setting, partners=Partners.read(tables))
    with Adapter(own) as adapter:
        assert (asyncio.run(get(adapter, stream=option)).stream is not None) is streamed


def test_what_is_small_is_no_stream(filled):
    asked = (
        '<Request><Option><name>stream</name><value>true</value></Option><ID objectType="Meter">m-5</ID></Request>'
    )
    answer = asyncio.run(take(filled, "get", asked))
    assert answer.stream is None
    assert (told(answer.body), row(filled)[2]) == (["m-5"], None)
