"""The parser reads what is well-formed, as plain lxml would, and says what is wrong with the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.errors import AdapterError, OverBudget, Unreadable
from cim_adapter.schema import Budget, parse

BUDGET = Budget()
NAMES = st.sampled_from(["a", "MeterReading", "{urn:x}b", "{urn:y}é", "_c.1"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t <>&=!'\""))


def is_xml(text: str) -> bool:
    return "\ufffe" not in text and "\uffff" not in text


@st.composite
def documents(draw: st.DrawFn) -> etree._Element:
    def grow(depth: int) -> etree._Element:
        element = etree.Element(draw(NAMES), draw(st.dictionaries(NAMES, TEXTS.filter(is_xml), max_size=3)))
        element.text = draw(TEXTS.filter(is_xml))
        for _ in range(draw(st.integers(0, 3 if depth else 0))):
            child = grow(depth - 1)
            child.tail = draw(TEXTS.filter(is_xml))
            element.append(child)
        return element

    return grow(2)


def refusal(body: bytes) -> AdapterError | None:
    try:
        parse(body, BUDGET)
    except AdapterError as error:
        return error
    return None


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n")


@given(documents())
def test_what_is_well_formed_reads_as_plain_lxml_reads_it(document: etree._Element) -> None:
    text = etree.tostring(document, encoding="unicode")
    plain = canonical(etree.fromstring(text))
    assert canonical(parse(text.encode(), BUDGET)) == plain
    for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        assert canonical(parse(text.encode(codec), BUDGET)) == plain
    declared = f'<?xml version="1.0" encoding="UTF-16"?>{text}'
    assert canonical(parse(declared.encode("utf-16"), BUDGET)) == plain


@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda junk: b"<a>" + junk + b"</a>"))
def test_junk_is_refused_or_read_and_never_crashes(body: bytes) -> None:
    error = refusal(body)
    assert error is None or error.findings


@pytest.mark.parametrize(
    ("body", "line", "advice"),
    [
        (b"", 1, "must begin"),
        (b"hello", 1, "must begin"),
        (b"<a>\n<b>\n</a>", 3, "Close each"),
        (b"<a>\n<b>", 2, "cut off"),
        (b"<a>\nSmith & Sons</a>", 2, "&amp;"),
        (b"<a>\nSmith &nbsp; Sons</a>", 2, "Only"),
        (b"<a>\n\xe9</a>", 2, "UTF-8"),
        (b"<a>\n\x01</a>", 2, "control"),
        (b"\n<?xml version='1.0'?><a/>", 2, "before <?xml"),
        (b"<x:a/>", 1, "Declare"),
        (b"<a/>\n<b/>", 2, "one document"),
        (b"<a b='<'/>", 1, "&lt;"),
    ],
)
def test_what_is_not_well_formed_is_told_where_and_what_to_do(body: bytes, line: int, advice: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(body, BUDGET)
    (finding,) = caught.value.findings
    assert finding.line == line
    assert advice in finding.advice
    assert "xmlParse" not in finding.found


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b"<a>" * 5_000 + b"</a>" * 5_000, "256 deep", id="depth"),
        pytest.param(b"<a>" + b"x" * 11_000_000 + b"</a>", "too long", id="text"),
        pytest.param(b"<a b='" + b"x" * 11_000_000 + b"'/>", "too long", id="value"),
        pytest.param(b"<a><!--" + b"x" * 11_000_000 + b"--></a>", "too long", id="comment"),
        pytest.param(b"<" + b"a" * 60_000 + b"/>", "too long", id="name"),
    ],
)
def test_what_libxml2_bounds_is_over_budget(body: bytes, told: str) -> None:
    with pytest.raises(OverBudget) as caught:
        parse(body, BUDGET)
    assert told in caught.value.findings[0].found
    assert caught.value.code == "3.1"


def test_the_budget_is_spent_first() -> None:
    with pytest.raises(OverBudget):
        parse(b"<a><b/></a>", Budget(max_elements=1))


def test_comments_cannot_split_a_value() -> None:
    root = parse(b"<a><?p i?><v>1<!-- 9 -->.<![CDATA[5]]>0</v></a>", BUDGET)
    assert [child.tag for child in root] == ["v"]
    assert root[0].text == "1.50"


def test_lines_are_counted_beyond_65535() -> None:
    assert parse(b"<a>" + b"\n" * 100_000 + b"<b/></a>", BUDGET)[0].sourceline == 100_001


def test_many_threads_parse_at_once() -> None:
    bodies = [f"<a>{n}</a>".encode() for n in range(500)]
    with ThreadPoolExecutor(8) as pool:
        assert [root.text for root in pool.map(lambda body: parse(body, BUDGET), bodies)] == [
            str(n) for n in range(500)
        ]
