"""A large message in which everything is wrong: the first few are told, and none costs much."""

from __future__ import annotations

from lxml import etree


def test_ten_thousand_bad_values(fresh_target, is_fault, messages):
    payload = messages.readings(messages.meter(count=10_000))
    for stamp in payload.iter("{*}timeStamp"):
        stamp.text = "never"
    answer = fresh_target.strike_message(messages.message("create", payload=payload), times=3)
    is_fault(answer, "1.8")
    assert 1 <= len(answer.errors) <= 20
    assert len(answer.content) < 20_000


def test_a_hundred_thousand_unknown_elements(fresh_target, is_fault, messages):
    body = messages.create(messages.meter())
    (block,) = body.iter("{*}IntervalBlocks")
    for n in range(100_000):
        etree.SubElement(block, f"{{{messages.READINGS}}}wrong{n % 7}")
    is_fault(fresh_target.strike_message(body, times=3), "1.8")


def test_one_value_of_nine_megabytes(fresh_target, is_fault, messages):
    meter = messages.meter()
    meter["IntervalBlocks"]["IntervalReadings"]["timeStamp"] = "x" * 9_000_000
    answer = fresh_target.strike_message(messages.create(meter), times=1)
    is_fault(answer, "1.8")
    assert len(answer.content) < 20_000
