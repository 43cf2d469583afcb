"""Taking readings back by what stands in Payload, as events have it, and closing."""

from lxml import etree

from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.readings.xml import write_meter_readings
from cim_adapter.store.objects import Identity


def payload(*items):
    return etree.tostring(write_meter_readings(items)).decode()


def test_the_readings_in_the_payload_are_taken_back_and_no_others(exchange, intervals, values_of):
    exchange.create(intervals("m", ("00:15", "1"), ("00:30", "2"), ("00:45", "3")))
    exchange.create(intervals("m", ("00:30", "20"), reading_type="kVArh"))
    gone = exchange.send("deleted", payload=payload(intervals("m", ("00:30", "2"))))
    assert gone.reply.result == "OK"
    assert sorted(value for _, value in values_of(exchange.stored())) == ["1", "20", "3"]


def test_a_payload_with_a_meter_alone_takes_all_of_it_back(exchange, intervals, values_of):
    exchange.create(intervals("m", ("00:15", "1")), intervals("n", ("00:15", "2")))
    meter = MeterReading(meter=Identity("m"), usage_point=None, blocks=[])
    assert exchange.send("cancel", payload=payload(meter)).reply.result == "OK"
    assert [value for _, value in values_of(exchange.stored())] == ["2"]


def test_a_request_for_what_is_not_there_fails_and_an_event_does_not(exchange, intervals):
    named = payload(intervals("m", ("00:30", "2")))
    refused = exchange.send("delete", payload=named)
    assert [(error.code, error.id.value) for error in refused.reply.errors] == [("2.4", "m")]
    assert exchange.send("canceled", payload=named).reply.result == "OK"


def test_what_is_sent_again_after_a_delete_is_seen(exchange, intervals, values_of):
    one = intervals("m", ("00:30", "2"))
    exchange.create(one)
    exchange.send("delete", payload=payload(one))
    exchange.create(one)
    assert [value for _, value in values_of(exchange.stored())] == ["2"]


def test_a_close_is_acknowledged(exchange, intervals):
    exchange.create(intervals("m", ("00:30", "2")))
    for verb in ("close", "closed"):
        answer = exchange.send(verb, payload=payload(intervals("m", ("00:30", "2"))))
        assert (answer.reply.result, answer.reply.errors[0].code) == ("OK", "0.3")


def test_nothing_named_is_refused(exchange):
    assert exchange.send("delete").reply.errors[0].code == "1.6"
