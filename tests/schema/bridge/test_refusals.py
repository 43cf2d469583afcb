"""What cannot be translated is said: where, what was found, what was expected. Attacks cost nothing."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.errors import AdapterError, Invalid, OverBudget, Unreadable
from cim_adapter.schema import Budget
from cim_adapter.schema.bridge import JsonText

BUDGET = Budget()
ODD = "{urn:odd#}Odd"
MESSAGE = "{http://iec.ch/TC57/2011/schema/message}RequestMessage"
LONG = "x" * 1_000_000


@pytest.fixture
def refused(bridge):
    """The findings about a JSON text, or about a value."""

    def go(data: Any, tag: str = ODD, kind: type[AdapterError] = Invalid, budget: Budget = BUDGET):
        act = partial(bridge.read, budget=budget) if isinstance(data, bytes) else bridge.from_json
        with pytest.raises(kind) as caught:
            act(data, tag)
        assert caught.value.reason
        assert len(caught.value.reason) < 300
        for finding in caught.value.findings:
            assert len(str(finding)) < 2_000
        return caught.value.findings

    return go


@pytest.mark.parametrize(
    ("data", "path", "found", "expected", "advice"),
    [
        (b"[]", "", "an array", "an object", "without [ ]"),
        (b'{"count": [1]}', "/count", "an array", "an integer", "without [ ]"),
        (b'{"money": 1.50}', "/money", "the number 1.50", "an array", "[ ] around it"),
        (b'{"money": [1, true]}', "/money/1", "true", "a number", ""),
        (b'{"flag": 1}', "/flag", "the number 1", "true or false", ""),
        (b'{"count": null}', "/count", "null", "an integer", "Leave the member out"),
        (b'{"Clash": {"name": 1.50}}', "/Clash/name", "the number 1.50", "a string", "in quotes"),
        (b'{"Clash": {"{}name": 7}}', "/Clash/{}name", "the number 7", "a string", "in quotes"),
        (b'{"cuont": 1}', "/cuont", "member 'cuont'", "one of flag, count", "nearest is 'count'"),
        (b'{"Side": {"ID": "1"}}', "/Side/ID", "member 'ID'", "one of Side, id", "nearest is 'id'"),
        (b'{"Side": {"$value": "1"}}', "/Side/$value", "member '$value'", "one of Side, id", ""),
        (b'{"Side": {"$content": {}}}', "/Side/$content", "an object", "an array", ""),
        (b'{"Side": {"$content": [{}]}}', "/Side/$content/0", "an object", "one member", ""),
        (b'{"Side": {"$content": [{"site": {}}]}}', "/Side/$content/0/site", "'site'", "Side", "is 'Side'"),
        (b'{"Side": {"$content": [], "Side": []}}', "/Side", "$content beside Side", "one of the two", "or none"),
        (b'{"Side": {"$namespace": "urn:x"}}', "/Side/$namespace", "'urn:x'", "'urn:odd#'", "leave it out"),
        (b'{"a": {"$namespace": 7}}', "/a", "member 'a'", "one of flag", "$namespace"),
        (b'{"a": {"$namespace": "urn:x", "b": 1}}', "/a/b", "the number 1", "a string", "in quotes"),
        (b'{"a/b~": {"$namespace": "urn:x"}}', "/a~1b~0", "member 'a/b~'", "one of flag", ""),
        (b'{"a": {"$namespace": "urn:x", "xmlns": "urn:y"}}', "/a/xmlns", "xmlns", "an attribute", "$namespace"),
        (b'{"a": {"$namespace": "http://www.w3.org/2000/xmlns/"}}', "/a", "'a'", "one of flag", ""),
        (b'{"{http://www.w3.org/2000/xmlns/}a": ""}', "/{http:~1~1www.w3.org~12000~1xmlns~1}a", "a", "attrib", ""),
        (b'{"{": "b"}', "/{", "'{': 'b'", "XML can write", ""),
        (b'{"count": 1e999999999}', "/count", "the number 1E+999999999", "an integer", "300 digits"),
        (b'{"count": %b}' % (b"9" * 4_000), "/count", "a very long number", "an integer", "300 digits"),
        (b'{"Clash": {"name": "a\\u0000b"}}', "/Clash/name", "'a b'", "XML can write", "control characters"),
        (b'{"Mixed": {"$content": ["\\u0001"]}}', "/Mixed/$content", "' '", "XML can write", ""),
        (b'{"Clash": {"{}name": "\\uffff"}}', "/Clash/{}name", "' '", "XML can write", ""),
        (b'{"code": "{urn:\\u0000}a"}', "/code", "urn:", "XML can write", ""),
        (b'{"Header": {"verb": "get"}}', "/Header/verb", "member 'verb'", "Verb", "nearest is 'Verb'"),
        (b'{"Payload": {"MeterReading": {}}}', "/Payload/MeterReading", "'MeterReading'", "", "'MeterReadings'"),
    ],
)  # fmt: skip
def test_each_mistake(data, path, found, expected, advice, refused):
    tag = MESSAGE if b"Header" in data or b"Payload" in data else ODD
    (finding,) = refused(data, tag)
    assert finding.path == path
    assert found in finding.found
    assert expected in finding.expected
    assert advice in finding.advice


def test_many_mistakes_are_told_at_once_but_not_without_end(refused):
    assert [finding.path for finding in refused(b'{"flag": 1, "a": 1, "Side": {"b": 1}}')] == [
        "/a",
        "/flag",
        "/Side/b",
    ]
    assert len(refused({"money": ["no", None] * 1_000})) == 20


@pytest.mark.parametrize(
    ("data", "found", "line"),
    [
        (b"", "truncated", 1),
        (b'{"a":\n1,}', "trailing comma", 2),
        (b'{"a":\n\n01}', "invalid number", 3),
        (b'"\xff"', "not UTF-8", 1),
        (b'"\xed\xa0\x80"', "not UTF-8", 1),
        (b'{"a":"\\ud800"}', "", 1),
        ('{"a":1}'.encode("utf-16"), "", 1),
        (b"<a/>", "invalid character", 1),
        (b"NaN", "invalid character", 1),
        (b"9" * 5_000, "out of range", 1),
        (b"1e99999999999999999999", "exponent", 1),
    ],
)
def test_what_is_no_json(data, found, line, refused):
    (finding,) = refused(data, kind=Unreadable)
    assert found in finding.found
    assert finding.line == line
    assert "UTF-8" in finding.advice


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b'{"flag": true, "flag": false}', "/flag"),
        (b'{"flag" :true, "flag": false}', "/flag"),
        (b'{"a": {"$namespace": "urn:\\":", "b"\n: "1", "c":"2", "\\u0062": "3"}}', "/a/b"),
        (b'{"Left": [{}, {"id": ":", "id": ":"}]}', "/Left/1/id"),
    ],
)
def test_two_members_of_one_name(data, path, refused):
    (finding,) = refused(data)
    assert (finding.path, finding.expected) == (path, "one")


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('a":\\ {}')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('a":\\ ')), inner),
))  # fmt: skip
def test_colons_and_quotes_in_texts_are_no_twins(value):
    text = JsonText()
    assert text.read(text.write(value), BUDGET) == value


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"[" * 769 + b"]" * 769,
        b"[" + b"1," * 500_000 + b"1]",
        b"[" + b"{}," * 300_000 + b"1]",
        b" " * (32 * 1024 * 1024 + 1),
    ],
    ids=["open", "arrays", "objects", "one too many", "items", "empty objects", "bytes"],
)
def test_budgets(data, refused):
    (finding,) = refused(data, kind=OverBudget)
    assert "at most" in finding.expected


def test_elements_too_deep(refused):
    value: Any = {}
    for _ in range(255):
        value = {"$content": [{"a": value}]}
    value["$namespace"] = "urn:x"
    (finding,) = refused({"a": value}, kind=OverBudget)
    assert "256" in finding.expected


@pytest.mark.parametrize(
    "value",
    [
        {LONG: 1},
        {"count": [LONG]},
        {"Clash": {"name": LONG + "\0"}},
        {"{" + LONG: LONG},
        {"code": "{" + LONG + "\0}a"},
        {"a": {"$namespace": LONG + "\0"}},
        {"Side": {"$namespace": LONG}},
        {"Clash": {"name": 10**100_000}},
        {"count": 10**100_000},
        {"count": Decimal("1E+999999")},
        {"count": Decimal("NaN")},
        {"ratio": 1.5},
        {"Clash": {"name": "\ud800"}},
        {"{urn:x}a": "\udfff"},
    ],
    ids=range(14),
)
def test_a_refusal_is_short_whatever_it_is_about(value, refused):
    assert len(refused(value)) == 1


_NAMES = [
    *("flag", "count", "money", "code", "Amount", "Left", "right", "Side", "id", "Mixed", "bold", "a", "{urn:x}a"),
    *("$value", "$content", "$namespace", "{}b", "MeterReadings", "MeterReading", "Meter", "xmlns"),
]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False)
    | st.text()
    | st.text(st.characters(codec=None), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.sampled_from(["flag", "Side", "Mixed", "a", "Left", "$content"]), _JSON))
def test_whatever_is_taken_is_a_document_that_comes_back(value, bridge, canonical):
    try:
        root = bridge.from_json(value, ODD)
    except AdapterError:
        return
    text = bridge.write(root)
    assert canonical(etree.fromstring(etree.tostring(root))) == canonical(root)
    assert canonical(bridge.read(text, ODD, BUDGET)) == canonical(root)
