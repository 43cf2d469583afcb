"""Every word of REST has a code, which says that word again; what has no code is refused with what has one."""

from __future__ import annotations

from dataclasses import fields
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cim_adapter.codes import CodeLists, EndDeviceControlType, EndDeviceEventType, ReadingQualityType, ReadingType
from cim_adapter.items.vocabulary import (
    ControlWords,
    EventWords,
    Impossible,
    QualityWords,
    Quantity,
    ReadingWords,
)

LISTS = CodeLists()
READINGS, QUALITIES = ReadingWords(LISTS), QualityWords(LISTS)
CONTROLS, EVENTS = ControlWords(LISTS), EventWords(LISTS)
THROUGH = ["forward", "reverse", "net", "total"]
QUADRANTS = ["Q1+Q2", "Q1+Q3", "Q1+Q4", "Q2+Q3", "Q2+Q4", "Q3+Q4"]
REACTIVE = ["VArh", "kVArh", "VAr", "kVAr"]
UNDIRECTED = ["V", "A", "Hz", "PF"]


def directions(unit: str) -> list[str]:
    return [] if unit in UNDIRECTED else QUADRANTS if unit in REACTIVE else THROUGH


def test_the_words_are_those_of_the_interface():
    assert set(READINGS.UNITS) == {
        *("Wh", "kWh", "MWh", "W", "kW", "MW", "VAr", "kVAr", "VA", "kVA", "V", "A", "Hz", "PF"),
        *("VArh", "kVArh", "VAh", "kVAh"),
    }
    assert list(READINGS.PHASES) == ["A", "B", "C", "N", "AN", "BN", "CN", "AB", "BC", "CA", "ABC", "N1", "N2"]
    assert set(READINGS.DIRECTIONS) == {*THROUGH, *QUADRANTS}
    assert "intervalData" in READINGS.TYPES
    assert "good" in QUALITIES.WORDS
    assert {"loadControlSignal", "remoteDisconnect", "remoteReconnect"} <= set(CONTROLS.TABLE)
    assert "tamperingAlert" in EVENTS.TABLE


def test_the_reading_types_of_the_field():
    """facts/metering.md §4, "Examples"."""
    words = Quantity(reading_type="intervalData", unit="kWh", energy_direction="forward", interval_length="PT15M")
    assert str(READINGS.code(words)) == "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
    assert str(READINGS.code(replace(words, energy_direction="reverse", interval_length="PT1H"))) == (
        "0.0.7.4.19.1.12.0.0.0.0.0.0.0.0.3.72.0"
    )
    words = Quantity(reading_type="registerReads", unit="kWh", energy_direction="forward")
    assert str(READINGS.code(words)) == "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"


@pytest.mark.parametrize("unit", READINGS.UNITS)
@pytest.mark.parametrize("reading_type", READINGS.TYPES)
def test_every_combination_that_has_a_code_comes_back(unit, reading_type):
    lengths = [None, *READINGS.LENGTHS] if reading_type == "intervalData" else [None]
    codes = set()
    for direction, phase, length in product([None, *directions(unit)], [None, *READINGS.PHASES], lengths):
        words = Quantity(
            reading_type=reading_type, unit=unit, phase=phase, energy_direction=direction, interval_length=length
        )
        code = READINGS.code(words)
        assert READINGS.words(code) == words
        assert code.unknown == ()
        assert ReadingType.parse(str(code), LISTS) == code
        codes.add(code)
    assert len(codes) == (len(directions(unit)) + 1) * 14 * len(lengths)


@pytest.mark.parametrize("unit", READINGS.UNITS)
def test_every_multiplier_is_a_power_of_ten_beyond_the_unit(unit):
    plain = READINGS.code(Quantity(reading_type="registerReads", unit=unit))
    powers = {row.number for row in LISTS.table("reading_type_multiplier")}
    for multiplier in range(-40, 40):
        words = Quantity(reading_type="registerReads", unit=unit, multiplier=multiplier)
        if plain.multiplier + multiplier not in powers:
            with pytest.raises(Impossible, match="multiplier") as error:
                READINGS.code(words)
            for possible in error.value.possible:
                READINGS.code(replace(words, multiplier=int(possible)))
            continue
        code = READINGS.code(words)
        assert code.multiplier == plain.multiplier + multiplier
        again = READINGS.words(code)
        assert READINGS.code(again) == code
        if multiplier == 0:
            assert again == words


