"""MeterReadings from the pipeline's door to the database and back."""

import pytest

from cim_adapter.envelope import Result
from cim_adapter.nouns.readings.model import Block, MeterReading, Reading
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.readings import Kind


@pytest.fixture
def codes():
    """(code, what it is about) of each error of a reply."""
    return lambda message: [(e.code, e.id and (e.id.object_type, e.id.value)) for e in message.reply.errors]


@pytest.mark.parametrize("verb", ["create", "created", "changed"])
def test_readings_are_stored_and_given_back(exchange, intervals, verb):
    item = intervals("m-1", ("00:15", "1.50"), ("00:30", "2"), point="p-1")
    reply = exchange.create(item, verb=verb, message_id="id-1")
    assert (reply.reply.result, reply.reply.code) == (Result.OK, "0.0")
    assert (reply.header.verb, reply.header.noun, reply.header.correlation_id) == (
        "reply",
        "MeterReadings",
        "id-1",
    )
    assert exchange.stored() == [item]


def test_several_new_meters_in_one_message(exchange, intervals, codes):
    """Also with a meter that is known and is sent with a new name: whatever a handler must look up."""
    exchange.create(intervals("m-2", ("00:15", "0")))
    items = [intervals(f"m-{n}", ("00:30", str(n)), point=f"p-{n}") for n in range(1, 5)]
    items[1].meter = Identity("m-2", (Name("renamed"),))
    assert codes(exchange.create(*items)) == [("0.0", None)]
    assert [i.blocks[0].readings[-1].value for i in exchange.stored()] == ["0", "1", "2", "3", "4"]


def test_two_meters_of_one_name_stay_two(exchange, intervals, values_of):
    """A name such as "Main" says nothing against two mRIDs."""
    for mrid, value in (("m-1", "1"), ("m-2", "2")):
        item = intervals(None, ("00:15", value))
        item.meter = Identity(mrid, (Name("Main"),))
        exchange.create(item)
    for mrid, value in (("m-1", "1"), ("m-2", "2")):
        stored = exchange.stored(f"<EndDevice><mRID>{mrid}</mRID></EndDevice>")
        assert [v for _, v in values_of(stored)] == [value]
        assert [item.meter.mrid for item in stored] == [mrid]


def test_what_cannot_be_stored_is_named_and_the_rest_is_stored(exchange, intervals, codes):
    nobody, untimed = intervals(None, ("00:15", "1")), intervals("m-2", ("00:15", "1"))
    untimed.blocks[0].readings[0].timestamp = None
    good = intervals("m-1", ("00:15", "1"))
    reply = exchange.create(nobody, good, untimed)
    assert reply.reply.result is Result.PARTIAL
    assert codes(reply) == [("1.7", None), ("1.7", ("Meter", "m-2"))]
    assert [error.reason for error in reply.reply.errors] == [
        "a MeterReading needs a Meter or a UsagePoint with an mRID or Names",
        "a reading has neither timeStamp nor timePeriod, so nobody could find it again",
    ]
    assert exchange.stored() == [good]


def test_nothing_that_can_be_stored(exchange, intervals, codes):
    reply = exchange.create(intervals(None, ("00:15", "1")))
    assert (reply.reply.result, codes(reply)) == (Result.FAILED, [("1.7", None)])
    assert exchange.get().reply.code == "5.7"


def test_no_meter_reading_at_all(exchange, codes):
    assert exchange.create().reply.errors[0].reason == "MeterReadings holds no MeterReading"
    assert exchange.send("create").reply.code == "1.7"


def test_a_verb_that_meter_readings_have_not(exchange):
    error = exchange.send("execute").reply.errors[0]
    assert error.code == "2.9"
    assert error.reason.endswith(
        "it has: cancel, canceled, change, changed, close, closed, create, created, delete, deleted, get, reply"
    )


def test_a_meter_is_asked_for_by_any_of_its_names(exchange, intervals):
    item = intervals(None, ("00:15", "1"))
    item.meter = Identity("m-1", (Name("4711", "MeterUniqueID", "utility"), Name("Kitchen")))
    exchange.create(item)
    exchange.create(intervals("m-2", ("00:15", "2")))
    for asked in (
        "<mRID>m-1</mRID>",
        "<Names><name>4711</name></Names>",
        "<Names><name>4711</name><NameType><name>MeterUniqueID</name></NameType></Names>",
        "<Names><name>Kitchen</name></Names>",
    ):
        assert exchange.stored(f"<EndDevice>{asked}</EndDevice>") == [item], asked


# --------------------------------------------------------------------------------------- taking back


def of_message(message_id):
    return f'<ID kind="transaction">{message_id}</ID>'


def test_a_message_is_taken_back(exchange, intervals):
    exchange.create(intervals("m-1", ("00:15", "1")), message_id="first")
    exchange.create(intervals("m-1", ("00:15", "2"), ("00:30", "2")), message_id="second")
    assert exchange.delete(of_message("second")).reply.result is Result.OK
    assert exchange.stored() == [intervals("m-1", ("00:15", "1"))]


