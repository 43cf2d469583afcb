"""A payload in the wrong namespace: the answer names both."""

from __future__ import annotations

import pytest
from lxml import etree

WRONG = [
    "http://iec.ch/TC57/2011/MeterReadings",  # the # is missing
    "http://www.iec.ch/TC57/2012/MeterReadings#",
    "http://iec.ch/TC57/2008/MeterReadings#",
    "http://iec.ch/TC57/2011/schema/MeterReadings#",
]


def moved(element: etree._Element, namespace: str | None) -> etree._Element:
    """A copy of the tree in another namespace, or in none."""
    copy = etree.Element(etree.QName(namespace, etree.QName(element).localname), dict(element.attrib))
    copy.text = element.text
    copy.extend(moved(child, namespace) for child in element)
    return copy


def prefixed(element: etree._Element) -> etree._Element:
    """A copy of the tree without any default namespace."""
    copy = etree.Element(element.tag, dict(element.attrib))
    copy.text = element.text
    copy.extend(prefixed(child) for child in element)
    return copy


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
@pytest.mark.parametrize("namespace", WRONG)
def test_names_both(target, is_fault, messages, namespace, shape):
    payload = moved(messages.readings(messages.meter()), namespace)
    answer = target.strike_message(messages.message("create", shape=shape, payload=payload))
    is_fault(answer, "1.8", name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    assert f"'{namespace}'" in answer.said
    assert f"'{messages.READINGS}'" in answer.said
    assert "xmlns" in answer.said


def test_one_part_of_the_payload(target, is_fault, messages):
    payload = messages.readings(messages.meter())
    (meter,) = payload.iter("{*}Meter")
    meter.getparent().replace(meter, moved(meter, WRONG[0]))
    answer = target.strike_message(messages.message("create", payload=payload))
    is_fault(answer, "1.8")
    assert f"'{WRONG[0]}'" in answer.said
    assert f"'{messages.READINGS}'" in answer.said


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_no_namespace(target, is_fault, messages, shape):
    payload = moved(messages.readings(messages.meter()), None)
    answer = target.strike_message(prefixed(messages.message("create", shape=shape, payload=payload)))
    is_fault(answer, "1.8", name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    assert "no namespace" in answer.said
    assert f"'{messages.READINGS}'" in answer.said


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_namespace_of_the_message_around_it(target, messages, shape):
    """What comes of a forgotten xmlns on the payload; facts/envelope.md §3 saw it in the field."""
    around = messages.TYPED if shape == "typed" else messages.MSG
    payload = moved(messages.readings(messages.meter()), around)
    answer = target.strike_message(messages.message("create", shape=shape, payload=payload))
    assert answer.result == "FAILED"
    assert f"'{around}'" in answer.said
    assert f"'{messages.READINGS}'" in answer.said
