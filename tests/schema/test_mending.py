"""Bringing an element closer to its XSD."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.schema import Catalogue

NS = "http://iec.ch/TC57/2011/MeterReadings#"
GOOD = """<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading>
<IntervalBlocks><IntervalReadings><timeStamp>2026-03-01T00:15:00Z</timeStamp><value>1</value></IntervalReadings>
<IntervalReadings><timeStamp>2026-03-01T00:30:00Z</timeStamp><value>2</value></IntervalReadings>
<ReadingType ref="t"/></IntervalBlocks><Meter><mRID>m</mRID><Names><name>a</name></Names><Names><name>b</name>
</Names></Meter><valuesInterval><end>2026-03-01T00:30:00Z</end><start>2026-03-01T00:00:00Z</start></valuesInterval>
</MeterReading></MeterReadings>"""


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue([Path(__file__).parents[2] / "xsd"])


def parse(text=GOOD):
    return etree.fromstring(text.replace("\n", ""))


def test_a_good_element_stays_as_it_is(catalogue):
    root = parse()
    done = catalogue.arrange(root, reorder=True, remove=True)
    assert (done.ordered, done.removed) == ([], [])
    assert etree.tostring(root) == etree.tostring(parse())


@given(random=st.randoms(use_true_random=False))
def test_any_order_becomes_the_order_of_the_xsd(catalogue, random):
    """What may stand several times keeps its own order, so that order means the same as before."""
    root = parse()
    for element in root.iter("*"):
        groups = {}
        for child in element:
            groups.setdefault(child.tag, []).append(child)
        mixed = [child.tag for child in element]
        random.shuffle(mixed)
        element[:] = [groups[tag].pop(0) for tag in mixed]
    catalogue.arrange(root, reorder=True, remove=False)
    assert etree.tostring(root) == etree.tostring(parse())


def test_what_the_xsd_does_not_have_is_named_and_removed(catalogue):
    root = parse(
        GOOD.replace("<Meter>", '<Meter colour="red" xmlns:v="urn:v" v:size="2"><v:Zone><deep/></v:Zone>').replace(
            "<ReadingType", "<Reading><value>7</value></Reading><ReadingType"
        )
    )
    done = catalogue.arrange(root, reorder=False, remove=True)
    removed = sorted((etree.QName(element).localname, name) for element, name in done.removed)
    assert removed == [("IntervalBlocks", "Reading"), ("Meter", "@colour"), ("Meter", "@size"), ("Meter", "Zone")]
    catalogue.check(root)
    assert [element.text for element in root.iter("{*}mRID")] == ["m"]


def test_nothing_is_done_that_was_not_asked_for(catalogue):
    text = GOOD.replace("<Meter>", '<Meter colour="red"><Zone/>')
    root = parse(text)
    root[0][:] = list(root[0])[::-1]
    before = etree.tostring(root)
    done = catalogue.arrange(root, reorder=False, remove=False)
    assert (etree.tostring(root), done.ordered, done.removed) == (before, [], [])


def test_known_names_in_a_wrong_namespace_and_kept_ones_stay(catalogue):
    root = parse(GOOD.replace("<Meter>", '<Meter xmlns="urn:wrong">').replace("<mRID>", "<Extra/><mRID>"))
    assert catalogue.arrange(root, reorder=True, remove=True).removed == []
    root = parse(GOOD.replace("<mRID>", "<Extra/><mRID>"))
    assert catalogue.arrange(root, reorder=True, remove=True, kept=("Extra",)).removed == []


def test_schema_instance_attributes_stay(catalogue):
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" '
    root = parse(GOOD.replace("<MeterReadings ", f"<MeterReadings {xsi}"))
    assert catalogue.arrange(root, reorder=True, remove=True).removed == []


def test_an_element_of_no_schema_is_left_alone(catalogue):
    root = etree.fromstring("<a xmlns='urn:none'><c/><b/></a>")
    assert catalogue.arrange(root, reorder=True, remove=True).ordered == []
