"""Answers in parts, and as a stream: together they are the whole answer, whatever is asked and however small they
are.
"""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from cim_adapter import Adapter, Settings
from cim_adapter.envelope import Result
from cim_adapter.nouns.readings import absence, streams
from cim_adapter.nouns.readings.model import Block, MeterReading, Reading
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind

GET = "http://iec.ch/TC57/2011/GetMeterReadings#"
LINKAGE = "http://iec.ch/TC57/2011/MasterDataLinkageConfig#"
GROUPS = "http://iec.ch/TC57/2011/EndDeviceGroups#"


def ask(*elements):
    return "".join(f"<{kind}><mRID>{mrid}</mRID></{kind}>" for kind, mrid in elements)


def schedule(first, last):
    span = f"<end>2026-03-{last:02}T00:00:00Z</end><start>2026-03-{first:02}T00:00:00Z</start>"
    return f"<TimeSchedule><scheduleInterval>{span}</scheduleInterval></TimeSchedule>"


def reading_type(name):
    return f"<ReadingType><Names><name>{name}</name></Names></ReadingType>"


EVERYTHING = ""
TYPES = ("kWh", "kvarh", "other", "nothing")
QUESTIONS = {
    "everything": EVERYTHING,
    "two meters": ask(("EndDevice", "one"), ("EndDevice", "long")),
    "a long one": ask(("EndDevice", "long")),
    "a silent one": ask(("EndDevice", "long"), ("EndDevice", "silent")),
    "an unknown one": ask(("EndDevice", "long"), ("EndDevice", "nobody")),
    "a time": schedule(3, 9),
    "two times": schedule(3, 5) + schedule(8, 9),
    "a type": reading_type("kvarh"),
    "a group": ask(("EndDeviceGroup", "g")),
    "a usage point": ask(("UsagePoint", "linked")),
    "usage points": ask(("UsagePoint", "linked"), ("UsagePoint", "alone"), ("UsagePoint", "named")),
    "a meter at a usage point": ask(("EndDevice", "long"), ("UsagePoint", "linked")),
    "types, one absent": reading_type("kWh") + reading_type("kvarh") + reading_type("nothing"),
    "types, of a meter": ask(("EndDevice", "long"), ("EndDevice", "silent"))
    + reading_type("other")
    + reading_type("kWh")
    + reading_type("nothing"),
    "a type that is absent for a time": ask(("EndDevice", "long"))
    + reading_type("kWh")
    + reading_type("kvarh")
    + schedule(14, 19),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A database with every kind of readings in it; nothing here changes it."""
    fresh_database = request.getfixturevalue("fresh")
    with fresh_database(request.param) as database:
        settings = Settings(data=tmp_path_factory.mktemp("parts"), database=database, open=True)
        with Adapter.prepared(settings) as adapter:
            exchange = request.getfixturevalue("exchange_on")(adapter)
            _fill(exchange)
        yield settings


def _fill(exchange):
    def send(meter, *days, point=None, reading_type="kWh", kind=Kind.INTERVALS, value="1"):
        made = [Reading(timestamp=f"2026-03-{day:02}T12:00:00Z", value=f"{value} {day}") for day in days]
        for n, reading in enumerate(made):
            reading.position = n if kind is Kind.REGISTERS else 0
        owner = [Identity(name) if name else None for name in (meter, point)]
        reply = exchange.create(MeterReading(*owner, [Block(kind, reading_type, made)])).reply
        assert reply.result is Result.OK, reply.errors

    send("one", 1)
    send("one", 2, reading_type="kvarh")
    for first in range(1, 21, 4):
        send("long", *range(first, first + 4))
    send("long", 5, 6, 7, value="later")
    send("long", 3, 9, 10, kind=Kind.REGISTERS)
    send("long", *range(4, 13, 2), reading_type="kvarh")
    send("named", 1, 2, 3, point="named")
    send("named", 2, value="later")
    send(None, 4, 5, 6, point="alone")
    for n in range(1, 8):
        send(f"many-{n}", 1, 2)
    exchange.delete("<ID>one</ID>", request="<StartTime>2026-03-02T00:00:00Z</StartTime>")
    when = "<ConfigurationEvent><effectiveDateTime>2026-03-06T00:00:00Z</effectiveDateTime></ConfigurationEvent>"
    linked = "<Meter><mRID>long</mRID></Meter><UsagePoint><mRID>linked</mRID></UsagePoint>"
    payload = f'<MasterDataLinkageConfig xmlns="{LINKAGE}">{when}{linked}</MasterDataLinkageConfig>'
    assert exchange.send("create", noun="MasterDataLinkageConfig", payload=payload).reply.result is Result.OK
    members = "".join(f"<EndDevices><mRID>{name}</mRID></EndDevices>" for name in ("one", "long", "many-3"))
    group = f"<EndDeviceGroup><mRID>g</mRID>{members}</EndDeviceGroup>"
    payload = f'<EndDeviceGroups xmlns="{GROUPS}">{group}</EndDeviceGroups>'
    assert exchange.send("create", noun="EndDeviceGroups", payload=payload).reply.result is Result.OK
    silent = '<MeterConfig xmlns="http://iec.ch/TC57/2011/MeterConfig#"><Meter><mRID>silent</mRID></Meter></MeterConfig>'
    assert exchange.send("create", noun="MeterConfig", payload=silent).reply.result is Result.OK


def told(reply, items):
    """Result, errors and readings."""
    return (
        reply.reply.result.value,
        [(e.code, e.id and e.id.value) for e in reply.reply.errors],
        [
            (
                item.meter.mrid if item.meter else "",
                item.usage_point.mrid if item.usage_point else "",
                block.kind,
                block.reading_type,
                reading.timestamp,
                reading.value,
            )
            for item in items
            for block in item.blocks
            for reading in block.readings
        ],
    )


@pytest.fixture
def parts(filled, exchange_on, readings_of):
    """The readings of each part of an answer, and its errors, with parts of so many readings."""

    def run(question, size):
        with Adapter(replace(filled, max_readings=size)) as adapter:
            exchange = exchange_on(adapter)
            found, option = [], ""
            while True:
                reply = exchange.get(question, option)
                found.append(told(reply, readings_of(reply)))
                tokens = [i.value for i in reply.reply.ids if i.id_type == "continuation"]
                if not tokens:
                    return found
                option = f"<Option><name>continuation</name><value>{tokens[0]}</value></Option>"
                assert len(found) < 500, "this never ends"

    return run


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_the_parts_are_the_whole(parts, question):
    ((_, whole_errors, whole),) = parts(question, 1000)
    for size in (1, 2, 3, 5, 8, 13):
        found = parts(question, size)
        readings = [reading for _, _, part in found for reading in part]
        assert sorted(readings) == sorted(whole), size
        if len(found) > 1:
            assert [errors[0][0] for _, errors, _ in found] == ["0.1"] * (len(found) - 1) + ["0.2"]
            assert {result for result, _, _ in found} == {"PARTIAL"}
            missing = [error for _, errors, _ in found for error in errors[1:]]
            assert sorted(missing) == sorted(error for error in whole_errors if error[0] != "0.0"), size
            types = [error for error in whole_errors if error[1] in TYPES]
            assert [error for error in found[0][1] if error[1] in TYPES] == types, size  # the first part tells


def test_parts_are_as_large_as_they_may_be(parts):
    sizes = [len(part) for _, _, part in parts(EVERYTHING, 8)]
    assert max(sizes) <= 8 + 3  # a part ends with a whole block
    assert len(sizes) < 12


def test_what_fits_is_no_part(parts):
    total = len(parts(EVERYTHING, 1000)[0][2])
    ((result, errors, _),) = parts(EVERYTHING, total + 20)  # what later readings replaced counts, too
    assert (result, errors) == ("OK", [("0.0", None)])


def test_readings_that_begin_together_are_not_cut(filled, exchange_on, readings_of, parts):
    found = parts(ask(("EndDevice", "one")) + schedule(1, 2), 1)
    assert [(result, errors) for result, errors, _ in found] == [("OK", [("0.0", None)])]


@pytest.fixture
def begun(filled, exchange_on):
    """An exchange with small parts, a question, and the token of its second part."""
    with Adapter(replace(filled, max_readings=5)) as adapter:
        exchange = exchange_on(adapter)
        question = ask(("EndDevice", "long"))
        (token,) = (i.value for i in exchange.get(question).reply.ids)
        yield exchange, question, token


def option(token):
    return f"<Option><name>continuation</name><value>{token}</value></Option>"


def refused(message):
    assert (message.reply.result, [e.code for e in message.reply.errors]) == (Result.FAILED, ["2.15"])
    assert "does not go on with this request" in message.reply.errors[0].reason
    return True


def test_a_part_may_be_asked_for_again_and_after_a_restart(filled, exchange_on, begun, readings_of):
    exchange, question, token = begun
    first = readings_of(exchange.get(question, option(token)))
    assert readings_of(exchange.get(question, option(token))) == first
    with Adapter(replace(filled, max_readings=5)) as other:
        assert readings_of(exchange_on(other).get(question, option(token))) == first


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda token: "",
        lambda token: "next",
        lambda token: token[:-4],
        lambda token: "B" + token[1:],
        lambda token: token[:40] + ("B" if token[40] == "A" else "A") + token[41:],
        lambda token: "AAAA" * 30,
        lambda token: token + "ü",
    ],
    ids=["empty", "made up", "cut off", "other format", "changed", "zeros", "no ASCII"],
)
def test_a_token_that_was_not_given_is_refused(begun, spoilt):
    exchange, question, token = begun
    assert refused(exchange.get(question, option(spoilt(token))))


def test_a_token_answers_no_other_question(begun):
    exchange, question, token = begun
    assert refused(exchange.get(ask(("EndDevice", "one")), option(token)))
    assert refused(exchange.get(question + schedule(1, 3), option(token)))
    assert refused(exchange.get(question, f"<StartTime>2026-03-01T00:00:00Z</StartTime>{option(token)}"))


def test_a_token_serves_no_other_partner(filled, exchange_on, begun):
    """Whoever overhears it cannot use it: what he may read, he may ask for himself."""
    exchange, question, token = begun
    pipeline = exchange.adapter.pipeline
    who = pipeline._access.who

    async def another(credentials):
        return type(await who(credentials))(name="another", role="admin")

    pipeline._access.who = another
    assert refused(exchange.get(question, option(token)))


def test_a_token_tells_nothing(begun):
    _, _, token = begun
    assert b"long" not in base64.urlsafe_b64decode(token)
    assert len(token) < 200


# --------------------------------------------------------------------------------------- as a stream

FORESEEN = QUESTIONS | {
    "nothing but an absent type": ask(("EndDevice", "long")) + reading_type("nothing"),
    "a time without one of them": ask(("EndDevice", "one"), ("EndDevice", "long")) + schedule(2, 2),
    "a time of which one was deleted": ask(("EndDevice", "one")) + schedule(2, 3),
    "inside of a block": ask(("EndDevice", "long"), ("EndDevice", "silent")) + schedule(2, 3),
    "a type one lacks": ask(("EndDevice", "one"), ("EndDevice", "long"), ("EndDevice", "many-1"))
    + reading_type("kvarh"),
    "a quality nobody has": ask(("EndDevice", "long"))
    + "<ReadingQuality><ReadingQualityType><Names><name>9</name></Names></ReadingQualityType></ReadingQuality>",
    "a meter that was not there": ask(("EndDevice", "one"), ("UsagePoint", "linked")),
}


@pytest.fixture(scope="module")
def opened(filled):
    with Adapter(filled) as adapter:
        yield adapter


@pytest.fixture
def stream(opened, exchange_on, readings_of, monkeypatch):
    def run(question, size):
        monkeypatch.setattr(streams, "_AT_ONCE", size)
        monkeypatch.setattr(absence, "_A_LOOK", 2)
        reply = exchange_on(opened).get(question, "<Option><name>stream</name><value>true</value></Option>")
        return told(reply, readings_of(reply))

    return run


@pytest.mark.parametrize("question", FORESEEN.values(), ids=FORESEEN)
def test_the_stream_is_the_whole(opened, exchange_on, readings_of, stream, question):
    whole = exchange_on(opened).get(question)
    result, errors, readings = told(whole, readings_of(whole))
    for size in (1, 5):
        found = stream(question, size)
        assert (found[0], found[1], sorted(found[2])) == (result, errors, sorted(readings)), size
