"""A payload that breaks the XSD: line, path, what was found, what was expected."""

from __future__ import annotations

import pytest
from lxml import etree

READING = "MeterReading[1]/IntervalBlocks[1]/IntervalReadings[2]"


@pytest.fixture
def strike_broken(target, messages):
    """Breaks one IntervalReadings of an honest message; the answer and the line of what was broken."""

    def strike(shape, soap, break_it):
        body = messages.create(messages.meter(count=3), shape=shape)
        broken = break_it(body.findall(".//{*}IntervalReadings")[1])
        broken.set("mark", "here")
        content = etree.tostring(messages.envelope(body, soap), pretty_print=True)
        line = etree.fromstring(content).find(".//*[@mark]").sourceline
        return target.strike(content.replace(b' mark="here"', b""), soap=soap), line

    return strike


def bad_time(reading):
    stamp = reading.find("{*}timeStamp")
    stamp.text = "2026-02-30 25:00"
    return stamp


def swapped(reading):
    reading.append(reading[0])
    return reading[-1]


def unknown_element(reading):
    return etree.SubElement(reading, etree.QName(etree.QName(reading).namespace, "valeu"))


def without_reading_type(reading):
    block = reading.getparent()
    block.remove(block.find("{*}ReadingType"))
    return block


def unknown_attribute(reading):
    reading.set("unit", "kWh")
    return reading


CASES = {
    "a time that is none": (bad_time, f"{READING}/timeStamp", "'2026-02-30 25:00'", "dateTime"),
    "the wrong order": (swapped, f"{READING}/timeStamp", "timeStamp", "timePeriod"),
    "an unknown element": (unknown_element, f"{READING}/valeu", "valeu", "ReadingQualities"),
    "a missing element": (
        without_reading_type,
        "MeterReading[1]/IntervalBlocks[1]",
        "IntervalBlocks without",
        "ReadingType",
    ),
    "an unknown attribute": (unknown_attribute, f"{READING}/@unit", "attribute unit", "without attributes"),
}


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
@pytest.mark.parametrize("case", CASES)
def test_finding(strike_broken, is_fault, messages, case, shape, soap):
    soap = getattr(messages, soap)
    break_it, path, found, expected = CASES[case]
    answer, line = strike_broken(shape, soap, break_it)
    is_fault(answer, "1.8", soap=soap, name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    root = "CreateMeterReadings/Payload/MeterReadings" if shape == "typed" else "MeterReadings"
    reason = answer.errors[0]["reason"]
    assert reason.startswith(f"line {line}, {root}/{path}: found ")
    told, _, wanted = reason.partition("; expected ")
    assert found in told
    assert expected in wanted


@pytest.mark.parametrize("shape", ["A", "typed"])
def test_broken_envelope(target, is_fault, messages, shape):
    answer = target.strike_message(messages.get(shape=shape, header={"Timestamp": "yesterday"}))
    is_fault(answer, "1.8", name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    assert "Header/Timestamp: found 'yesterday'; expected " in answer.said


def test_broken_query(target, is_fault, messages):
    answer = target.strike_message(messages.get({"EndDevcie": {"mRID": "1"}}))
    is_fault(answer, "1.8")
    assert "nearest is 'EndDevice'" in answer.said


def test_nothing_of_a_broken_message_is_stored(target, messages):
    meter = messages.meter(count=2)
    meter["IntervalBlocks"]["IntervalReadings"][1]["timeStamp"] = "never"
    assert target.strike_message(messages.create(meter)).codes == ["1.8"]
    query = {"EndDevice": {"mRID": meter["Meter"]["mRID"]}}
    assert target.strike_message(messages.get(query)).codes == ["2.4"]
