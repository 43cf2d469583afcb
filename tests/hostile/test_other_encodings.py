"""Encodings that no SOAP partner may use: UTF-32, UTF-7, ISO-8859-1, EBCDIC."""

from __future__ import annotations

import codecs

import pytest

XML = '<?xml version="1.0"?><a>é</a>'


@pytest.mark.parametrize(
    "body",
    [
        XML.encode("utf-32"),
        XML.encode("utf-32-le"),
        XML.encode("utf-32-be"),
        codecs.BOM_UTF32_BE + XML.encode("utf-32-be"),
        XML.encode("latin-1"),
        XML.replace("?>", ' encoding="ISO-8859-1"?>').encode("latin-1"),
        XML.replace("?>", ' encoding="UTF-7"?>').encode("utf-7"),
        XML.replace("?>", ' encoding="IBM037"?>').encode("cp037"),
    ],
    ids=["UTF-32", "UTF-32LE", "UTF-32BE", "UTF-32BE marked", "undeclared", "ISO-8859-1", "UTF-7", "EBCDIC"],
)
def test_is_refused_and_utf8_recommended(target, is_fault, body):
    answer = target.strike(body)
    is_fault(answer, "1.8")
    assert "UTF-8" in answer.said
