"""An envelope whose body root is no message."""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize(
    "tag",
    [
        "{urn:example}Anything",
        "{http://iec.ch/TC57/2011/schema/message}FaultMessage",
        "{http://iec.ch/TC57/2011/schema/mesage}RequestMessage",
        "{http://iec.ch/TC57/2011/abstract}Request",
    ],
)
def test_is_told_which_roots_there_are(target, is_fault, messages, tag, soap):
    soap = getattr(messages, soap)
    answer = target.strike_message(etree.Element(tag), soap=soap)
    is_fault(answer, "1.8", soap=soap)
    assert "message" in answer.text


def test_names_what_it_found_and_what_it_takes(target, messages):
    answer = target.strike_message(etree.Element("{urn:example}Anything"))
    assert "{urn:example}Anything" in answer.said
    assert "RequestMessage" in answer.said
    assert messages.MSG in answer.said


def test_service_takes_its_own_roots_alone(target, is_fault, messages):
    body = messages.create(messages.meter(), shape="typed")
    answer = target.strike_message(body, path="/soap/GetMeterReadings")
    is_fault(answer, "1.8")
    assert "GetMeterReadings" in answer.text


def test_root_of_an_unknown_noun(target, messages):
    typed = "http://iec.ch/TC57/2011/BananasMessage"
    root = etree.Element(f"{{{typed}}}CreateBananas")
    header = etree.SubElement(root, f"{{{typed}}}Header")
    for name, text in (("Verb", "create"), ("Noun", "Bananas")):
        etree.SubElement(header, f"{{{messages.MSG}}}{name}").text = text
    answer = target.strike_message(root)
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["2.5"])
    assert "MeterReadings" in answer.said
