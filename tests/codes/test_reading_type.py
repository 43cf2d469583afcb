from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.codes import CodeLists, MalformedCode, Ratio, ReadingType, UnknownName, split_unit

LISTS = CodeLists()
LABELS = [field.label for field in ReadingType.FIELDS]
KWH = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"

number = st.one_of(st.integers(0, 300), st.integers(0, 999_999_999))
signed = st.one_of(st.integers(-24, 24), st.integers(-999_999_999, 999_999_999))
reading_types = st.tuples(*[signed if label == "multiplier" else number for label in LABELS]).map(
    lambda numbers: ReadingType(*numbers, lists=LISTS)
)


def code(**fields):
    return ReadingType(lists=LISTS, **fields)


def changed(label, part):
    parts = KWH.split(".")
    parts[LABELS.index(label)] = part
    return ".".join(parts)


#: facts/metering.md §4, the examples.
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (KWH, "forward active energy, 15-minute delta, kWh"),
        ("0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0", "forward active energy, register total, kWh"),
        ("0.0.7.4.19.1.12.0.0.0.0.0.0.0.0.3.72.0", "reverse active energy, 60-minute delta, kWh"),
        (
            "0.8.2.12.1.1.54.0.0.0.0.0.0.0.129.0.29.0",
            "forward voltage, phase A to neutral, 15-minute maximum (instantaneous), V",
        ),
        (
            "0.0.2.9.1.2.12.0.0.0.0.0.0.0.0.3.72.0",
            "forward active energy, primary-metered, 15-minute summation, kWh",
        ),
    ],
)
def test_the_examples_in_words(text, words):
    found = ReadingType.parse(text, LISTS)
    assert found.describe() == words
    assert str(found) == text
    assert found.unknown == ()
    assert found.vendor == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "quantity not specified"),
        ({"measurement_kind": 37, "unit": 63, "multiplier": 3}, "reactive power, kvar"),
        ({"measurement_kind": 12, "unit": 71}, "apparent energy, VAh"),
        ({"measurement_kind": 58, "commodity": 7, "unit": 42, "multiplier": 3}, "natural gas volume, 10³ m³"),
        ({"measurement_kind": 58, "commodity": 9, "unit": 42}, "potable water volume, m³"),
        (
            {"measurement_kind": 4, "interharmonic_numerator": 3, "interharmonic_denominator": 1, "unit": 5},
            "current, 3rd harmonic, A",
        ),
        (
            {"measurement_kind": 4, "interharmonic_numerator": 1, "interharmonic_denominator": 2},
            "current, 1/2 of the fundamental",
        ),
        (
            {"measurement_kind": 8, "measuring_period": 100, "argument_numerator": 900, "argument_denominator": 1},
            "demand, 15-minute",
        ),
        (
            {"measurement_kind": 8, "measuring_period": 101, "argument_numerator": 45, "argument_denominator": 1},
            "demand, 45-second fixed-block",
        ),
        (
            {
                "measurement_kind": 8,
                "measuring_period": 102,
                "argument_numerator": 900,
                "argument_denominator": 300,
            },
            "demand, 15-minute rolling-block (5-minute steps)",
        ),
        (
            {"measurement_kind": 8, "measuring_period": 59, "aggregate": 8, "macro_period": 13, "tou": 1},
            "demand, monthly 60-minute rolling-block (15-minute steps) maximum, time-of-use bucket A",
        ),
        ({"measurement_kind": 3, "unit": 80, "currency": 978}, "currency, EUR"),
        ({"measurement_kind": 3, "unit": 80, "currency": 978, "multiplier": -2}, "currency, 10⁻² EUR"),
        ({"measurement_kind": 45, "unit": 72, "currency": 840, "multiplier": 3}, "tariff rate, kWh, USD"),
        (
            {"measurement_kind": 12, "cpp": 2, "consumption_tier": 20},
            "energy, critical-peak bucket B, consumption tier 20",
        ),
        (
            {"measurement_kind": 100, "argument_numerator": 15, "argument_denominator": 1},
            "device class, argument 15",
        ),
        ({"measurement_kind": 9999}, "unknown measurementKind 9999"),
        ({"measurement_kind": 12, "unit": 9000, "multiplier": 3}, "energy, 10³ unknown unit 9000"),
        ({"measurement_kind": 12, "multiplier": 5, "unit": 72}, "active energy, 10⁵ Wh"),
        ({"measurement_kind": 111, "multiplier": 3}, "manufacturer-assigned product number, 10³"),
    ],
)
def test_other_codes_in_words(fields, words):
    assert code(**fields).describe() == words


