import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.codes import CodeLists, MalformedCode, explain, explain_text

LISTS = CodeLists()
KWH = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"


@pytest.mark.parametrize(
    ("text", "identifiers", "sentence"),
    [
        (KWH, ["ReadingType"], "forward active energy, 15-minute delta, kWh"),
        ("3.26.0.85", ["EndDeviceEventType"], "electric meter: power lost"),
        ("3.31.0.18", ["EndDeviceControlType"], "electric meter: connect the load-side switch"),
        ("3.7.0.13", ["EndDeviceEventType", "EndDeviceControlType"], "electric meter: configuration change"),
        (
            "3.12.21.105",
            ["EndDeviceControlType", "EndDeviceEventType"],
            "electric meter: installed security certificate",
        ),
        ("3.1.1.9999", ["EndDeviceEventType", "EndDeviceControlType"], None),
        (
            "1.4.16",
            ["ReadingQualityType"],
            "daylight saving time in effect (data collection), said by the end device",
        ),
        ("2.6", ["ReplyCode"], "Invalid ReadingType(s) (FAILED, FATAL)"),
        ("2.99", ["ReplyCode"], "parameter invalid: unknown reply code"),
        ("9.9", ["ReplyCode"], "unknown group 9: unknown reply code"),
    ],
)
def test_the_form_decides_which_identifier_it_is(text, identifiers, sentence):
    found = explain(text, LISTS)
    assert [reading.identifier for reading in found.interpretations] == identifiers
    assert found.ambiguous is (len(identifiers) > 1)
    if sentence:
        assert found.sentence == sentence


def test_fields_have_number_name_description_and_whether_they_are_known():
    first, *_, last = explain("3.26.0.9999", LISTS).fields
    assert (first.field, first.number, first.name, first.description, first.known) == (
        "type", 3, "ElectricMeter", "Electricity meter", True,
    )  # fmt: skip
    assert (last.field, last.number, last.known) == ("eventOrAction", 9999, False)
    assert explain("3.26.0.9999", LISTS).interpretations[0].unknown == ("eventOrAction",)
    assert len(explain(KWH, LISTS).fields) == 18


def test_the_table_for_a_terminal():
    assert explain_text("1.4.16") == (
        "ReadingQualityType 1.4.16\n"
        "daylight saving time in effect (data collection), said by the end device\n"
        "\n"
        "field        number  name                   description\n"
        "systemId          1  EndDevice              Assigned by the end device\n"
        "category          4  DataCollectionRelated  Data collection\n"
        "subCategory      16  DstInEffect            Daylight saving time in effect"
    )


def test_the_table_marks_unknown_numbers_and_vendor_extensions():
    lines = explain_text("3.51.0.9999", LISTS).splitlines()
    assert lines[5] == "domain             51  Scheduler1     Scheduler 1 [vendor extension]"
    assert lines[7] == "eventOrAction    9999  ?              Not in the list"
    assert lines.count("") == 3, "both readings, each with its table"


def test_the_table_of_a_reading_type_is_aligned():
    lines = explain_text(f" {KWH}\n", LISTS).splitlines()
    assert lines[0] == f"ReadingType {KWH}"
    columns = {line.index(word) for line, word in zip(lines[4:7], ("none", "none", "fifteenMinute"), strict=True)}
    assert columns == {lines[3].index("name")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty text"),
        ("  ", "found an empty text"),
        ("7", "found 1 number"),
        ("1.2.3.4.5", "found 5 numbers"),
        ("0.0.2.4.1.1.12.0.0.3.72", "the form that reading types had before 2010"),
        ("*.26.0.85", "a pattern of a catalogue"),
        ("1.-2", "is no reply code"),
        ("1.2.-3", "is no ReadingQualityType"),
        ("SIM1001", "found something else"),
        ("3.26.0.", "found something else"),
        ("٣.26.0.85", "found something else"),
        ("x" * 10_000, "found something else"),
    ],
)
def test_a_text_that_is_no_identifier(text, says):
    with pytest.raises(MalformedCode) as raised:
        explain(text, LISTS)
    assert says in str(raised.value)
    assert len(str(raised.value)) < 300


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9.*-]{0,40}", fullmatch=True)))
def test_any_text_is_explained_or_refused(text):
    with contextlib.suppress(MalformedCode):
        assert explain_text(text, LISTS)
