"""Elements 5,000 deep."""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.mark.parametrize("depth", [300, 5_000])
def test_is_refused(target, is_fault, depth):
    answer = target.strike(b"<a>" * depth + b"</a>" * depth)
    is_fault(answer, "3.1")
    assert "256 levels" in answer.said


def test_without_end_tags(target, is_fault):
    is_fault(target.strike(b"<a>" * 5_000), "3.1")


def test_inside_a_wildcard(target, is_fault, messages):
    body = messages.create(messages.meter())
    deepest = etree.SubElement(body[0], "{urn:example}deep")
    for _ in range(240):
        deepest = etree.SubElement(deepest, "{urn:example}deep")
    assert target.strike_message(body).result == "OK"
    for _ in range(100):
        deepest = etree.SubElement(deepest, "{urn:example}deep")
    is_fault(target.strike_message(body), "3.1")