@given(reading_types)
def test_a_code_written_and_read_is_the_same(found):
    again = ReadingType.parse(str(found), LISTS)
    assert again == found
    assert hash(again) == hash(found)
    assert ReadingType.from_names(LISTS, found.names, vendor=True) == found
    assert found.describe()


def test_codes_are_values():
    assert code(unit=72) == ReadingType(unit=72, lists=CodeLists())
    assert len({code(unit=72), code(unit=72), code(unit=73)}) == 2
    with pytest.raises(AttributeError):
        code().unit = 1
    assert "lists" not in repr(code())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty text"),
        ("0.0", "found 2 parts; expected 18"),
        ("0.0.2.4.1.1.12.0.0.3.72", "found 11 parts"),
        (KWH + ".0", "found 19 parts"),
        (KWH + "\n", "found '0\\n' for currency"),
        (" " + KWH, "found ' 0' for macroPeriod"),
        (changed("unit", "Wh"), "found 'Wh' for unit"),
        (changed("unit", ""), "found '' for unit"),
        (changed("unit", "-72"), "found '-72' for unit"),
        (changed("multiplier", "--3"), "found '--3' for multiplier"),
        (changed("multiplier", "+3"), "found '+3' for multiplier"),
        (changed("unit", "٣"), "for unit"),
        (changed("unit", "9" * 10), "for unit"),
        (changed("unit", "9" * 5000), "for unit"),
        ("." * 100_000, "found 100001 parts"),
    ],
)
def test_a_malformed_code_says_what_was_found(text, says):
    with pytest.raises(MalformedCode) as raised:
        ReadingType.parse(text, LISTS)
    assert says in str(raised.value)
    assert "18 whole numbers" in str(raised.value)
    assert len(str(raised.value)) < 300
    assert isinstance(raised.value, ValueError)


def test_leading_zeros_are_read_and_not_written():
    assert str(ReadingType.parse(changed("currency", "036"), LISTS)) == changed("currency", "36")
    assert str(ReadingType.parse(changed("multiplier", "-0"), LISTS)) == changed("multiplier", "0")


@pytest.mark.parametrize("fields", [{"unit": -1}, {"unit": 10**9}, {"multiplier": -(10**9)}])
def test_numbers_out_of_bounds_make_no_code(fields):
    with pytest.raises(MalformedCode):
        code(**fields)


@pytest.mark.parametrize("label", [field.label for field in ReadingType.FIELDS if field.list])
def test_unknown_numbers_are_legal_and_flagged(label):
    found = ReadingType.parse(changed(label, "99999"), LISTS)
    counted = label in ("tou", "cpp", "consumptionTier")
    assert found.unknown == (() if counted else (label,))
    assert found.describe()


def test_a_number_over_zero_is_flagged():
    found = code(argument_numerator=5)
    assert found.unknown == ("argumentNumerator", "argumentDenominator")


def test_vendor_extensions_are_flagged():
    assert code(commodity=901, unit=801).vendor == ("commodity", "unit")


def test_phases_outside_the_list_speak_by_their_bits():
    assert "phase A, phase C, to neutral" in code(phases=161).describe()
    assert code(phases=161).unknown == ("phases",)
    assert "unknown phases 32768" in code(phases=32768).describe()


def test_properties_give_shapes_and_units():
    found = ReadingType.parse(KWH, LISTS)
    assert (found.interval, found.factor, found.unit_symbol) == (timedelta(minutes=15), Decimal(1000), "kWh")
    assert code(measuring_period=59).interval == timedelta(hours=1)
    assert code(measuring_period=102, argument_numerator=90).interval == timedelta(seconds=90)
    assert code(measuring_period=102).interval is None
    assert code(measuring_period=15).interval is None
    assert code(measuring_period=9999).interval is None
    assert code(multiplier=-3).factor == Decimal("0.001")
    assert code(argument_numerator=15, argument_denominator=1).argument == Ratio(15, 1)
    assert code(interharmonic_numerator=3, interharmonic_denominator=1).interharmonic == Ratio(3, 1)


