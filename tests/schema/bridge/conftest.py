"""The bridge over the contract and over a profile with every oddity, and documents made from their XSDs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from lxml import etree
from xmlschema.validators import XsdAnyElement, XsdGroup

from cim_adapter.schema import Budget, Catalogue, parse
from cim_adapter.schema.bridge import Bridge

ODD = "urn:odd#"
ODDITIES = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:odd#" targetNamespace="urn:odd#"
           elementFormDefault="qualified">
  <xs:element name="Odd" type="Odd"><xs:annotation><xs:documentation>All of it.</xs:documentation></xs:annotation>
  </xs:element>
  <xs:complexType name="Odd">
    <xs:annotation><xs:documentation>What profiles seldom have.</xs:documentation></xs:annotation>
    <xs:sequence>
      <xs:element name="flag" type="xs:boolean" minOccurs="0" nillable="true"/>
      <xs:element name="count" type="xs:nonNegativeInteger" minOccurs="0"/>
      <xs:element name="money" type="Money" minOccurs="0" maxOccurs="3"/>
      <xs:element name="ratio" type="xs:double" minOccurs="0"/>
      <xs:element name="code" type="xs:QName" minOccurs="0"/>
      <xs:element name="list" minOccurs="0"><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType>
      </xs:element>
      <xs:element name="Amount" minOccurs="0"><xs:complexType><xs:simpleContent>
        <xs:extension base="xs:decimal">
          <xs:attribute name="scale" type="xs:integer"/>
          <xs:attribute name="exact" type="xs:boolean" use="required"/>
          <xs:attribute name="unit" type="xs:QName"/>
        </xs:extension></xs:simpleContent></xs:complexType></xs:element>
      <xs:element name="Clash" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="name" type="xs:string" minOccurs="0"/></xs:sequence>
        <xs:attribute name="name" type="xs:string"/></xs:complexType></xs:element>
      <xs:choice minOccurs="0" maxOccurs="unbounded">
        <xs:element name="Left" type="Side"/>
        <xs:element name="right" type="xs:integer"/>
      </xs:choice>
      <xs:element name="Twice" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="a" type="xs:string"/><xs:element name="b" type="xs:string"/>
        <xs:element name="a" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="All" minOccurs="0"><xs:complexType><xs:all>
        <xs:element name="x" type="xs:string" minOccurs="0"/><xs:element name="y" type="xs:string"/></xs:all>
      </xs:complexType></xs:element>
      <xs:element name="Mixed" minOccurs="0"><xs:complexType mixed="true"><xs:sequence>
        <xs:element name="bold" type="xs:string" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
      </xs:complexType></xs:element>
      <xs:element name="Side" type="Side" minOccurs="0"/>
      <xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="Side"><xs:sequence>
    <xs:element name="Side" type="Side" minOccurs="0" maxOccurs="unbounded" nillable="true"/></xs:sequence>
    <xs:attribute name="id" type="xs:string"/></xs:complexType>
  <xs:simpleType name="Money"><xs:restriction base="xs:decimal"/></xs:simpleType>
</xs:schema>
"""


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "Odd.xsd").write_text(ODDITIES)
    return Catalogue([Path(__file__).parents[3] / "xsd", folder])


@pytest.fixture(scope="session")
def bridge(catalogue: Catalogue) -> Bridge:
    return Bridge(catalogue)


@pytest.fixture(scope="session")
def canonical() -> Callable[[etree._Element], str]:
    """The same text for the same document: prefixes aside, and white space beside elements."""
    return _canonical


def _canonical(element: etree._Element) -> str:
    copy = etree.fromstring(etree.tostring(element))
    for item in copy.iter():
        if len(item) and not (item.text or "").strip(" \t\r\n"):
            item.text = None
        if not (item.tail or "").strip(" \t\r\n"):
            item.tail = None
    names = ["{http://iec.ch/TC57/2011/schema/message}xpath", f"{{{ODD}}}code"]
    attributes = ["unit", "{http://www.w3.org/2001/XMLSchema-instance}type"]
    text = etree.tostring(copy, encoding="unicode")
    return etree.canonicalize(text, rewrite_prefixes=True, qname_aware_tags=names, qname_aware_attrs=attributes)


# ------------------------------------------------------------------------- documents from XSDs