@pytest.mark.parametrize("unit", READINGS.UNITS)
@pytest.mark.parametrize("direction", [*THROUGH, *QUADRANTS, "sideways"])
def test_a_direction_that_the_unit_does_not_have_is_refused(unit, direction):
    words = Quantity(reading_type="intervalData", unit=unit, energy_direction=direction)
    if direction in directions(unit):
        READINGS.code(words)
        return
    with pytest.raises(Impossible) as error:
        READINGS.code(words)
    assert (error.value.member, list(error.value.possible)) == ("energyDirection", directions(unit))


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("unit", {"unit": "furlong"}),
        ("readingType", {"reading_type": "guess"}),
        ("phase", {"phase": "D"}),
        ("intervalLength", {"interval_length": "PT7M"}),
        ("intervalLength", {"reading_type": "billingData", "interval_length": "PT15M"}),
    ],
)
def test_what_has_no_code_is_refused_with_what_has_one(member, change):
    words = Quantity(reading_type="intervalData", unit="kWh")
    with pytest.raises(Impossible) as error:
        READINGS.code(replace(words, **change))
    assert error.value.member == member
    for possible in error.value.possible:
        assert possible in str(error.value)
        READINGS.code(replace(words, **change | {list(change)[-1]: possible}))


number = st.integers(0, 400)


@given(st.lists(number, min_size=18, max_size=18))
def test_any_reading_type_is_put_into_words(numbers):
    code = ReadingType(*numbers, lists=LISTS)
    words = READINGS.words(code)
    assert words.reading_type in READINGS.TYPES
    try:
        again = READINGS.code(words)
    except Impossible:
        return
    told = {"flow_direction", "phases", "multiplier", "unit"}
    assert all(getattr(again, item.name) == getattr(code, item.name) for item in fields(code) if item.name in told)


@pytest.mark.parametrize("word", QUALITIES.WORDS)
def test_every_quality_has_a_code_that_says_it(word):
    code = QUALITIES.code(word)
    assert QUALITIES.word(code) == word
    parsed = ReadingQualityType.parse(code, LISTS)
    assert (parsed.unknown, parsed.vendor) == ((), ())
    assert all(QUALITIES.word(f"{system}.{code.partition('.')[2]}") == word for system in range(6))


def test_the_qualities_of_the_field():
    """facts/metering.md §6, "usual in the wild"."""
    seen = {"1.0.0": "good", "2.0.0": "good", "3.0.1": "validated", "2.5.259": "missing", "3.7.1": "edited"}
    assert {code: QUALITIES.word(code) for code in seen} == seen
    assert QUALITIES.word("3.8.8") == QUALITIES.word("2.8.1001") == "estimated"
    assert QUALITIES.word("dubious") == "dubious"
    with pytest.raises(Impossible, match="good, validated"):
        QUALITIES.code("splendid")


@pytest.mark.parametrize(
    ("words", "word", "kind"),
    [
        *((CONTROLS, word, EndDeviceControlType) for word in CONTROLS.TABLE),
        *((EVENTS, word, EndDeviceEventType) for word in EVENTS.TABLE),
    ],
)
def test_every_control_and_event_has_a_code_that_says_it(words, word, kind):
    code = words.code(word)
    parsed = kind.parse(code, LISTS)
    assert words.word(code) == word
    assert (parsed.unknown, parsed.catalogued is not None) == ((), True)
    assert words.word(f"16.{code.partition('.')[2]}") == word


def test_controls_and_events_without_a_word_are_told_by_their_names():
    assert EVENTS.word("3.11.17.999") == EndDeviceEventType.parse("3.11.17.999", LISTS).name
    assert CONTROLS.word("off") == "off"
    assert CONTROLS.code("remoteDisconnect") == "3.31.0.23"
    assert EVENTS.code("tamperingAlert") == "3.12.0.257"
    with pytest.raises(Impossible, match="remoteReconnect"):
        CONTROLS.code("explode")
