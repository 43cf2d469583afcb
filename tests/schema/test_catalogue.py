"""The catalogue finds the XSD of a namespace, lets the user's own win, and says which was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.errors import Invalid
from cim_adapter.schema import Budget, Catalogue, UnusableSchemaError, parse

ONE = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}">
  <xs:element name="{}"/>
</xs:schema>"""


def write(folder: Path, name: str, namespace: str, root: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(ONE.format(namespace, root))


def test_elements_and_names_find_their_schema(folder: Path) -> None:
    catalogue = Catalogue([folder])
    schema = catalogue.schema_for(etree.Element("{urn:profile#}Anything"))
    assert schema is catalogue.schema_for("{urn:profile#}Readings")
    assert schema is not None
    assert schema.roots == ("Readings",)
    assert catalogue.schema_for("{urn:other}Readings") is None
    assert catalogue.schema_for("Readings") is None


def test_a_later_folder_wins_and_within_one_the_first_name(tmp_path: Path) -> None:
    write(tmp_path / "ours", "A.xsd", "urn:a", "A")
    write(tmp_path / "theirs" / "deep", "Own.xsd", "urn:a", "A")
    write(tmp_path / "theirs" / "deep", "Second.xsd", "urn:a", "A")
    catalogue = Catalogue([tmp_path / "ours", tmp_path / "theirs"])
    assert [schema.path.name for schema in catalogue] == ["Own.xsd"]


@pytest.mark.parametrize("content", ["", "not XML", "<html/>"])
def test_a_file_that_is_no_xsd_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "Bad.xsd").write_text(content)
    with pytest.raises(UnusableSchemaError, match=r"^Bad\.xsd"):
        Catalogue([tmp_path])


def test_an_xsd_that_does_not_compile_is_named_when_warmed(tmp_path: Path) -> None:
    text = ONE.format("urn:a", "A").replace('name="A"', 'name="A" type="Missing"')
    (tmp_path / "Bad.xsd").write_text(text)
    with pytest.raises(UnusableSchemaError, match=r"^Bad\.xsd"):
        Catalogue([tmp_path]).warm()


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableSchemaError, match="nowhere"):
        Catalogue([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("body", "found", "expected", "advice"),
    [
        ('<Readings xmlns="urn:profile"/>', "'urn:profile' on", "'urn:profile#'", 'xmlns="urn:profile#"'),
        ('<p:Readings xmlns:p="urn:x"/>', "'urn:x' on", "'urn:profile#'", 'xmlns:p="urn:profile#"'),
        ("<Readings/>", "no namespace", "'urn:profile#'", 'xmlns="urn:profile#"'),
        ("<Zzz/>", "no namespace", "a known profile", "XSD"),
    ],
)
def test_an_unknown_namespace_is_told_the_right_one(
    folder: Path, body: str, found: str, expected: str, advice: str
) -> None:
    with pytest.raises(Invalid) as caught:
        Catalogue([folder]).check(parse(body.encode(), Budget()))
    (finding,) = caught.value.findings
    assert found in finding.found
    assert expected in finding.expected
    assert advice in finding.advice
    assert finding.line == 1


def test_the_contract_compiles(contract: Catalogue) -> None:
    contract.warm()
    assert contract.schema_for("{http://iec.ch/TC57/2011/MeterReadings#}MeterReadings")
    assert contract.schema_for("{http://iec.ch/TC57/2011/schema/message}RequestMessage")
