"""A SOAP header block that must be understood, and is not."""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.fixture
def block(messages):
    def make(soap, must="1", **attributes):
        made = etree.Element("{urn:example}Transaction")
        made.set(f"{{{soap}}}mustUnderstand", must)
        for name, value in attributes.items():
            made.set(f"{{{soap}}}{name}", value)
        return made

    return make


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
def test_is_refused_and_nothing_done(target, messages, block, soap):
    soap = getattr(messages, soap)
    meter = messages.meter()
    answer = target.strike_message(messages.create(meter), soap=soap, blocks=(block(soap),))
    assert (answer.status, answer.soap, answer.fault, answer.codes) == (500, soap, "MustUnderstand", ["1.8"])
    assert "{urn:example}Transaction" in answer.text
    answer = target.strike_message(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert answer.codes == ["2.4"]


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
def test_need_not_be_understood(target, messages, block, soap):
    soap = getattr(messages, soap)
    body = messages.create(messages.meter(), header={"MessageID": None})
    assert target.strike_message(body, soap=soap, blocks=(block(soap, "0"),)).result == "OK"


def test_for_another_node(target, messages, block):
    body = messages.create(messages.meter(), header={"MessageID": None})
    other = block(messages.SOAP11, actor="http://example.org/router")
    assert target.strike_message(body, blocks=(other,)).result == "OK"
    other = block(messages.SOAP12, role=f"{messages.SOAP12}/role/none")
    assert target.strike_message(body, soap=messages.SOAP12, blocks=(other,)).result == "OK"


@pytest.mark.parametrize("role", ["next", "ultimateReceiver"])
def test_for_this_node_by_its_role(target, messages, block, role):
    mine = block(messages.SOAP12, "true", role=f"{messages.SOAP12}/role/{role}")
    answer = target.strike_message(messages.get(), soap=messages.SOAP12, blocks=(mine,))
    assert answer.fault == "MustUnderstand"