def test_a_code_built_from_names():
    built = ReadingType.build(
        LISTS,
        measurement_kind="energy",
        unit="Wh",
        multiplier="k",
        flow_direction="forward",
        measuring_period="fifteenMinute",
        accumulation="deltaData",
        commodity="electricitySecondaryMetered",
    )
    assert str(built) == KWH
    assert built.names["measuringPeriod"] == "fifteenMinute"
    assert built.names["interharmonicNumerator"] == "0"
    shorter = ReadingType.build(
        LISTS,
        measurement_kind=12,
        unit="kWh",
        flow_direction="import",
        measuring_period="PT15M",
        accumulation=4,
        commodity=1,
    )
    assert shorter == built


def test_a_code_built_with_every_field():
    built = ReadingType.build(
        LISTS,
        macro_period="daily",
        aggregate="maximum",
        measurement_kind="voltage",
        interharmonic="harmonic3",
        argument="n720/60",
        tou="touB",
        cpp="cppA",
        consumption_tier=3,
        phases="AN",
        unit=29,
        currency="EUR",
    )
    assert str(built) == "11.8.0.0.0.0.54.3.1.720.60.2.1.3.129.0.29.978"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"unit": "kwhh"}, "unit has no name 'kwhh'"),
        ({"unit": "percent"}, "vendor extension"),
        ({"unit": "kWh", "multiplier": 3}, "unit has no name 'kWh'"),
        ({"measurement_kind": "energi"}, "did you mean energy"),
        ({"interharmonic": "third"}, "interharmonic has no name 'third'"),
        ({"argument": "15"}, "argument has no name '15'"),
    ],
)
def test_names_that_are_none(fields, says):
    with pytest.raises(UnknownName, match=says):
        ReadingType.build(LISTS, **fields)


def test_vendor_names_are_admitted_on_demand():
    assert ReadingType.build(LISTS, unit="percent", vendor=True).unit == 801


def test_a_label_that_is_none():
    with pytest.raises(UnknownName, match="ReadingType has no field 'kind'"):
        ReadingType.from_names(LISTS, {"kind": "energy"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kWh", (3, 72)),
        ("Wh", (0, 72)),
        ("MVArh", (6, 73)),
        ("kvarh", (3, 73)),
        ("mA", (-3, 5)),
        ("µA", (-6, 5)),
        ("microV", (-6, 29)),
        ("min", (0, 159)),
        ("Pa", (0, 39)),
        ("m", (0, 2)),
        ("kg", (3, 3)),
        ("daN", (1, 32)),
        ("m3", (0, 42)),
        ("none", (0, 0)),
    ],
)
def test_units_with_a_prefix(text, expected):
    assert split_unit(text, LISTS) == expected


#: facts/codes 08_09 and 10_11.
@pytest.mark.parametrize(
    ("pair", "name"),
    [
        ((0, 0), "none"),
        ((1, 1), "fundamental"),
        ((1, 2), "interharmonic1/2"),
        ((2, 1), "harmonic2"),
        ((7, 1), "harmonic7"),
    ],
)
def test_interharmonics_have_names(pair, name):
    assert Ratio(*pair).harmonic_name == name
    assert Ratio.of_harmonic(name) == Ratio.of_harmonic(pair) == Ratio(*pair)


@pytest.mark.parametrize(
    ("pair", "name"),
    [((0, 0), "none"), ((1, 2), "n1/2"), ((0, 1), "n0"), ((15, 1), "n15"), ((720, 60), "n720/60")],
)
def test_arguments_have_names(pair, name):
    assert Ratio(*pair).argument_name == name
    assert Ratio.of_argument(name) == Ratio.of_argument(pair) == Ratio(*pair)


@pytest.mark.parametrize(
    ("number", "words"), [(1, "fundamental"), (2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")]
)
def test_harmonics_are_counted(number, words):
    assert Ratio(number, 1).harmonic_words.startswith(words)
