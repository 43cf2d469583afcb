"""A DOCTYPE, wherever it stands and however it is written."""

from __future__ import annotations

import codecs

import pytest
from lxml import etree


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize(
    "doctype",
    [
        b"<!DOCTYPE Envelope>",
        b'<!DOCTYPE Envelope SYSTEM "http://192.0.2.1/e.dtd">',
        b"<!DOCTYPE Envelope [<!ELEMENT Envelope ANY>]>",
        b"<!DOCTYPE\nEnvelope>",
    ],
)
def test_is_refused(target, is_fault, messages, doctype, soap):
    soap = getattr(messages, soap)
    body = messages.create(messages.meter())
    answer = target.strike(doctype + etree.tostring(messages.envelope(body, soap)), soap=soap)
    is_fault(answer, "7.7", soap=soap)
    assert "DOCTYPE" in answer.text
    assert "line 1" in answer.said


def test_after_a_byte_order_mark(target, is_fault):
    is_fault(target.strike(codecs.BOM_UTF8 + b"<!DOCTYPE a><a/>"), "7.7")


def test_on_line_three(target, is_fault):
    answer = target.strike(b"<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE a><a/>")
    is_fault(answer, "7.7")
    assert "line 3" in answer.said
