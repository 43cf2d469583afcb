"""Documents cut into parts: nothing is lost, whatever the pieces are, and each part ends behind a unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.errors import ForbiddenMarkup, OverBudget
from cim_adapter.schema.cutting import Cutter

UNITS = {"Things": "Thing"}
HEAD = (
    b'<?xml version="1.0"?>\n<!-- <p:Things> --><e:E xmlns:e="e" xmlns:p="p">'
    b'<e:Payload><p:Things a:x="1" xmlns:a="%b">'
)
INSTANCE = b"http://www.w3.org/2001/XMLSchema-instance"
TAIL = b"\n<p:Other/></p:Things></e:Payload></e:E>\n"
UNIT = st.sampled_from(
    [
        b"<p:Thing/>",
        b"<p:Thing>text</p:Thing>",
        b"<p:Thing>\n<p:a><p:Things/></p:a></p:Thing\n>",
        b"<!-- </p:Thing> -->\n<p:Thing><![CDATA[</p:Thing>]]></p:Thing>",
        b"<?x </p:Thing> ?><p:Thing><p:b/></p:Thing>",
    ]
)


def cut(document, size, piece, most=10_000):
    cutter = Cutter(UNITS, size=size, most=most)
    chunks = []
    for start in range(0, len(document), piece):
        chunks += cutter.feed(document[start : start + piece])
    more, tail = cutter.close()
    return cutter.head, [*chunks, *more], tail


@given(st.lists(UNIT, min_size=1, max_size=12), st.integers(1, 200), st.integers(1, 300))
def test_nothing_is_lost(units, size, piece):
    document = HEAD % INSTANCE + b"".join(units) + TAIL
    head, chunks, tail = cut(document, size, piece)
    assert head.data + b"".join(chunk.data for chunk in chunks) + tail == document
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert all(len(head.data) + sum(len(c.data) for c in chunks[: c.index + 1]) == c.end for c in chunks)
    for chunk in chunks:
        assert chunk.data.rstrip(b" \n>").endswith(b"</p:Thing")
        start, end = head.tags("Things")
        for frame in (head.data + chunk.data + head.closing, start + chunk.data + end):
            etree.fromstring(frame)  # each part is whole


@given(st.lists(UNIT, min_size=6, max_size=12), st.integers(1, 100), st.integers(1, 300), st.data())
def test_it_goes_on_behind_any_part(units, size, piece, data):
    document = HEAD % INSTANCE + b"".join(units) + TAIL
    _, chunks, tail = cut(document, size, 7)
    if not chunks:
        return
    last = data.draw(st.sampled_from(chunks))
    cutter = Cutter(UNITS, size=size, most=10_000)
    cutter.resume(end=last.end, index=last.index + 1)
    again = []
    for start in range(0, len(document), piece):
        again += cutter.feed(document[start : start + piece])
    more, rest = cutter.close()
    found = [chunk for chunk in (*again, *more) if chunk.index > last.index]
    assert b"".join(chunk.data for chunk in found) + rest == document[last.end :]
    assert rest == tail


@pytest.mark.parametrize(
    "document",
    [
        b"<p:Things xmlns:p='p'/>",
        b"<a><p:Things xmlns:p='p'><p:Thing/></p:Things></a>",
        b"<a></b><Payload>",
        b"<Things><Thing>in no namespace</Thing></Things>",
        b"<p:Things><p:Thing>an undeclared prefix</p:Thing></p:Things>",
        b"<p:Things xmlns:p='p' q='1'><p:Thing></p:Thing></p:Things>",
        b"",
        b"text",
    ],
)
def test_what_cannot_be_cut(document):
    head, chunks, _ = cut(document, 10, 5)
    assert head is None
    assert chunks == []


def test_a_unit_that_is_too_large():
    with pytest.raises(OverBudget, match="a Thing of more than 1,000 bytes"):
        cut(b"<Things xmlns='p'><Thing></Thing><Thing>" + b"x" * 2_000, 10, 100, most=1_000)


def test_a_document_type_in_the_middle():
    with pytest.raises(ForbiddenMarkup):
        cut(b"<Things xmlns='p'><Thing></Thing><!DOCTYPE a><Thing></Thing></Things>", 10, 100)
