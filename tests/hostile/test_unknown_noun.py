"""A noun that nobody serves."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("noun", ["Bananas", "meterreadings", "x" * 30_000, "../../etc"])
def test_is_refused_with_the_nouns_there_are(target, messages, noun, soap):
    soap = getattr(messages, soap)
    answer = target.strike_message(messages.get(header={"Noun": noun}), soap=soap)
    assert (answer.soap, answer.status, answer.fault) == (soap, 200, "")
    assert (answer.result, answer.codes) == ("FAILED", ["2.5"])
    assert "MeterReadings" in answer.said


def test_noun_that_its_payload_contradicts(target, messages):
    query = messages.element(messages.QUERY, "GetMeterReadings", {})
    answer = target.strike_message(messages.message("create", payload=query))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["2.5"])
    assert "Payload holds GetMeterReadings" in answer.said
