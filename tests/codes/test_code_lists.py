import csv
from importlib.resources import files

import pytest

from cim_adapter.codes import CodeLists, CodeRow, CodeTable, UnknownName

LISTS = CodeLists()
TABLES = [LISTS.table(name) for name in CodeLists.NAMES]
SUB_CATEGORIES = [LISTS.quality_sub_category(category) for category in range(13)]
DATA = files("cim_adapter.codes")
STATUS = {
    "confirmed",
    "single-source",
    "one-vendor",
    "inferred",
    "seen-in-use",
    "iso-4217",
    "standard-derived",
    "later-addition",
    "vendor-extension",
}
#: facts/metering.md §4-6: how many rows each list has; currency has 999 besides.
SIZES = {
    "end_device_domain": 37,
    "end_device_event_or_action": 150,
    "end_device_sub_domain": 184,
    "end_device_type": 27,
    "reading_quality_category": 13,
    "reading_quality_system_id": 6,
    "reading_type_accumulation": 11,
    "reading_type_aggregate": 19,
    "reading_type_commodity": 53,
    "reading_type_consumption_tier": 16,
    "reading_type_cpp": 16,
    "reading_type_currency": 179,
    "reading_type_flow_direction": 21,
    "reading_type_macro_period": 8,
    "reading_type_measurement_kind": 169,
    "reading_type_measuring_period": 50,
    "reading_type_multiplier": 21,
    "reading_type_phase_bits": 15,
    "reading_type_phases": 36,
    "reading_type_tou": 16,
    "reading_type_unit": 245,
    "reply_code_groups": 8,
}


def test_every_list_is_packaged_and_complete():
    assert {name: len(LISTS.table(name)) for name in CodeLists.NAMES} == SIZES
    assert (len(LISTS.events), len(LISTS.controls)) == (788, 37)
    assert sum(map(len, SUB_CATEGORIES)) == 69


@pytest.mark.parametrize("table", [*TABLES, *SUB_CATEGORIES], ids=lambda table: table.label)
def test_every_row_is_found_by_its_number_its_name_and_its_aliases(table):
    for row in table:
        assert table[row.number] is row
        assert row.number in table
        for name in (row.name, *row.aliases):
            assert table.number(name, vendor=True) == row.number, name


@pytest.mark.parametrize("table", [*TABLES, *SUB_CATEGORIES], ids=lambda table: table.label)
def test_every_row_has_words_and_a_status(table):
    for row in table:
        assert row.known
        assert row.name.strip() == row.name != ""
        assert " " not in row.name
        assert "." not in row.name
        assert row.words
        assert row.description
        assert row.status in STATUS


def test_the_files_hold_no_number_twice_and_name_no_source():
    for path in DATA.iterdir():
        if not path.name.endswith(".csv"):
            continue
        text = path.read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        keys = [(row.get("category"), row["code"]) for row in rows]
        assert len(set(keys)) == len(keys), path.name
        assert "sources" not in rows[0], path.name
        assert None not in rows[0], path.name
        assert all(None not in row.values() for row in rows), path.name


def test_symbols_that_differ_only_in_case_are_different():
    units, multipliers = LISTS.table("reading_type_unit"), LISTS.table("reading_type_multiplier")
    assert (units.number("m"), units.number("M")) == (2, 217)
    assert (units.number("s"), units.number("S")) == (27, 53)
    assert (multipliers.number("m"), multipliers.number("M")) == (-3, 6)
    with pytest.raises(UnknownName):
        multipliers.number("K")


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("reading_type_measurement_kind", "ENERGY", 12),
        ("reading_type_measurement_kind", "voltageRMS", 54),
        ("reading_type_measuring_period", "PT15M", 2),
        ("reading_type_flow_direction", "export", 19),
        ("reading_type_phases", "AC", 40),
        ("reading_type_currency", "XXX", 0),
        ("reading_type_currency", "eur", 978),
        ("end_device_domain", "RCDSWITCH", 31),
        ("end_device_sub_domain", "PHASEA", 126),
        ("reading_type_multiplier", "-3", -3),
        ("reading_type_unit", "9000", 9000),
    ],
)
def test_names_in_any_case_aliases_and_numbers(name, text, number):
    assert LISTS.table(name).number(text) == number


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("reading_type_measurement_kind", "energi", "did you mean energy"),
        ("reading_type_measurement_kind", "", "measurementKind has no name ''"),
        ("reading_type_commodity", "storageBMS", "vendor extension of commodity, number 902"),
        ("end_device_domain", "x" * 1000, "domain has no name"),
    ],
)
def test_a_name_that_the_list_does_not_have(name, text, says):
    with pytest.raises(UnknownName) as raised:
        LISTS.table(name).number(text)
    assert says in str(raised.value)
    assert len(str(raised.value)) < 250


def test_vendor_extensions_are_read_and_marked():
    commodity = LISTS.table("reading_type_commodity")
    assert commodity[902].vendor
    assert commodity[902].known
    assert commodity.number("storageBMS", vendor=True) == 902


def test_an_unknown_number_has_a_row_that_says_so():
    row = LISTS.table("reading_type_unit")[9000]
    assert (row.number, row.name, row.known, row.vendor) == (9000, "", False, False)
    assert 9000 not in LISTS.table("reading_type_unit")


def test_lists_that_go_on_by_counting_know_every_number():
    assert LISTS.table("reading_type_tou")[37].words == "time-of-use bucket 37"
    assert LISTS.table("reading_type_tou")[37].known


def test_a_name_in_two_cases_is_no_name_in_a_third():
    table = CodeTable("x", [CodeRow(1, "abc", "", "", "confirmed"), CodeRow(2, "ABC", "", "", "confirmed")])
    assert (table.number("abc"), table.number("ABC"), table.find("Abc")) == (1, 2, None)


def test_an_unknown_category_of_quality_has_no_sub_categories():
    assert len(LISTS.quality_sub_category(99)) == 0


def test_lists_are_read_once_per_instance():
    lists = CodeLists()
    assert lists.table("reading_type_unit") is lists.table("reading_type_unit")
    assert lists.events is lists.events
    assert lists.reply_codes is lists.reply_codes
    assert lists.table("reading_type_unit") is not LISTS.table("reading_type_unit")
