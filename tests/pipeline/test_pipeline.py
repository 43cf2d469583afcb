"""The one way in: what is answered, what is journaled, and on which thread the work is done."""

import asyncio
import logging
import threading
from dataclasses import dataclass
from types import ModuleType

import pytest
from lxml import etree
from sqlalchemy import select

from cim_adapter import Adapter, Reply, Settings, handles
from cim_adapter.access import Credentials, new_key
from cim_adapter.errors import AdapterError
from cim_adapter.store import api_keys, journal
from cim_adapter.wire import Answer, Arrival

MESSAGE = "http://iec.ch/TC57/2011/schema/message"
PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"
TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"
READING = "<IntervalReadings><timeStamp>2026-03-01T00:15:00Z</timeStamp><value>{}</value></IntervalReadings>"


def readings(value="1.50"):
    block = f'<IntervalBlocks>{READING.format(value)}<ReadingType ref="t"/></IntervalBlocks>'
    item = f"<MeterReading>{block}<Meter><mRID>m-1</mRID></Meter></MeterReading>"
    return f'<MeterReadings xmlns="{PROFILE}">{item}</MeterReadings>'


def header(verb="create", noun="MeterReadings", **more):
    parts = {"Verb": verb, "Noun": noun, **more}
    return "<Header>" + "".join(f"<{name}>{text}</{name}>" for name, text in parts.items()) + "</Header>"


def request(content="", root="RequestMessage", **given):
    return f'<{root} xmlns="{MESSAGE}">{header(**given)}{content}</{root}>'


def create(value="1.50", **given):
    return request(f"<Payload>{readings(value)}</Payload>", **given)


