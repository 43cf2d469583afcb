"""Each mistake is told by line, path, what was found, what was expected, and what to do."""

# ruff: noqa: E501  # one mistake, one line: the table reads best so

from __future__ import annotations

import pytest

from cim_adapter.errors import Invalid
from cim_adapter.schema import Budget, Catalogue, Schema, parse

GOOD = """\
<Readings xmlns="urn:profile#">
  <Block>
    <mRID>m</mRID>
    <count>7</count>
    <reason>billing</reason>
    <code>1.2</code>
    <Reading><timeStamp>2026-01-01T00:00:00Z</timeStamp><value>1</value></Reading>
    <Reading>
      <timeStamp>2026-01-01T00:15:00Z</timeStamp>
      <value>2</value>
    </Reading>
    <Type id="a" ref="b"/>
  </Block>
</Readings>
"""
BLOCK = "Readings/Block[1]"
READING = "Readings/Block[1]/Reading[2]"
LIKE = "For example "

MISTAKES = {
    "dateTime": ("T00:15", " 00:15", 9, f"{READING}/timeStamp", "'2026-01-01 00:15:00Z'", "xs:dateTime", LIKE),
    "empty dateTime": ("2026-01-01T00:15:00Z", "", 9, f"{READING}/timeStamp", "an empty value", "xs:dateTime", LIKE),
    "integer": (">7<", ">seven<", 4, f"{BLOCK}/count", "'seven'", "xs:integer", LIKE),
    "long value": (">7<", f">{'7' * 99}x<", 4, f"{BLOCK}/count", f"'{'7' * 80}…'", "xs:integer", LIKE),
    "lines in a value": (">7<", ">7\n8<", 4, f"{BLOCK}/count", "'7 8'", "xs:integer", LIKE),
    "enumeration": ("billing", "Billing", 5, f"{BLOCK}/reason", "'Billing'", "one of billing, inquiry", "'billing'"),
    "far enumeration": ("billing", "zzz", 5, f"{BLOCK}/reason", "'zzz'", "one of billing, inquiry", ""),
    "pattern": ("1.2", "12", 6, f"{BLOCK}/code", "'12'", "matching", ""),
    "enumeration in an attribute": (
        'ref="b"', 'kind="Inquiry"', 12, f"{BLOCK}/Type/@kind", "'Inquiry'", "one of billing, inquiry", "'inquiry'",
    ),
    "unknown attribute": ("ref=", "reff=", 12, f"{BLOCK}/Type/@reff", "attribute reff", "ref, kind, id", "'ref'"),
    "missing attribute": ('id="a" ', "", 12, f"{BLOCK}/Type", "Type without attribute id", "attribute id", "Add id="),
    "unknown element": (
        "value>2</value", "valu>2</valu", 10, f"{READING}/valu", "valu", "value", "not part of Reading in this profile; nearest is 'value'",
    ),
    "letter case": (
        "<timeStamp>2026-01-01T00:15:00Z</timeStamp>", "<timestamp/>", 9, f"{READING}/timestamp", "timestamp", "timeStamp", "nearest is 'timeStamp'",
    ),
    "vendor element": ("    <Type", "    <Zones/><Type", 12, f"{BLOCK}/Zones", "Zones", "Type", "remove it"),
    "order": (
        "    <mRID>m</mRID>\n    <count>7</count>", "    <count>7</count>\n    <mRID>m</mRID>", 4, f"{BLOCK}/mRID", "mRID", "reason", "move it before count",
    ),
    "twice": ("<count>7</count>", "<count>7</count><count>8</count>", 4, f"{BLOCK}/count[2]", "count", "reason", "once only"),
    "missing child": ('<Type id="a" ref="b"/>', "", 2, BLOCK, "Block without Type", "Type", "Type is required"),
    "after the end": ("</Reading>\n    <Type", "</Reading>\n    <Type id='1'/><Type", 12, f"{BLOCK}/Type[2]", "Type", "the end of Block", "once only"),
    "wrong namespace": (
        "<value>2", '<value xmlns="urn:old#">2', 10, f"{READING}/value", "value in namespace 'urn:old#'", "namespace 'urn:profile#'",
        "Found namespace 'urn:old#', expected 'urn:profile#'; write xmlns=\"urn:profile#\"",
    ),
    "no namespace": ("<value>2", '<value xmlns="">2', 10, f"{READING}/value", "value in no namespace", "'urn:profile#'", "Found no namespace"),
    "text between elements": ("<Block>", "<Block>hello", 2, BLOCK, "text 'hello", "Block with child elements only", "Remove the text"),
    "text in an empty element": ('ref="b"/>', ">0.0</Type>", 12, f"{BLOCK}/Type", "text '0.0'", "an empty Type", '<Type ref="…"/>'),
    "element in a value": (">2<", "><b/>2<", 10, f"{READING}/value", "element b inside value", "text only", "Remove"),
    "nil": (
        "<value>2", '<value xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">2', 10, f"{READING}/value", "'2'", "what the XSD allows", "nillable",
    ),
    "root": ("Readings", "Reading5", 1, "Reading5", "Reading5", "Readings", "nearest is 'Readings'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_full(schema: Schema, mistake: str) -> None:
    good, bad, line, path, found, expected, advice = MISTAKES[mistake]
    schema.check(parse(GOOD.encode(), Budget()))
    text = GOOD.replace(good, bad) if mistake == "root" else GOOD.replace(good, bad, 1)
    with pytest.raises(Invalid) as caught:
        schema.check(parse(text.encode(), Budget()))
    (finding,) = caught.value.findings
    assert finding.line == line
    assert finding.path == path
    assert finding.found.startswith(found)
    assert expected in finding.expected
    assert advice in finding.advice
    for word in ("{", "}", "Xsd", "<Element", ".xsd", "/tmp"):
        assert word not in str(finding)
    assert "1 place" in caught.value.reason


def test_many_mistakes_are_counted_and_the_first_told(schema: Schema) -> None:
    block = '<Block><count>x</count><Type id="1"/></Block>'
    with pytest.raises(Invalid) as caught:
        schema.check(parse(f'<Readings xmlns="urn:profile#">{block * 50}</Readings>'.encode(), Budget()))
    assert [finding.path for finding in caught.value.findings] == [
        f"Readings/Block[{n}]/count" for n in range(1, 21)
    ]
    assert caught.value.reason == "Readings breaks its XSD in 50 places; the first 20 are listed."


def test_prefixes_do_not_change_a_path(schema: Schema) -> None:
    text = '<p:Readings xmlns:p="urn:profile#"><p:Block/><p:Block><p:count>x</p:count><p:Type id="1"/></p:Block></p:Readings>'
    with pytest.raises(Invalid) as caught:
        schema.check(parse(text.encode(), Budget()))
    assert [finding.path for finding in caught.value.findings] == ["Readings/Block[1]", "Readings/Block[2]/count"]


def test_the_real_contract_explains(contract: Catalogue) -> None:
    message = """\
<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message">
  <Header><Verb>made</Verb><Noun>MeterReadings</Noun></Header>
  <Payload>
    <MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">
      <MeterReading><IntervalBlocks>
        <IntervalReadings><value>1.50</value><timeStamp>2026-01-01T00:00:00Z</timeStamp></IntervalReadings>
        <ReadingType ref="0.0"/>
      </IntervalBlocks></MeterReading>
    </MeterReadings>
  </Payload>
</RequestMessage>"""
    root = parse(message.encode(), Budget())
    with pytest.raises(Invalid) as caught:
        contract.check(root)
    (finding,) = caught.value.findings
    assert (finding.line, finding.path, finding.found) == (2, "RequestMessage/Header/Verb", "'made'")
    with pytest.raises(Invalid) as caught:
        contract.check(root[1][0])
    (finding,) = caught.value.findings
    assert finding.line == 6
    assert finding.path == "MeterReadings/MeterReading[1]/IntervalBlocks[1]/IntervalReadings[1]/timeStamp"
    assert "move it before value" in finding.advice
