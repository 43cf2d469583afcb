"""Markup that is forbidden outside is forbidden inside Compressed too."""

import base64
import gzip

import pytest

LAUGHS = b'<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;&l;">]><a>&m;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY l SYSTEM "file:///etc/hostname">]><a>&l;</a>'


@pytest.mark.parametrize("form", [None, "BINARY"])
@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE], ids=["entities", "external entity"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_inside(target, messages, is_fault, document, form, encoding):
    data = document.decode().encode(encoding)
    data = data if form == "BINARY" else gzip.compress(data)
    answer = target.strike_message(messages.compressed(messages.create(messages.meter()), data, form))
    is_fault(answer, "7.7")
    assert "DOCTYPE" in answer.said


def test_a_document_inside_cannot_end_the_one_around_it(target, messages, is_fault):
    data = gzip.compress(b"<a/></Payload><Payload>")
    is_fault(target.strike_message(messages.compressed(messages.create(messages.meter()), data)), "1.8")


def test_another_message_inside_is_no_message(target, messages):
    """Its header counts for nothing: verb and noun are those that the caller was allowed."""
    from lxml import etree

    inner = etree.tostring(messages.message("delete", ids=[{"_value_1": "m"}]))
    body = messages.compressed(messages.create(messages.meter()), gzip.compress(inner))
    answer = target.strike_message(body)
    assert answer.result == "FAILED"
    assert base64.b64encode(inner) not in answer.content
