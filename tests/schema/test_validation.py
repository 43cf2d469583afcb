"""Valid elements pass as they stand, small and large; padded times pass; errors never cost more than a few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from cim_adapter.errors import Invalid
from cim_adapter.schema import Budget, Schema, parse

TIME = "2026-01-01T00:00:00Z"


def readings(count: int, *, time: str = TIME, value: str = "1.50", blocks: int = 1) -> str:
    one = f"<Reading>\n<timeStamp>{time}</timeStamp>\n<value>{value}</value>\n</Reading>\n"
    block = f'<Block>\n{one * count}<Type id="1"/></Block>\n'
    return f'<Readings xmlns="urn:profile#">{block * blocks}</Readings>'


def read(text: str) -> etree._Element:
    return parse(text.encode(), Budget(max_bytes=64 * 1024 * 1024))


def text_of(root: etree._Element, path: str) -> set[str | None]:
    return {element.text for element in root.iterfind(path, {"p": "urn:profile#"})}


SIZES = pytest.mark.parametrize("count", [1, 96, 10_000])


@SIZES
def test_a_valid_element_passes_inside_a_larger_document(schema: Schema, count: int) -> None:
    envelope = read(f'<e:Envelope xmlns:e="urn:e"><e:Body>{readings(count)}</e:Body>tail</e:Envelope>')
    before = etree.tostring(envelope)
    schema.check(envelope[0][0])
    assert etree.tostring(envelope) == before


@SIZES
@pytest.mark.parametrize("padded", [f" {TIME}", f"{TIME}\n", f"\t\r\n {TIME} "])
def test_white_space_around_a_time_is_legal(schema: Schema, count: int, padded: str) -> None:
    text = readings(count, time=padded, value=f" {TIME} ").replace(
        "<Type", f"<timeStamp> {TIME} </timeStamp><Type"
    )
    root = read(text)
    schema.check(root)
    assert {str(found).strip() for found in text_of(root, "p:Block/p:Reading/p:timeStamp")} == {TIME}
    # The same text in a string is the sender's own and stays, even in an element of the same name.
    assert text_of(root, "p:Block/p:Reading/p:value") == {f" {TIME} "}
    assert text_of(root, "p:Block/p:timeStamp") == {f" {TIME} "}


@SIZES
@pytest.mark.parametrize(
    "wrong", ["", " ", "2026-01-01 00:00:00Z", f"{TIME[:10]} {TIME}", " 2026-13-01T00:00:00Z "]
)
def test_a_wrong_time_is_refused(schema: Schema, count: int, wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        schema.check(read(readings(count, time=wrong)))
    first = caught.value.findings[0]
    assert first.path == "Readings/Block[1]/Reading[1]/timeStamp" if count > 1 else first.path
    assert first.line == 3
    assert first.expected == "xs:dateTime"


@pytest.mark.parametrize("at", [0, 1, 1_234, 9_998, 9_999])
def test_the_one_bad_value_of_a_large_message_is_found(schema: Schema, at: int) -> None:
    parts = readings(10_000).split(TIME)
    text = TIME.join(parts[: at + 1]) + "soon" + TIME.join(parts[at + 1 :])
    with pytest.raises(Invalid) as caught:
        schema.check(read(text))
    (finding,) = caught.value.findings
    assert finding.path == f"Readings/Block[1]/Reading[{at + 1}]/timeStamp"
    assert finding.line == text[: text.index("soon")].count("\n") + 1
    assert finding.found == "'soon'"


def test_what_is_missing_at_the_end_of_a_long_block_is_found(schema: Schema) -> None:
    text = readings(3_000, blocks=3).replace('<Type id="1"/></Block>\n</Readings>', "</Block></Readings>")
    with pytest.raises(Invalid) as caught:
        schema.check(read(text))
    (finding,) = caught.value.findings
    assert finding.path == "Readings/Block[3]"
    assert finding.expected == "Type"


def test_a_large_message_on_one_line_is_searched_too(schema: Schema) -> None:
    text = readings(4_000, blocks=2).replace("\n", "")
    cut = text.rindex("<value>")
    with pytest.raises(Invalid) as caught:
        schema.check(read(text[:cut] + "<valu/>" + text[cut:]))
    assert caught.value.findings[0].path == "Readings/Block[2]/Reading[4000]/valu"


def test_a_storm_of_errors_is_cut_short(schema: Schema) -> None:
    # As a tree this took libxml2 and lxml minutes: each error walks all the siblings before it.
    with pytest.raises(Invalid) as caught:
        schema.check(read(readings(100_000, time="x")))
    assert len(caught.value.findings) == 20
    assert "at least" in caught.value.reason


def test_a_large_document_without_runs_still_gets_an_answer(schema: Schema) -> None:
    mixed = "<Reading/>" + "<x/><y/>" * 5_000
    text = f'<Readings xmlns="urn:profile#"><Block>{mixed}<Type id="1"/></Block></Readings>'
    with pytest.raises(Invalid) as caught:
        schema.check(read(text))
    assert caught.value.findings


def test_threads_do_not_mix_their_findings(schema: Schema) -> None:
    def refuse(bad: int) -> bool:
        text = readings(300).replace(TIME, "soon", bad)
        with pytest.raises(Invalid) as caught:
            schema.check(read(text))
        return f" {bad} place" in caught.value.reason

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refuse, range(1, 300)))
