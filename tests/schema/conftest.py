"""A small profile with the traits of the real ones, and the folder of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from cim_adapter.schema import Catalogue, Schema

PROFILE = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:profile#" targetNamespace="urn:profile#"
           elementFormDefault="qualified">
  <xs:element name="Readings" type="Readings"/>
  <xs:complexType name="Readings"><xs:sequence>
    <xs:element name="Block" type="Block" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Block"><xs:sequence>
    <xs:element name="mRID" type="xs:string" minOccurs="0"/>
    <xs:element name="count" type="xs:integer" minOccurs="0"/>
    <xs:element name="reason" type="Reason" minOccurs="0"/>
    <xs:element name="code" type="Code" minOccurs="0"/>
    <xs:element name="Reading" type="Reading" minOccurs="0" maxOccurs="unbounded"/>
    <xs:element name="timeStamp" type="xs:string" minOccurs="0"/>
    <xs:element name="Type" type="Type"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Reading"><xs:sequence>
    <xs:element name="timeStamp" type="xs:dateTime" minOccurs="0"/>
    <xs:element name="value" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Type"><xs:attribute name="ref" type="xs:string"/>
    <xs:attribute name="kind" type="Reason"/><xs:attribute name="id" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:simpleType name="Reason"><xs:restriction base="xs:string">
    <xs:enumeration value="billing"/><xs:enumeration value="inquiry"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="Code"><xs:restriction base="xs:string">
    <xs:pattern value="[0-9]+\\.[0-9]+"/>
  </xs:restriction></xs:simpleType>
</xs:schema>
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("xsd")
    (made / "Readings.xsd").write_text(PROFILE)
    return made


@pytest.fixture(scope="session")
def schema(folder: Path) -> Schema:
    found = Catalogue([folder]).schema_for("{urn:profile#}Readings")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def contract() -> Catalogue:
    return Catalogue([Path(__file__).parents[2] / "xsd"])
