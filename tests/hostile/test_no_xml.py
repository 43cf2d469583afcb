"""A body that is no XML."""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "begin with a start tag"),
        (b"hello", "begin with a start tag"),
        (b'{"Header": {"Verb": "get"}}', "begin with a start tag"),
        (b"<a>\x00</a>", "NUL"),
        (bytes(range(256)) * 100, ""),
        (b"<a><b></a></b>", "innermost first"),
        (b"<a>&nbsp;</a>", "&amp;"),
        (b"<a/><b/>", "one document element"),
        (b"<a:b/>", "xmlns:prefix"),
        (b"<a>\x80</a>", "UTF-8"),
    ],
)
def test_is_told_what_is_not_well_formed(target, is_fault, body, said):
    answer = target.strike(body)
    is_fault(answer, "1.8")
    assert said in answer.said
    assert "line 1" in answer.said


def test_cut_off_message_is_told_where_it_ends(target, is_fault, messages):
    whole = etree.tostring(messages.envelope(messages.create(messages.meter())), pretty_print=True)
    cut = whole[: len(whole) // 2]
    answer = target.strike(cut)
    is_fault(answer, "1.8")
    last = cut.count(b"\n") + 1
    assert f"line {last}" in answer.said


def test_is_answered_in_the_version_of_its_content_type(target, is_fault, messages):
    is_fault(target.strike(b"hello", soap=messages.SOAP12), "1.8", soap=messages.SOAP12)
