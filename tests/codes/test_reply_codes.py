import csv
from pathlib import Path

import pytest

from cim_adapter import codes, errors
from cim_adapter.codes import ReplyCode, ReplyCodes
from cim_adapter.errors import AdapterError

TABLE = ReplyCodes()
#: facts/envelope.md §5.7: the numbers have gaps.
STANDARD = {
    "0": ["0", "1", "2", "3"],
    "1": ["5", "6", "7", "8", "9"],
    "2": ["4", "5", "6", "9", "10", *map(str, range(12, 34))],
    "3": ["1", "2"],
    "4": ["1"],
    "5": [str(n) for n in range(1, 10)],
    "6": [str(n) for n in range(1, 6)],
    "7": [str(n) for n in range(1, 8)],
}


def test_the_table_is_that_of_the_standard():
    assert {row.code for row in TABLE} == {
        f"{major}.{minor}" for major, minors in STANDARD.items() for minor in minors
    }


def test_every_row_has_a_text_and_words_of_the_schema():
    for row in TABLE:
        assert row.meaning
        assert row.result in {"OK", "PARTIAL", "FAILED"}, row
        assert row.level in {"INFORM", "WARNING", "FATAL", "CATASTROPHIC"}, row


def test_only_codes_that_begin_with_zero_are_no_failure():
    for row in TABLE:
        if row.code.startswith("0."):
            assert (row.result in ("OK", "PARTIAL"), row.level) == (True, "INFORM"), row


def test_the_file_names_no_code_twice():
    path = Path(codes.__file__).with_name("reply_codes.csv")
    rows = [row["code"] for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    assert len(rows) == len(set(rows)) == len(list(TABLE))


@pytest.mark.parametrize("code", ["SIM1001", "", "9.9"])
def test_a_vendors_code_is_legal_and_says_nothing(code):
    assert TABLE[code] == ReplyCode(code, "", "FAILED", "FATAL")


def every_error(root=AdapterError):
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from every_error(child)


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_the_table_and_stands_in_the_drawn_tree(error):
    assert TABLE[error.code].result == "FAILED"
    assert TABLE[error.code].meaning
    assert error.__name__ in errors.__doc__
    assert error("reason").code == error.code
    assert error("reason", code="2.4").code == "2.4"


def test_findings_are_readable_sentences():
    finding = errors.Finding(line=3, path="a/b", found="x", expected="y", advice="Do z.")
    assert str(finding) == "line 3, a/b: found x; expected y. Do z."
    assert str(errors.Finding(line=0, path="", found="x", expected="y")) == "found x; expected y"
