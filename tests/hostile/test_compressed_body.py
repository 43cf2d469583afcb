"""A body in gzip, which no WSDL offers: refused without being inflated."""

from __future__ import annotations

import gzip

import pytest
from lxml import etree


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_honest_message_in_gzip(target, is_fault, messages, coding):
    content = gzip.compress(etree.tostring(messages.envelope(messages.create(messages.meter()))))
    answer = target.strike(content, **{"Content-Encoding": coding})
    assert answer.result == "FAILED"
    assert "Content-Encoding" in answer.said or "compress" in answer.said


def test_bomb(fresh_target, messages):
    answer = fresh_target.strike(gzip.compress(b" " * 30_000_000), **{"Content-Encoding": "gzip"})
    assert answer.result == "FAILED"
