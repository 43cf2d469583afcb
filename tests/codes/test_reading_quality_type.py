import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.codes import CodeLists, MalformedCode, ReadingQualityType, UnknownName

LISTS = CodeLists()
number = st.one_of(st.integers(0, 300), st.integers(0, 999_999_999))
#: facts/metering.md §6, "usual in the wild".
EXAMPLES = {
    "1.0.0": "data valid, said by the end device",
    "2.0.0": "data valid, said by the metering system network",
    "3.0.1": "validated, said by the meter data management system",
    "2.5.259": "known missing read (reasonability), said by the metering system network",
    "1.4.16": "daylight saving time in effect (data collection), said by the end device",
    "3.8.0": "estimated, said by the meter data management system",
    "3.8.8": "estimated, index 8, said by the meter data management system",
    "5.4.260": "index 260 (data collection), said by an external list",
    "0.1.9": "clock error (diagnostics)",
}


@pytest.mark.parametrize(("text", "words"), EXAMPLES.items())
def test_the_examples_in_words(text, words):
    found = ReadingQualityType.parse(text, LISTS)
    assert (found.describe(), str(found), found.unknown) == (words, text, ())


@given(st.tuples(number, st.one_of(st.integers(0, 12), number), number))
def test_a_quality_written_and_read_is_the_same(numbers):
    found = ReadingQualityType(*numbers, lists=LISTS)
    assert ReadingQualityType.parse(str(found), LISTS) == found
    assert ReadingQualityType.from_names(LISTS, found.names, vendor=True) == found
    assert found.describe()


def test_the_sub_category_is_looked_up_in_its_category():
    built = ReadingQualityType.build(
        LISTS, system_id="EndDevice", category="DataCollectionRelated", sub_category="DstInEffect"
    )
    assert str(built) == "1.4.16"
    with pytest.raises(UnknownName):
        ReadingQualityType.build(LISTS, category="Edited", sub_category="DstInEffect")


def test_every_row_is_found_by_its_name():
    for category in LISTS.table("reading_quality_category"):
        for row in LISTS.quality_sub_category(category.number):
            found = ReadingQualityType.build(LISTS, category=category.name, sub_category=row.name, vendor=True)
            assert found.numbers == (0, category.number, row.number)
            assert found.vendor == (("subCategory",) if row.vendor else ())


@pytest.mark.parametrize(
    ("text", "unknown"),
    [("9.0.0", ("systemId",)), ("1.99.0", ("category", "subCategory")), ("1.6.77", ("subCategory",))],
)
def test_unknown_numbers_are_legal_and_flagged(text, unknown):
    assert ReadingQualityType.parse(text, LISTS).unknown == unknown


@pytest.mark.parametrize("text", ["", "1.4", "1.4.16.0", "1.4.x", "-1.4.16"])
def test_a_malformed_quality_says_what_was_found(text):
    with pytest.raises(MalformedCode, match=r"is no ReadingQualityType: found .*; expected 3 whole numbers"):
        ReadingQualityType.parse(text, LISTS)