def test_a_meters_readings_are_taken_back_in_a_window(exchange, intervals):
    exchange.create(intervals("m-1", ("00:15", "1"), ("00:30", "2"), ("00:45", "3"), ("01:00", "4")))
    window = "<StartTime>2026-03-01T00:30:00Z</StartTime><EndTime>2026-03-01T00:45:00Z</EndTime>"
    assert exchange.delete("<ID>m-1</ID>", request=window).reply.result is Result.OK
    assert exchange.stored() == [intervals("m-1", ("00:15", "1"), ("01:00", "4"))]


def test_what_comes_after_a_delete_is_seen(exchange, intervals):
    exchange.create(intervals("m-1", ("00:15", "1"), ("00:30", "1")))
    exchange.delete('<ID kind="uuid" objectType="Meter">m-1</ID>')
    assert exchange.get().reply.code == "5.7"
    exchange.create(intervals("m-1", ("00:30", "2")))
    assert exchange.stored() == [intervals("m-1", ("00:30", "2"))]


def test_several_targets_and_what_is_wrong_with_each(exchange, intervals, codes):
    exchange.create(
        intervals("m-1", ("00:15", "1")), intervals("m-2", ("00:15", "1"), point="p-1"), message_id="x"
    )
    exchange.create(intervals("m-3", ("00:15", "1")), message_id="y")
    reply = exchange.delete(
        "<ID>m-1</ID>",
        '<ID objectType="UsagePoint">p-1</ID>',
        of_message("y"),
        "<ID>nobody</ID>",
        '<ID objectType="UsagePoint">nowhere</ID>',
        '<ID kind="name" idType="T">unknown</ID>',
        of_message("never sent"),
    )
    assert reply.reply.result is Result.PARTIAL
    assert codes(reply) == [
        ("2.4", (None, "nobody")),
        ("2.12", ("UsagePoint", "nowhere")),
        ("2.4", (None, "unknown")),
        ("2.15", (None, "never sent")),
    ]
    assert exchange.get().reply.code == "5.7"


def test_nothing_to_take_back(exchange, intervals, codes):
    exchange.create(intervals("m-1", ("00:15", "1")))
    window = "<StartTime>2026-03-02T00:00:00Z</StartTime>"
    reply = exchange.delete("<ID>m-1</ID>", request=window)
    assert (reply.reply.result, codes(reply)) == (Result.FAILED, [("5.7", (None, "m-1"))])
    assert exchange.delete().reply.code == "1.6"
    assert len(exchange.stored()) == 1


# ------------------------------------------------------------------------------------ sent twice


def test_the_same_message_twice_is_answered_alike_and_stored_once(exchange, intervals, values_of):
    item = intervals("m-1", ("00:15", "1"))
    first, again = (exchange.create(item, message_id="id-1") for _ in range(2))
    assert again == first
    assert len(values_of(exchange.stored())) == 1


def test_the_same_message_id_with_other_content_is_refused(exchange, intervals, values_of):
    exchange.create(intervals("m-1", ("00:15", "1")), message_id="id-1")
    reply = exchange.create(intervals("m-1", ("00:15", "2")), message_id="id-1").reply
    assert (reply.result, reply.code) == (Result.FAILED, "2.15")
    assert [value for _, value in values_of(exchange.stored())] == ["1"]


def test_a_message_that_failed_may_be_mended_under_its_id(exchange, intervals):
    assert exchange.create(intervals(None, ("00:15", "1")), message_id="id-1").reply.result is Result.FAILED
    assert exchange.create(intervals("m-1", ("00:15", "1")), message_id="id-1").reply.result is Result.OK


def test_white_space_that_was_mended_is_no_other_content(exchange):
    """XSD allows it around a time, the check trims it: what was trimmed must not look like a change."""
    payload = (
        '<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading><IntervalBlocks><IntervalReadings>'
        "<timeStamp> 2026-03-01T00:15:00Z</timeStamp><value>1</value></IntervalReadings>"
        '<ReadingType ref="t"/></IntervalBlocks><Meter><mRID>m-1</mRID></Meter></MeterReading></MeterReadings>'
    )
    replies = [
        exchange.send("create", header=f"<Timestamp>{at}</Timestamp>", payload=payload, message_id="id-1").reply
        for at in ("2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z")
    ]
    assert [reply.result for reply in replies] == [Result.OK, Result.OK]


# ----------------------------------------------------------------------------------------- as sent


def test_registers_of_two_meter_readings_of_one_meter_keep_their_order(exchange, values_of):
    def registers(hour):
        readings = [
            (kind, Reading(timestamp=f"2026-03-01T{hour:02}:00:00Z", value=f"{hour}{kind}", position=n))
            for n, kind in enumerate("ab")
        ]
        return MeterReading(Identity("m-1"), None, [Block(Kind.REGISTERS, kind, [r]) for kind, r in readings])

    exchange.create(registers(1), registers(2))
    message = exchange.get()
    values = [element.text for element in message.payload.elements[0].iter("{*}value")]
    assert values == ["1a", "1b", "2a", "2b"]


def test_blocks_of_one_message_keep_their_order(exchange, intervals):
    late = intervals("m-1", ("12:00", "1"), reading_type="late")
    early = intervals("m-1", ("01:00", "2"), reading_type="early")
    late.blocks += early.blocks
    exchange.create(late, intervals("m-2", ("00:15", "3")))
    assert exchange.stored() == [late, intervals("m-2", ("00:15", "3"))]
