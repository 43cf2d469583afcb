"""UTF-16 is legal (WS-I R1012), and is no place to hide in."""

from __future__ import annotations

import codecs

import pytest
from lxml import etree

ENCODINGS = {
    "with a byte order mark": ("utf-16", b""),
    "little endian with its mark": ("utf-16-le", codecs.BOM_UTF16_LE),
    "big endian with its mark": ("utf-16-be", codecs.BOM_UTF16_BE),
}


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_message_is_carried_out(target, messages, encoding, soap):
    soap = getattr(messages, soap)
    codec, mark = ENCODINGS[encoding]
    meter = messages.meter(count=2, value="1.50 µ€")
    text = etree.tostring(
        messages.envelope(messages.create(meter, header={"MessageID": None}), soap), encoding=str
    )
    declared = f'<?xml version="1.0" encoding="UTF-16"?>{text}'
    answer = target.strike(mark + declared.encode(codec), soap=soap)
    assert (answer.status, answer.result) == (200, "OK")
    answer = target.strike_message(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
    assert messages.plain(answer.payload) == {"MeterReading": meter}


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("hidden", ['<!DOCTYPE a [<!ENTITY b "c">]>', "<!DOCTYPE a>", '<!ENTITY b "c">'])
def test_doctype_is_found_in_it(target, is_fault, codec, hidden):
    answer = target.strike(f'<?xml version="1.0"?>{hidden}<a/>'.encode(codec))
    is_fault(answer, "7.7")


def test_broken_utf16(target, is_fault):
    is_fault(target.strike(codecs.BOM_UTF16_LE + b"<\x00a\x00/\x00>\x00\x00\xd8\x00"), "1.8")


def test_body_that_lies_about_it(target, is_fault):
    answer = target.strike(b'<?xml version="1.0" encoding="UTF-16"?><a/>')
    is_fault(answer, "1.8")
    assert "declares 'UTF-16'" in answer.said
