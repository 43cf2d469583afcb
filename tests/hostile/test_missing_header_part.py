"""A message without Header, Verb or Noun."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
@pytest.mark.parametrize(("missing", "said"), [("Verb", "no Verb"), ("Noun", "no Noun")])
def test_part(target, is_fault, messages, shape, soap, missing, said):
    soap = getattr(messages, soap)
    answer = target.strike_message(messages.get(shape=shape, header={missing: None}), soap=soap)
    is_fault(answer, "1.5", soap=soap, name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    assert said in answer.said


@pytest.mark.parametrize("shape", ["A", "typed"])
def test_whole_header(target, is_fault, messages, shape):
    body = messages.create(messages.meter(), shape=shape)
    body.remove(body[0])
    answer = target.strike_message(body)
    is_fault(answer, "1.5", name="MeterReadingsFaultMessage" if shape == "typed" else "FaultMessage")
    assert "has no Header" in answer.said


def test_empty_verb(target, is_fault, messages):
    is_fault(target.strike_message(messages.get(header={"Verb": " "})), "1.5")


def test_request_that_says_nothing(target, messages):
    answer = target.strike_message(messages.message("delete"))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["1.6"])
    assert "Request/ID" in answer.said


def test_create_without_payload(target, messages):
    answer = target.strike_message(messages.message("create"))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["1.7"])
    assert "MeterReadings" in answer.said
