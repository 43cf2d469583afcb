"""XML that is no SOAP envelope, or a broken one."""

from __future__ import annotations

import pytest
from lxml import etree


def test_html(target, is_fault):
    answer = target.strike(b"<html><body>503 from a proxy</body></html>")
    is_fault(answer, "1.8")
    assert "document element is html" in answer.text


def test_envelope_of_an_unknown_version(target, messages):
    envelope = messages.envelope(messages.get(), "http://www.w3.org/2001/12/soap-envelope")
    answer = target.strike(etree.tostring(envelope))
    assert (answer.status, answer.fault, answer.codes) == (500, "VersionMismatch", ["1.8"])
    assert messages.SOAP11 in answer.text
    assert messages.SOAP12 in answer.text


def test_envelope_without_namespace(target):
    answer = target.strike(b"<Envelope><Body/></Envelope>")
    assert (answer.status, answer.fault, answer.codes) == (500, "VersionMismatch", ["1.8"])


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
def test_envelope_without_body(target, is_fault, messages, soap):
    soap = getattr(messages, soap)
    answer = target.strike(etree.tostring(etree.Element(f"{{{soap}}}Envelope")), soap=soap)
    is_fault(answer, "1.8", soap=soap)
    assert "one Body" in answer.text


def test_empty_body(target, is_fault, messages):
    answer = target.strike_message(None)
    is_fault(answer, "1.8")
    assert "exactly one" in answer.text


def test_two_messages_in_one_body(target, is_fault, messages):
    envelope = messages.envelope(messages.get())
    envelope[0].append(messages.create(messages.meter()))
    answer = target.strike(etree.tostring(envelope))
    is_fault(answer, "1.8")
    assert "exactly one" in answer.text


def test_two_bodies(target, is_fault, messages):
    envelope = messages.envelope(messages.get())
    envelope.append(etree.Element(f"{{{messages.SOAP11}}}Body"))
    answer = target.strike(etree.tostring(envelope))
    is_fault(answer, "1.8")
    assert "then one Body" in answer.text