_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\n\t\r <>&'\"\\:{}$"),
    max_size=12,
)
_SPACES = st.sampled_from(["", "", "", " ", "\n\t"])
_NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),  # libxml2 takes 24 digits
    st.decimals(-(10**9), 10**9, places=6).map("{:f}".format),
    st.sampled_from(["1.50", "0.0", "-0", "-0.0", "+1", "01", "1.", ".5", "00.500", "0.0000001"]),
)
_FLOATS = st.one_of(_NUMBERS, st.sampled_from(["1e3", "1E3", "1E+3", "1E-7", "INF", "-INF", "NaN", "1.5e-07"]))
_BY_TYPE = {
    "boolean": st.sampled_from(["true", "false", "1", "0"]),
    "integer": st.one_of(st.integers(-(10**20), 10**20).map(str), st.sampled_from(["+1", "01", "-0", "0"])),
    "nonNegativeInteger": st.one_of(st.integers(0, 10**20).map(str), st.sampled_from(["+1", "01", "-0", "0"])),
    "decimal": _NUMBERS,
    "float": _FLOATS,
    "double": _FLOATS,
    "dateTime": st.sampled_from(["2026-11-23T00:15:00Z", "2026-11-23T00:15:00.250+01:00", "2026-11-23T00:15:00"]),
    "date": st.sampled_from(["2026-11-23", "2026-11-23Z"]),
    "time": st.sampled_from(["00:15:00Z", "23:59:59.9"]),
    "QName": st.sampled_from(["{urn:q}name", "{urn:odd#}name", "name"]),
}
_MOST = 3
_FOREIGN = ["{urn:foreign}Thing", "{urn:foreign}other", "{urn:other}Thing", "{urn:other}MeterReadings"]


@pytest.fixture(scope="session")
def documents(catalogue: Catalogue) -> Callable[[st.DrawFn, str], etree._Element]:
    """Draws a document with the root ``tag``, valid by its XSD, and odd where an XSD lets it be."""

    def draw_document(draw: st.DrawFn, tag: str) -> etree._Element:
        component = catalogue.schema_for(tag).components().maps.elements[tag]
        root = etree.Element(tag)
        _fill(draw, root, component, 0)
        return parse(etree.tostring(root), Budget())

    return draw_document


def _fill(draw: st.DrawFn, element: etree._Element, component: Any, depth: int) -> None:
    if component.nillable and draw(st.booleans()):
        element.set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")
        return
    type_ = component.type
    for name, attribute in ({} if type_.is_simple() else type_.attributes).items():
        if attribute.use == "required" or draw(st.booleans()):
            element.set(name, _value(draw, attribute.type, element))
    if type_.is_simple() or type_.has_simple_content():
        element.text = _value(draw, type_ if type_.is_simple() else type_.content, element)
        return
    for item in _children(draw, type_.content, depth):
        _add(draw, element, item, depth)
    if type_.mixed:
        element.text = draw(_TEXTS)
        for child in element:
            child.tail = draw(_TEXTS)


def _add(draw: st.DrawFn, parent: etree._Element, component: Any, depth: int) -> None:
    if isinstance(component, XsdAnyElement):
        _add_foreign(draw, parent, 0)
    else:
        _fill(draw, etree.SubElement(parent, component.name), component, depth + 1)


def _add_foreign(draw: st.DrawFn, parent: etree._Element, depth: int) -> None:
    element = etree.SubElement(parent, draw(st.sampled_from(_FOREIGN)))
    element.text = draw(_TEXTS)
    for name in draw(st.sets(st.sampled_from(["a", "value", "{urn:foreign}a", "{urn:q}b"]))):
        element.set(name, draw(_TEXTS))
    for _ in range(draw(st.integers(0, 2 if depth < 2 else 0))):
        _add_foreign(draw, element, depth + 1)
        element[-1].tail = draw(_TEXTS)


def _children(draw: st.DrawFn, group: XsdGroup, depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(_times(draw, group, depth)):
        items = list(group)
        if group.model == "choice" and items:
            items = [draw(st.sampled_from(items))]
        elif group.model == "all":
            items = draw(st.permutations(items))
        for item in items:
            if isinstance(item, XsdGroup):
                found += _children(draw, item, depth)
            else:
                found += [item] * _times(draw, item, depth)
    return found


def _times(draw: st.DrawFn, item: Any, depth: int) -> int:
    most = _MOST if item.max_occurs is None else min(item.max_occurs, _MOST)
    if depth > 4 or draw(st.integers(0, depth)):
        return item.min_occurs
    return draw(st.integers(item.min_occurs, max(most, item.min_occurs)))


def _value(draw: st.DrawFn, simple: Any, element: etree._Element) -> str:
    if simple.enumeration:
        return draw(st.sampled_from([str(value) for value in simple.enumeration]))
    if simple.is_list():
        return " ".join(draw(st.lists(st.integers(-9, 9).map(str), max_size=3)))
    while simple.local_name not in _BY_TYPE:
        if simple.base_type is None or simple.local_name == "string":
            return draw(_TEXTS)
        simple = simple.base_type
    text = draw(_BY_TYPE[simple.local_name])
    if simple.local_name == "QName" and text[0] == "{":
        text = _prefixed(element, *text[1:].split("}"))
    # libxml2 refuses white space around dates, times, INF and NaN; canonical XML knows no QName with it.
    plain = text[-1:] in "FN" or simple.local_name in ("dateTime", "date", "time", "QName")
    space = "" if plain else draw(_SPACES)
    return f"{space}{text}{space}"


def _prefixed(element: etree._Element, namespace: str, name: str) -> str:
    element.set(f"{{{namespace}}}declare", "")
    del element.attrib[f"{{{namespace}}}declare"]
    prefix = next(prefix for prefix, uri in element.nsmap.items() if uri == namespace)
    return f"{prefix}:{name}"
