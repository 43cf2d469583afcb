"""The element order rule of the IEC 61968-9 profiles (metering facts §1), over every profile schema.

Within every complex type: mRID first, then simple-typed elements by the alphabet, then complex-typed
elements by the alphabet, both without regard to case. A choice of subclasses stands where the name of the
association would; that name is not in the schema's elements, so the choice gives it in its ``id``.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles

XS = "{http://www.w3.org/2001/XMLSchema}"


def profiles():
    """The hand-written profiles: their namespaces end in ``<Noun>#``."""
    for path in sorted(ContractFiles.locate().xsd.glob("*.xsd"), key=lambda path: path.name):
        root = etree.parse(path).getroot()
        if root.get("targetNamespace").endswith("#"):
            yield pytest.param(root, id=path.name)


def is_simple(element):
    """Whether the element's type is built in, or a simple type of this schema."""
    if element.find(f"{XS}simpleType") is not None:
        return True
    prefix, _, name = element.get("type", "").rpartition(":")
    if f"{{{element.nsmap.get(prefix or None)}}}" == XS:
        return True
    schema = element.getroottree().getroot()
    return name in {simple.get("name") for simple in schema.iterchildren(f"{XS}simpleType")}


def sort_key(particle):
    """Where a particle belongs among its siblings: group, then name."""
    if particle.tag == f"{XS}choice":
        return 2, particle.get("id", "").lower()
    name = (particle.get("name") or particle.get("ref")).rpartition(":")[2]
    if name == "mRID":
        return 0, ""
    return (1 if is_simple(particle) else 2), name.lower()


def violations(schema):
    """What breaks the rule in ``schema``, one sentence for each place."""
    for group in schema.iter(f"{XS}sequence", f"{XS}choice"):
        owner = next(up for up in group.iterancestors() if up.get("name"))
        particles = list(group.iterchildren(f"{XS}element", f"{XS}choice"))
        for choice in particles:
            if choice.tag == f"{XS}choice" and not choice.get("id"):
                yield f"{owner.get('name')}: a choice does not name its association in an id"
        for before, after in pairwise(particles):
            if sort_key(before) > sort_key(after):
                first, second = (particle.get("name") or particle.get("id") for particle in (before, after))
                yield f"{owner.get('name')}: {first} stands before {second}"


@pytest.mark.parametrize("schema", list(profiles()))
def test_elements_stand_in_the_standard_order(schema):
    assert list(violations(schema)) == []


@pytest.mark.parametrize("schema", list(profiles()))
def test_a_profile_s_root_type_has_the_name_of_its_root_element(schema):
    noun = schema.get("targetNamespace").rpartition("/")[2].removesuffix("#")
    assert [(root.get("name"), root.get("type")) for root in schema.iterchildren(f"{XS}element")] == [(noun, noun)]


def profile_of(*particles):
    """A schema with one type ``Meter`` of these particles."""
    return etree.fromstring(f"""
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
          <xs:simpleType name="Kind"><xs:restriction base="xs:string"/></xs:simpleType>
          <xs:complexType name="Name"><xs:sequence/></xs:complexType>
          <xs:complexType name="Meter"><xs:sequence>{"".join(particles)}</xs:sequence></xs:complexType>
        </xs:schema>""")


def element(name, kind="xs:string"):
    return f'<xs:element name="{name}" type="{kind}"/>'


FUNCTIONS = f"<xs:choice {{}}>{element('ComFunction', 'Name')}{element('SimpleFunction', 'Name')}</xs:choice>"


@pytest.mark.parametrize(
    "particles",
    [
        (element("mRID"), element("amrSystem"), element("kind", "Kind"), element("Names", "Name")),
        (element("Alpha"), element("beta"), element("Names", "Name"), element("status", "Name")),
        (
            element("electronicAddress", "Name"),
            FUNCTIONS.format('id="EndDeviceFunctions"'),
            element("EndDeviceInfo", "Name"),
        ),
    ],
    ids=["groups", "case does not matter", "choice at its association"],
)
def test_the_rule_passes_what_is_in_order(particles):
    assert list(violations(profile_of(*particles))) == []


@pytest.mark.parametrize(
    ("particles", "said"),
    [
        ((element("amrSystem"), element("mRID")), "Meter: amrSystem stands before mRID"),
        ((element("value"), element("timeStamp")), "Meter: value stands before timeStamp"),
        ((element("Names", "Name"), element("kind", "Kind")), "Meter: Names stands before kind"),
        ((element("status", "Name"), element("Names", "Name")), "Meter: status stands before Names"),
        (
            (element("EndDeviceInfo", "Name"), FUNCTIONS.format('id="EndDeviceFunctions"')),
            "Meter: EndDeviceInfo stands before EndDeviceFunctions",
        ),
        ((FUNCTIONS.format(""),), "Meter: a choice does not name its association in an id"),
    ],
    ids=["mRID", "simple", "simple before complex", "complex", "choice", "choice without a name"],
)
def test_the_rule_finds_what_is_not(particles, said):
    assert list(violations(profile_of(*particles))) == [said]
