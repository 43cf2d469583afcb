"""Large documents are judged in parts: what is wrong is told as if they were not."""

from __future__ import annotations

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles
from cim_adapter.schema import Catalogue
from cim_adapter.validate.parts import passes_in_parts

PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"
UNITS = 60


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue([ContractFiles.locate().xsd])


@pytest.fixture(scope="module")
def document(messages):
    """3 MB: three parts, and the frame."""
    return etree.tostring(messages.readings(*(messages.meter(f"m-{n}", 500) for n in range(UNITS))))


def judge(catalogue, body, size=65_536):
    whole = catalogue.schema_for(f"{{{PROFILE}}}MeterReadings").compiled()
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return passes_in_parts(pieces, whole, catalogue)


def test_a_valid_document(catalogue, document):
    assert len(document) > 2_500_000
    assert judge(catalogue, document) == len(document)
    assert judge(catalogue, document, 1 << 25) == len(document)


def defined(name):
    return b"<%b><Names><name>n</name></Names></%b>" % (name, name)


def late_mistake(body):
    before, _, after = body.rpartition(b"2026-")
    return before + b"26-" + after


@pytest.mark.parametrize(
    "change",
    [
        late_mistake,
        lambda body: body.replace(b"<MeterReading>", defined(b"ReadingType") + b"<MeterReading>"),
        lambda body: body.replace(b"</MeterReadings>", defined(b"EndDeviceEventType") + b"</MeterReadings>"),
        lambda body: body[:-20],
        lambda body: body + b"<a/>",
        lambda body: body.replace(b"<value>", b"<value><!-- ", 1_000_000),
        lambda body: b"",
        lambda body: b"<a/>",
    ],
)
def test_what_is_wrong_is_not_passed(catalogue, document, change):
    assert judge(catalogue, change(document)) is None


def test_comments_with_end_tags(catalogue, document):
    body = document.replace(b"<value>", b"<!-- </MeterReading> --><value>")
    assert judge(catalogue, body) == len(body)


def test_root_definitions_behind_the_meter_readings(catalogue, document):
    body = document.replace(b"</MeterReadings>", defined(b"ReadingType") + b"</MeterReadings>")
    assert judge(catalogue, body) == len(body)
