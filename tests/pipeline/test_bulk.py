"""Messages that are taken in parts: what goes in comes out equal, all of it or nothing, each reading once."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest
from lxml import etree
from msgspec.structs import replace as replaced
from sqlalchemy import func, select

from cim_adapter import Adapter, Settings
from cim_adapter.access import Credentials, Identity
from cim_adapter.store.scope import Named
from cim_adapter.wire import Answer, Arrival, Interrupted, StreamBroken

PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"


class BareWire:
    """A transport without an envelope of its own."""

    name = "bare"

    def open(self, document):
        return document

    def close(self, message, _text):
        return Answer(body=etree.tostring(message))

    def fault(self, error, message):
        return Answer(body=etree.tostring(message), status=error.http_status)


class Pieces:
    """A stream of some bytes; ``between`` is called before each piece but the first."""

    def __init__(self, body, size=700, source=None, between=None):
        self.source = source
        self.digest = hashlib.sha256(body).digest() if source else None
        self._pieces = [body[start : start + size] for start in range(0, len(body), size)]
        self._between = between

    async def __aiter__(self):
        for number, piece in enumerate(self._pieces):
            if number and self._between is not None:
                await self._between(number)
            yield piece


class House:
    """An adapter that takes everything above 1 byte in parts of about ``part`` bytes."""

    def __init__(self, adapter):
        self.adapter = adapter

    def arrival(self, body=b"", partner="ACME"):
        who = Identity(name=partner, role="admin", credential="test", quota=0)
        return Arrival(body=body, credentials=Credentials(identity=who), remote=None, wire=BareWire())

    def take(self, message, **options):
        body = message if isinstance(message, bytes) else etree.tostring(message)
        stream = Pieces(body, **options)
        return self.read(asyncio.run(self.adapter.pipeline.take_stream(self.arrival(), stream)))

    def ask(self, message):
        body = message if isinstance(message, bytes) else etree.tostring(message)
        return self.read(asyncio.run(self.adapter.pipeline.take(self.arrival(body))))

    def read(self, answer):
        document = etree.fromstring(answer.body)
        return Said(document)

    def rows(self, table):
        tables = self.adapter.store.tables
        with_all = select(func.count()).select_from(getattr(tables, table))
        return self.adapter.store.read_now(lambda reader: reader.select(with_all).scalar())


class Said:
    def __init__(self, document):
        self.document = document
        self.text = etree.tostring(document).decode()
        self.result = document.findtext(".//{*}Reply/{*}Result")
        self.codes = [item.text for item in document.iterfind(".//{*}Reply/{*}Error/{*}code")]
        self.reasons = [item.text or "" for item in document.iterfind(".//{*}Reply/{*}Error/{*}reason")]
        self.payload = document.find(f".//{{{PROFILE}}}MeterReadings")


@pytest.fixture
def house(settings):
    """On an empty database of each kind."""
    with Adapter.prepared(replace(settings, bulk_part_bytes=1_500, bulk_threads=2)) as built:
        yield House(built)


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """For messages that leave nothing, or whose meters are asked for one by one."""
    own = Settings(data=tmp_path_factory.mktemp("bulk"), bulk_part_bytes=1_500, bulk_threads=2)
    with Adapter.prepared(own) as built:
        yield House(built)


@pytest.fixture
def ordinary(messages):
    """Meters as most messages have them."""
    return [messages.meter(f"m-{number}", 5, value=f"{number}.50") for number in range(40)]


def canonical(element):
    return etree.canonicalize(element, rewrite_prefixes=True, strip_text=False)


def everything(house, messages):
    return house.ask(messages.get({})).payload


def unusual(messages):
    """Everything that a MeterReading can hold."""
    qualities = [{"comment": "c", "timeStamp": "2026-03-01T01:00:00Z", "ReadingQualityType": {"ref": "1.0.0"}}]
    period = {"end": "2026-03-01T00:30:00+01:00", "start": "2026-03-01T00:15:00+01:00"}
    delta = {"ref": messages.DELTA}
    return [
        {
            "isCoincidentTrigger": "true",
            "EndDeviceEvents": {
                "mRID": "e-1",
                "createdDateTime": "2026-03-01T00:00:00Z",
                "EndDeviceEventType": {"ref": "3.26.0.85"},
            },
            "IntervalBlocks": [
                {"IntervalReadings": {"timePeriod": period, "value": "1"}, "ReadingType": delta}
                | {"IntervalReadings": [{"value": "<&>", "timePeriod": period}]},
                {
                    "IntervalReadings": [
                        {"timeStamp": "2026-03-01T00:15:00.5Z", "value": "1"},
                        {"timeStamp": "2026-03-01T01:30:00+01:00", "value": "2"},
                    ],
                    "PendingCalculation": {"offset": "1", "ReadingType": delta},
                    "ReadingType": {"ref": "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"},
                },
                {
                    "IntervalReadings": [
                        {
                            "reportedDateTime": "2026-03-01T00:20:00Z",
                            "source": "s",
                            "timeStamp": "2026-03-01T00:15:00Z",
                            "value": "",
                            "ReadingQualities": qualities,
                        }
                    ],
                    "ReadingType": {"ref": "1.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"},
                },
            ],
            "Meter": {"mRID": "all", "Names": [{"name": "n"}], "status": {"value": "fine"}},
            "Readings": [
                {"timeStamp": "2026-03-01T00:00:00Z", "value": "7", "ReadingType": {"ref": "r"}},
                {"timeStamp": "2026-03-01T00:00:00Z", "value": "8", "ReadingType": {"ref": "s"}},
            ],
            "UsagePoint": {"mRID": "here"},
            "valuesInterval": {"end": "2026-03-02T00:00:00Z", "start": "2026-03-01T00:00:00Z"},
        },
        {"IntervalBlocks": {"IntervalReadings": [], "ReadingType": delta}, "UsagePoint": {"mRID": "no readings"}},
        {"Meter": {"mRID": "nothing at all"}},
        messages.meter(None, 3) | {"Meter": {"Names": [{"name": "by name"}]}},
    ]


@pytest.mark.parametrize(("shape", "piece"), [("A", 7), ("B", 1_000), ("C", 100_000), ("typed", 2_000)])
def test_what_goes_in_comes_out_equal(house, messages, ordinary, shape, piece):
    sent = messages.create(*ordinary, shape=shape, header={"MessageID": "m"})
    wanted = canonical(next(sent.iter(f"{{{PROFILE}}}MeterReadings")))
    said = house.take(sent, size=piece)
    assert (said.result, said.codes) == ("OK", ["0.0"])
    assert house.rows("intake") == 0
    assert canonical(everything(house, messages)) == wanted


def test_all_that_a_meter_reading_can_hold(house, messages, ordinary, settings, tmp_path):
    """As the same message, taken at once, would have it."""
    sent = messages.create(*ordinary[:5], *unusual(messages), *ordinary[5:])
    said = house.take(sent)
    with Adapter.prepared(replace(settings, database="", data=tmp_path / "other")) as other:
        at_once = House(other)
        wanted = at_once.ask(sent)
        assert (said.result, said.reasons) == (wanted.result, wanted.reasons) == ("PARTIAL", wanted.reasons)
        assert canonical(everything(house, messages)) == canonical(everything(at_once, messages))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda body: body.replace(b"<MeterReading>", b"<!-- </MeterReading> --><MeterReading>"), id="1"
        ),
        pytest.param(lambda body: body.replace(b"1.50<", b"<![CDATA[1.50]]><"), id="CDATA"),
        pytest.param(
            lambda body: body.replace(b"<value>", b"<value><!-- </MeterReading><MeterReading> -->"), id="2"
        ),
        pytest.param(
            lambda body: body.replace(b"</MeterReading>", b"</MeterReading>\n<?x </MeterReading> ?>"), id="PI"
        ),
        pytest.param(lambda body: body.replace(b"</MeterReading>", b"</MeterReading\n >"), id="space in end tags"),
        pytest.param(
            lambda body: body.replace(b"<IntervalBlocks>", b"<IntervalBlocks >"), id="space in start tags"
        ),
        pytest.param(lambda body: body.replace(b"<IntervalReadings>", b"<IntervalReadings\t>"), id="tab"),
        pytest.param(lambda body: body.replace(b"00Z<", b"00&#90;<"), id="character references"),
        pytest.param(lambda body: body.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda body: b'<?xml version="1.0" encoding="UTF-8"?>\r\n' + body, id="declaration"),
        pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="byte order mark"),
        pytest.param(
            lambda body: (
                body.replace(
                    b'<MeterReadings xmlns="%b"' % PROFILE.encode(),
                    b'<q:MeterReadings xmlns:q="%b"' % PROFILE.encode(),
                )
                .replace(b"</MeterReadings>", b"</q:MeterReadings>")
                .replace(b"<MeterReading>", b'<MeterReading xmlns="%b">' % PROFILE.encode())
            ),
            id="prefixes",
        ),
    ],
)
def test_however_it_is_written(standing, messages, change):
    ordinary = [messages.meter(None, 5, value="1.50") for _ in range(40)]
    made = messages.create(*ordinary)
    profile = next(made.iter(f"{{{PROFILE}}}MeterReadings"))
    wanted = canonical(profile)
    plain = etree.tostring(_with_default_namespace(made))
    changed = change(plain)
    assert changed != plain
    assert standing.take(changed, size=333).result == "OK"
    asked = messages.get({"EndDevice": [made["Meter"] for made in ordinary]})
    assert canonical(standing.ask(asked).payload) == wanted


def _with_default_namespace(made):
    profile = next(made.iter(f"{{{PROFILE}}}MeterReadings"))
    alone = etree.Element(profile.tag, nsmap={None: PROFILE})
    for item in list(profile):
        alone.append(item)
    profile.getparent().replace(profile, alone)
    etree.cleanup_namespaces(alone)
    return made


def test_nobody_sees_a_message_that_is_not_whole(house, messages, ordinary):
    seen = []

    async def look(number):
        answer = await house.adapter.pipeline.take(house.arrival(etree.tostring(messages.get({}))))
        here = house.adapter.store.tables.reading_block
        stored = await house.adapter.store.read(
            lambda reader: reader.select(select(func.count()).select_from(here)).scalar()
        )
        seen.append((house.read(answer).payload is None, stored))

    assert house.take(messages.create(*ordinary), between=look, size=2_000).result == "OK"
    assert all(nothing for nothing, _ in seen)
    assert seen[-1][1] > 0  # though much of it was stored
    assert len(everything(house, messages)) == len(ordinary)


def test_what_is_wrong_at_the_end_takes_all_of_it_away(house, messages, ordinary):
    body = etree.tostring(messages.create(*ordinary), pretty_print=True)
    lines = body.splitlines()
    at = max(number for number, line in enumerate(lines) if b"timeStamp" in line)
    lines[at] = lines[at].replace(b"2026-", b"26-")
    said = house.take(b"\n".join(lines))
    assert said.document.tag.endswith("FaultMessage")
    assert said.codes == ["1.8"]
    assert (
        f"line {at + 1}, MeterReadings/MeterReading[40]/IntervalBlocks[1]/IntervalReadings[5]/timeStamp"
        in said.text
    )
    assert (house.rows("reading_block"), house.rows("intake")) == (0, 0)
    assert everything(house, messages) is None
    assert house.take(body).result == "OK"  # a message that failed may be mended and sent again


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda body: body[:-30], "1.8", "not well-formed"),
        (lambda body: body[: len(body) // 2], "1.8", "not well-formed"),
        (lambda body: body + b"<a/>", "1.8", "not well-formed"),
        (lambda body: body.replace(b"</MeterReadings>", b"<!DOCTYPE a></MeterReadings>"), "7.7", "DOCTYPE"),
        (lambda body: body.replace(b"39.50", b"&unknown;"), "1.8", "not well-formed"),
        (lambda body: body.replace(b"39.50", b"<a>" * 300 + b"</a>" * 300), "3.1", "256"),
        (lambda body: body.replace(b"39.50<", b"39.50<!-- never closed "), "1.8", "not well-formed"),
        (lambda body: body.replace(b"39.50", b"\0"), "1.8", "NUL"),
        (lambda body: body.replace(b"39.50", b"\xff"), "1.8", "not well-formed"),
        (lambda body: body.replace(b"</MeterReading>", b"", 5), "1.8", "not well-formed"),
        (lambda body: body.replace(b"<value>39.50", b'<value a="' + b'" b="'.join([b"x"] * 300) + b'">39', 1),
         "3.1", "256 attributes"),
        (lambda body: body.replace(b"</MeterReadings>", b"<Reading/></MeterReadings>"), "1.8", "Reading"),
        (lambda body: body.replace(b"<MeterReading><", b'<ReadingType><Names/></ReadingType><MeterReading><', 30),
         "1.8", "ReadingType"),
    ],
)  # fmt: skip
def test_hostile_ends(standing, messages, ordinary, change, code, text):
    made = etree.tostring(messages.create(*ordinary))
    before = standing.rows("reading_block")
    said = standing.take(change(made))
    assert set(said.codes) == {code}, said.text
    assert text in said.text
    assert (standing.rows("reading_block"), standing.rows("intake")) == (before, 0)


def test_one_element_that_is_huge(settings, messages):
    with Adapter.prepared(replace(settings, bulk_part_bytes=1_500, max_bytes=50_000)) as built:
        house = House(built)
        said = house.take(messages.create(messages.meter("a", 2), messages.meter("b", 2_000)))
        assert said.codes == ["3.1"]
        assert "a MeterReading of more than 50,000 bytes" in said.text
        assert (house.rows("reading_block"), house.rows("intake")) == (0, 0)
        assert house.take(messages.create(*(messages.meter(str(n), 20) for n in range(100)))).result == "OK"


def test_what_cannot_be_cut_is_taken_at_once(settings, messages):
    with Adapter.prepared(replace(settings, bulk_part_bytes=1_500, max_bytes=5_000)) as built:
        house = House(built)
        assert house.take(messages.get({}), size=100).result == "FAILED"  # nothing is there
        assert house.take(b"<a>" + b" " * 6_000 + b"</a>").codes == ["3.1"]
        assert house.take(b"<a/>").codes == ["1.8"]
        assert house.take(b"no XML").codes == ["1.8"]


def test_a_repeat(house, messages, ordinary):
    sent = messages.create(*ordinary, header={"MessageID": "m"})
    first, again = house.take(sent), house.take(sent)
    assert again.text == first.text
    other = messages.create(*ordinary[:-1], header={"MessageID": "m"})
    assert house.take(other).codes == ["2.15"]
    assert house.ask(messages.create(ordinary[0], header={"MessageID": "m"})).codes == ["2.15"]  # only its frame
    assert (house.rows("reading_block"), house.rows("intake"), house.rows("journal")) == (40, 0, 4)


def test_the_same_message_twice_at_once(house, messages, ordinary):
    body = etree.tostring(messages.create(*ordinary, header={"MessageID": "m"}))

    async def both():
        streams = [house.adapter.pipeline.take_stream(house.arrival(), Pieces(body)) for _ in range(2)]
        return [house.read(answer).text for answer in await asyncio.gather(*streams)]

    one, other = asyncio.run(both())
    assert one == other
    assert (house.rows("reading_block"), house.rows("intake")) == (40, 0)


def test_a_sender_who_goes_away(house, messages, ordinary):
    async def go(number):
        if number == 20:
            raise StreamBroken

    with pytest.raises(StreamBroken):
        house.take(messages.create(*ordinary), between=go)
    assert (house.rows("reading_block"), house.rows("intake"), house.rows("journal")) == (0, 0, 0)


def test_what_can_be_read_again_goes_on_where_it_was(house, messages, ordinary):
    """The adapter dies, as far as the store can see; the stream comes again."""
    body = etree.tostring(messages.create(*ordinary, header={"MessageID": "m"}))

    async def die(number):
        if number == len(body) // 700 - 2:
            raise OSError("power cut")

    with pytest.raises(Interrupted, match="power cut"):
        house.take(body, source="f", between=die)
    stored = house.rows("reading_block")
    assert stored > 10
    assert house.rows("intake") == 1
    assert everything(house, messages) is None
    assert house.take(body, source="f", size=4_321).result == "OK"
    assert (house.rows("reading_block"), house.rows("intake")) == (40, 0)
    assert len(everything(house, messages)) == 40


def test_another_file_of_the_same_name_begins_anew(house, messages, ordinary):
    async def die(number):
        if number == 30:
            raise OSError("power cut")

    with pytest.raises(Interrupted):
        house.take(messages.create(*ordinary), source="f", between=die)
    assert house.rows("reading_block") > 0
    assert house.take(messages.create(*ordinary[:30]), source="f").result == "OK"
    assert (house.rows("reading_block"), house.rows("intake")) == (30, 0)


def test_errors_are_bounded_and_counted(house, messages):
    nobody = {"IntervalBlocks": messages.meter("x", 1)["IntervalBlocks"]}
    said = house.take(messages.create(messages.meter("one", 2), *[nobody] * 1_100))
    assert said.result == "PARTIAL"
    assert len(said.codes) == 1_001
    assert said.reasons[-1].startswith("and 100 more")
    assert house.rows("reading_block") == 1


def test_a_delete_that_comes_meanwhile_does_not_touch_it(house, messages, ordinary):
    body = etree.tostring(messages.create(*ordinary))

    async def delete(number):
        if number == len(body) // 700 - 1:
            assert house.rows("reading_block") > 5
            told = messages.create(messages.meter("m-0", 2, value="later"))
            gone = messages.message("delete", ids=[{"objectType": "Meter", "_value_1": "m-0"}])
            for message in (told, gone):
                answer = await house.adapter.pipeline.take(house.arrival(etree.tostring(message)))
                assert house.read(answer).result == "OK"

    assert house.take(body, between=delete).result == "OK"
    found = house.ask(messages.get({"EndDevice": {"mRID": "m-0"}})).payload
    assert [value.text for value in found.iter("{*}value")] == ["0.50"] * 5
    assert house.rows("reading_block") == 41


def test_where_the_database_is_away_it_is_swept_later(standing, monkeypatch, caplog):
    async def away(_):
        raise OSError("no route to the database")

    async def run():
        monkeypatch.setattr(standing.adapter.store, "read", away)
        standing.adapter.pipeline.started()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run(run())
    assert caplog.messages == [
        "what is left of messages that were given up stays for now: no route to the database"
    ]


def test_a_caller_with_a_scope(house, messages, ordinary):
    only = (frozenset(Named("Meter", f"m-{number}") for number in range(39)),)
    who = Identity(name="ACME", role="admin", credential="test", quota=0, scopes=only)

    def take(*meters):
        arrival = replaced(house.arrival(), credentials=Credentials(identity=who))
        body = etree.tostring(messages.create(*meters))
        return house.read(asyncio.run(house.adapter.pipeline.take_stream(arrival, Pieces(body))))

    beyond = take(*ordinary)
    assert (beyond.result, beyond.codes) == ("FAILED", ["7.5"])
    assert (house.rows("reading_block"), house.rows("intake")) == (0, 0)
    assert take(*ordinary[:39]).result == "OK"
    assert house.rows("reading_block") == 39


def test_deletes_and_gets_work_as_with_others(house, messages, ordinary):
    house.take(messages.create(*ordinary, header={"MessageID": "m"}))
    later = messages.meter("m-3", 2, value="9")
    house.ask(messages.create(later))

    def values():
        found = house.ask(messages.get({"EndDevice": {"mRID": "m-3"}}))
        return [value.text for value in found.payload.iter("{*}value")]

    assert values() == ["9", "9", "3.50", "3.50", "3.50"]
    window = {"start": "2026-03-01T00:45:00Z", "end": "2026-03-01T01:00:00Z"}
    m_3 = {"objectType": "Meter", "_value_1": "m-3"}
    assert house.ask(messages.message("delete", ids=[m_3], **window)).result == "OK"
    assert values() == ["9", "9", "3.50"]
    whole = {"kind": "transaction", "_value_1": "m"}
    assert house.ask(messages.message("delete", ids=[whole])).result == "OK"
    assert values() == ["9", "9"]
