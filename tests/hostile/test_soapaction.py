"""A SOAPAction that names another operation than the body holds."""

from __future__ import annotations

import pytest

DELETE = "http://iec.ch/TC57/2011/MeterReadings/DeleteMeterReadings"
CREATE = "http://iec.ch/TC57/2011/MeterReadings/CreateMeterReadings"


@pytest.mark.parametrize("path", ["/soap", "/soap/ExecuteMeterReadings"])
@pytest.mark.parametrize("spoof", [f'"{DELETE}"', DELETE, '"http://iec.ch/61968/PublishEvent"'])
def test_spoof_is_refused(target, is_fault, messages, path, spoof):
    body = messages.create(messages.meter(), shape="typed")
    answer = target.strike_message(body, path=path, SOAPAction=spoof)
    is_fault(answer, "1.8")
    assert "SOAPAction names" in answer.text
    assert "Body holds CreateMeterReadings" in answer.text


def test_action_of_soap_1_2_is_refused(target, is_fault, messages):
    body = messages.create(messages.meter(), shape="typed")
    media = f'{messages.content_type(messages.SOAP12)}; action="{DELETE}"'
    is_fault(
        target.strike_message(body, soap=messages.SOAP12, **{"Content-Type": media}), "1.8", soap=messages.SOAP12
    )


def test_nothing_of_a_spoof_is_stored(target, messages):
    meter = messages.meter()
    target.strike_message(messages.create(meter), SOAPAction=f'"{DELETE}"')
    answer = target.strike_message(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert answer.codes == ["2.4"]


@pytest.mark.parametrize("action", ['""', f'"{CREATE}"', CREATE, '"urn:some:other#name"', ""])
def test_no_action_the_right_one_and_an_unknown_one_pass(target, messages, action):
    body = messages.create(messages.meter(), shape="typed", header={"MessageID": None})
    assert target.strike_message(body, SOAPAction=action).result == "OK"