class BareWire:
    """A transport without an envelope of its own; it remembers on which thread it was opened."""

    name = "bare"
    thread: threading.Thread

    def open(self, document: etree._Element) -> etree._Element:
        self.thread = threading.current_thread()
        return document

    def close(self, message: etree._Element, _text: bytes) -> Answer:
        return Answer(body=etree.tostring(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return Answer(body=etree.tostring(message), status=error.http_status)


@dataclass
class Said:
    """An answer, as much of it as these tests ask for."""

    root: str
    result: str
    codes: list[str]
    reasons: list[str]
    ids: list[str]
    text: str


@pytest.fixture
def handlers():
    """A module of handlers that go wrong."""

    @handles("change", "MeterReadings")
    def explode(call, prepared, transaction):
        transaction.add(transaction.tables.vault_key, {"name": "half done", "sealed": b""})
        raise ZeroDivisionError("secret of the house")

    def explode_early(call):
        raise ZeroDivisionError("secret of the house")

    @handles("close", "MeterReadings", prepare=explode_early)
    def never(call, prepared, transaction):
        return Reply()

    module = ModuleType("broken")
    vars(module).update(explode=explode, never=never)
    return [module]


@pytest.fixture
def adapter(settings, handlers):
    with Adapter.prepared(settings, handlers) as built:
        yield built


@pytest.fixture
def key(adapter):
    """Makes an API key of a role."""

    def make(role, name="hes"):
        text, row = new_key(name=name, role=role)
        asyncio.run(adapter.store.commit(lambda tx: api_keys.add(tx, row)))
        return text

    return make


@pytest.fixture
def take(adapter, key):
    """What an admin (or who is given) gets for a body."""
    admin = key("admin")

    def run(body, credentials=None, wire=None):
        arrival = Arrival(
            body=body.encode() if isinstance(body, str) else body,
            credentials=credentials or Credentials(api_key=admin),
            remote="192.0.2.1",
            wire=wire or BareWire(),
        )
        answer = asyncio.run(adapter.pipeline.take(arrival))
        root = etree.fromstring(answer.body)
        return Said(
            root=etree.QName(root).localname,
            result=root.findtext(".//{*}Reply/{*}Result"),
            codes=[e.text for e in root.iterfind(".//{*}Error/{*}code")],
            reasons=[e.text for e in root.iterfind(".//{*}Error/{*}reason")],
            ids=[e.text for e in root.iterfind(".//{*}Reply/{*}ID")],
            text=answer.body.decode(),
        )

    return run


@pytest.fixture
def rows(adapter):
    """The journal, oldest first."""

    def read():
        table = adapter.store.tables.journal
        return adapter.store.read_now(lambda reader: reader.select(select(table).order_by(table.c.uid)).all())

    return read


# ------------------------------------------------------------------------------------- the journal


def test_a_message_and_its_answer_are_journaled(take, rows, adapter):
    body = create(Source="HES", MessageID="id-1", CorrelationID="c-1")
    said = take(body)
    assert (said.root, said.result, said.codes, said.ids) == ("ResponseMessage", "OK", ["0.0"], [])
    (row,) = rows()
    assert (row.partner, row.transport, row.remote) == ("hes", "bare", "192.0.2.1")
    assert (row.verb, row.noun, row.source) == ("create", "MeterReadings", "HES")
    assert (row.message_id, row.correlation_id, row.result, row.code) == ("id-1", "c-1", "OK", "0.0")
    stored = adapter.store.read_now(lambda reader: journal.read(reader, row.uid))
    assert (stored.request.decode(), stored.reply.decode()) == (body, said.text)


def test_strangers_leave_no_trace_in_the_journal(take, rows, caplog):
    for credentials, code in (
        (Credentials(), "7.2"),
        (Credentials(api_key="wrong"), "7.4"),
        (Credentials(authorization="Bearer x"), "7.4"),
        (Credentials(authorization="Basic %"), "7.4"),
    ):
        said = take(create(), credentials=credentials)
        assert (said.root, said.codes, said.ids) == ("FaultMessage", [code], [])
    assert rows() == []
    assert caplog.text.count("turned away over bare from 192.0.2.1") == 4


REFUSED = {
    "no xml": ("no xml", "FaultMessage", "1.8", None),
    "not well-formed": ("<a><b></a>", "FaultMessage", "1.8", None),
    "doctype": ("<!DOCTYPE a><a/>", "FaultMessage", "7.7", None),
    "no message": ("<order/>", "FaultMessage", "1.8", None),
    "no header": (f'<RequestMessage xmlns="{MESSAGE}"/>', "FaultMessage", "1.5", None),
    "no noun": (request(noun=""), "FaultMessage", "1.5", None),
    "invalid": (create(Timestamp="yesterday"), "FaultMessage", "1.8", "create"),
    "invalid payload": (create().replace("value>", "worth>"), "FaultMessage", "1.8", "create"),
    "unknown verb": (request(verb="destroy"), "ResponseMessage", "2.9", "destroy"),
    "unknown noun": (request(noun="Pumps"), "ResponseMessage", "2.5", "create"),
    "verb the noun has not": (request(verb="execute"), "ResponseMessage", "2.9", "execute"),
    "no payload": (request(), "ResponseMessage", "1.7", "create"),
    "nothing found": (request(verb="get"), "ResponseMessage", "5.7", "get"),
    "a reply with no such result": (
        request("<Reply><Result>MAYBE</Result></Reply>", root="ResponseMessage", verb="reply"),
        "FaultMessage",
        "1.8",
        "reply",
    ),
    "a bad time in shape B": (
        request("<Request><StartTime>2026-99-01T00:00:00Z</StartTime></Request>", root="Request", verb="get"),
        "FaultMessage",
        "1.8",
        "get",
    ),
    "no time at all in shape B": (
        request("<Request><StartTime>yesterday</StartTime></Request>", root="Request", verb="get"),
        "FaultMessage",
        "1.8",
        "get",
    ),
    "a control character in a crowded tag": (
        "<a\x01 " + " ".join(f'a{n}=""' for n in range(300)) + "/>",
        "FaultMessage",
        "3.1",
        None,
    ),
}


def test_what_is_refused_is_journaled_with_its_code(take, rows):
    """And the partner gets the id of the row, which the operator finds the message by."""
    wrong = {}
    for name, (body, root, code, verb) in REFUSED.items():
        try:
            said = take(body)
        except Exception as error:
            wrong[name] = repr(error)
            continue
        row = rows()[-1]
        answer = (said.root, said.result, set(said.codes), row.verb, row.result, row.code)
        if answer != (root, "FAILED", {code}, verb, "FAILED", code) or (
            root == "FaultMessage" and said.ids != [row.uid]
        ):
            wrong[name] = answer
    assert wrong == {}


def test_a_typed_message_is_refused_in_its_own_type(take):
    said = take(f'<CreateMeterReadings xmlns="{TYPED}"><Header/></CreateMeterReadings>')
    assert (said.root, said.codes) == ("MeterReadingsFaultMessage", ["1.5"])


def test_a_role_that_does_not_allow_it(take, key, rows):
    reader = Credentials(api_key=key("reader", "control room"))
    said = take(create(), credentials=reader)
    assert (said.root, said.codes) == ("ResponseMessage", ["7.5"])
    assert "control room has the role reader, which does not allow create MeterReadings" in said.reasons[0]
    assert [(row.partner, row.code) for row in rows()] == [("control room", "7.5")]


def test_all_findings_are_told(take):
    said = take(create().replace("Z</timeStamp>", "X</timeStamp>").replace("value>", "worth>"))
    assert len(said.codes) == 2
    assert all("line 1" in reason for reason in said.reasons)


# ------------------------------------------------------------------------------------- sent twice


def test_a_copy_is_journaled_as_one(take, rows):
    first, again = (take(create(MessageID="id-1")) for _ in range(2))
    assert again.text == first.text
    one, copy = rows()
    assert (one.repeats, copy.repeats) == (None, one.uid)
    assert (copy.result, copy.code) == ("OK", "0.0")


def test_a_later_timestamp_makes_no_other_message(take):
    said = [take(create(Timestamp=f"2026-03-01T00:00:0{n}Z", MessageID="id-1")) for n in range(2)]
    assert said[0].text == said[1].text


def test_a_used_message_id_with_other_content(take, rows):
    take(create("1", MessageID="id-1"))
    said = take(create("2", MessageID="id-1"))
    assert (said.result, said.codes) == ("FAILED", ["2.15"])
    assert "MessageID id-1 was used with other content at 20" in said.reasons[0]
    assert [(row.result, row.repeats) for row in rows()] == [("OK", None), ("FAILED", None)]


def test_two_partners_may_use_the_same_message_id(take, key):
    mdm = Credentials(api_key=key("admin", "mdm"))
    assert take(create("1", MessageID="id-1")).result == "OK"
    assert take(create("2", MessageID="id-1"), credentials=mdm).result == "OK"


def test_copies_that_arrive_at_once_are_stored_once(adapter, key, rows):
    credentials = Credentials(api_key=key("admin"))

    async def main():
        arrival = Arrival(
            body=create(MessageID="id-1").encode(), credentials=credentials, remote=None, wire=BareWire()
        )
        return await asyncio.gather(*(adapter.pipeline.take(arrival) for _ in range(20)))

    assert len({answer.body for answer in asyncio.run(main())}) == 1
    assert len([row for row in rows() if row.repeats is None]) == 1


# ---------------------------------------------------------------------------------- when it fails


@pytest.mark.parametrize("verb", ["change", "close"])
def test_a_handler_that_explodes(take, rows, adapter, caplog, verb):
    with caplog.at_level(logging.ERROR, "cim_adapter"):
        said = take(create(verb=verb, MessageID="id-1"))
    (row,) = rows()
    assert (said.root, said.result, said.codes, said.ids) == ("ResponseMessage", "FAILED", ["5.3"], [row.uid])
    assert (row.result, row.code, row.verb) == ("FAILED", "5.3", verb)
    for secret in ("secret of the house", "ZeroDivisionError", "Traceback", ".py"):
        assert secret not in said.text
    (record,) = [record for record in caplog.records if record.name == "cim_adapter.pipeline"]
    assert row.uid in record.getMessage()
    assert "ZeroDivisionError: secret of the house" in caplog.text
    names = adapter.store.read_now(
        lambda reader: reader.select(select(reader.tables.vault_key.c.name)).scalars().all()
    )
    assert names == ["index"]  # what it had done is undone


def test_a_handler_that_explodes_does_not_harm_its_neighbours(adapter, key):
    credentials = Credentials(api_key=key("admin"))
    bodies = [create(verb="change" if n % 3 else "create", MessageID=str(n)) for n in range(30)]

    async def main():
        return await asyncio.gather(
            *(
                adapter.pipeline.take(
                    Arrival(body=body.encode(), credentials=credentials, remote=None, wire=BareWire())
                )
                for body in bodies
            )
        )

    results = [etree.fromstring(answer.body).findtext(".//{*}Result") for answer in asyncio.run(main())]
    assert results == ["FAILED" if n % 3 else "OK" for n in range(30)]


def test_a_database_that_went_away_is_told_and_not_shown(take, adapter, monkeypatch, caplog):
    async def gone(*_):
        raise OSError("disk at /dev/secret is full")

    monkeypatch.setattr(adapter.store.writer, "prepare_and_commit", gone)
    monkeypatch.setattr(adapter.store, "commit", gone)
    said = take(create())
    assert (said.result, said.codes) == ("FAILED", ["5.3"])
    assert "/dev/secret" not in said.text
    assert "is not in the journal" in caplog.text


def test_a_database_that_cannot_tell_who_is_calling(take, adapter, monkeypatch):
    async def gone(*_):
        raise OSError("disk at /dev/secret is full")

    monkeypatch.setattr(adapter.store, "read", gone)
    said = take(create())
    assert (said.root, said.result, said.codes) == ("FaultMessage", "FAILED", ["5.3"])
    assert "/dev/secret" not in said.text


# ------------------------------------------------------------------------------------------ threads


def test_bodies_are_read_off_the_event_loop_and_large_ones_off_the_writer(take, settings):
    small, large = BareWire(), BareWire()
    assert take(create(), wire=small).result == "OK"
    blanks = " " * settings.inline_bytes
    assert take(create().replace("<Header>", f"{blanks}<Header>"), wire=large).result == "OK"
    assert small.thread.name == "cim-writer"
    assert large.thread.name != "cim-writer"
    assert threading.main_thread() not in (small.thread, large.thread)


def test_other_encodings_are_read_and_kept_as_sent(take, rows, adapter):
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"):
        declared = "UTF-8" if encoding == "utf-8-sig" else "UTF-16"
        body = f'<?xml version="1.0" encoding="{declared}"?>{create(Source="Zähler-✓")}'.encode(encoding)
        assert take(body).result == "OK"
        row = rows()[-1]
        assert row.source == "Zähler-✓"
        assert adapter.store.read_now(lambda reader, uid=row.uid: journal.read(reader, uid)).request == body


def test_a_message_is_answered_in_its_shape(take):
    payload = f"<Payload>{readings()}</Payload>"
    abstract = '<a:Request xmlns:a="http://iec.ch/TC57/2011/abstract">{}</a:Request>'
    for body, root in (
        (request(payload), "ResponseMessage"),
        (request(payload, root="Request"), "Response"),
        (abstract.format(request(payload, root="message")), "Response"),
    ):
        said = take(body)
        assert (said.root, said.result) == (root, "OK")


def test_open_adapters_know_no_strangers(database, tmp_path):
    with Adapter.prepared(Settings(data=tmp_path / "data", database=database, open=True)) as adapter:
        arrival = Arrival(body=create().encode(), credentials=Credentials(), remote=None, wire=BareWire())
        answer = asyncio.run(adapter.pipeline.take(arrival))
    assert etree.fromstring(answer.body).findtext(".//{*}Result") == "OK"
