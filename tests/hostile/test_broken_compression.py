"""Compressed payloads that are none: each is told what it is."""

import gzip

import pytest

WHOLE = gzip.compress(b'<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"/>')


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (WHOLE[:-1], "cut off"),
        (WHOLE[:10], "cut off"),
        (WHOLE[:-8] + b"\0" * 8, "incorrect data check"),
        (WHOLE + WHOLE, "goes on after its gzip member"),
        (WHOLE * 10_000, "goes on after its gzip member"),
        (b"PK\x03\x04" + b"\0" * 100, "is not gzip"),
        (b"", "is empty"),
    ],
    ids=["last byte missing", "header alone", "checksum", "two members", "many members", "zip", "empty"],
)
def test_what_is_no_gzip_member(target, messages, is_fault, data, said):
    answer = target.strike_message(messages.compressed(messages.create(messages.meter()), data))
    is_fault(answer, "1.8")
    assert said in answer.said


@pytest.mark.parametrize("text", ["not base64!", "H4sI", "H4sIA", "=" * 1000, "\u00e4"])
def test_what_is_no_base64(target, messages, is_fault, text):
    body = messages.compressed(messages.create(messages.meter()))
    next(body.iter("{*}Compressed")).text = text
    answer = target.strike_message(body)
    is_fault(answer, "1.8")
    assert "Payload/Compressed" in answer.said
