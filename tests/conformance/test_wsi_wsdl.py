"""Rules of the WS-I Basic Profile 1.1 for descriptions, by number, over every WSDL of the contract.

The profile is about SOAP 1.1; its rules are held to SOAP 1.2 bindings too, where they make sense there.
R2711 (a SHOULD: no two ports at one address) is not held to the generic service, which has one address
for both SOAP versions.
"""

from __future__ import annotations

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XS = "{http://www.w3.org/2001/XMLSchema}"
SOAPS = ("{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/soap12/}")

PATHS = sorted(ContractFiles.locate().wsdl.glob("*.wsdl"), key=lambda path: path.name)


@pytest.fixture(params=PATHS, ids=lambda path: path.name)
def path(request):
    return request.param


@pytest.fixture
def definitions(path):
    return etree.parse(path).getroot()


def soap(parent, *names):
    """The SOAP extension elements of these names below ``parent``, of either version."""
    return list(parent.iter(*(f"{version}{name}" for version in SOAPS for name in names)))


def local(qname):
    return qname.rpartition(":")[2]


def resolved(element, qname):
    """``prefix:name`` in Clark notation."""
    prefix, _, name = qname.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{name}"


def message_of(definitions, end):
    """The wsdl:message that a portType's input, output or fault names."""
    name = local(end.get("message"))
    (message,) = (found for found in definitions.iter(f"{WSDL}message") if found.get("name") == name)
    return message


def bound_ends(definitions):
    """Pairs of an end of a bound operation and the same end of the portType."""
    for binding in definitions.iter(f"{WSDL}binding"):
        (port_type,) = (
            found
            for found in definitions.iter(f"{WSDL}portType")
            if found.get("name") == local(binding.get("type"))
        )
        operations = {operation.get("name"): operation for operation in port_type.iter(f"{WSDL}operation")}
        for bound in binding.iter(f"{WSDL}operation"):
            for end in bound.iter(f"{WSDL}input", f"{WSDL}output", f"{WSDL}fault"):
                (abstract,) = (
                    found
                    for found in operations[bound.get("name")].iter(end.tag)
                    if found.get("name") == end.get("name")
                )
                yield end, abstract


def test_r4003_a_description_is_utf_8(path):
    assert etree.parse(path).docinfo.encoding == "UTF-8"


def test_r2003_schemas_are_imported_inside_schemas_only(definitions):
    for place in definitions.iter(f"{XS}import"):
        assert place.getparent().tag == f"{XS}schema"
    assert definitions.find(f"{WSDL}import") is None


def test_r2022_r2023_children_stand_in_the_order_of_wsdl(definitions):
    order = ["documentation", "types", "message", "portType", "binding", "service"]
    places = [order.index(etree.QName(child).localname) for child in definitions.iterchildren("{*}*")]
    assert places == sorted(places)


def test_r2105_schemas_in_types_have_a_target_namespace_or_only_import(definitions):
    for schema in definitions.find(f"{WSDL}types"):
        assert schema.get("targetNamespace") or {child.tag for child in schema} == {f"{XS}import"}


def test_r2101_r2102_every_element_named_is_declared_or_imported(path, definitions):
    schema = definitions.find(f"{WSDL}types/{XS}schema")
    imported = schema.find(f"{XS}import")
    if imported is not None:
        schema = etree.parse(path.parent / imported.get("schemaLocation")).getroot()
        assert schema.get("targetNamespace") == imported.get("namespace")
    declared = {
        f"{{{schema.get('targetNamespace')}}}{element.get('name')}"
        for element in schema.iterchildren(f"{XS}element")
    }
    assert {resolved(part, part.get("element")) for part in definitions.iter(f"{WSDL}part")} <= declared


def test_an_inline_schema_is_whole_where_it_stands(definitions):
    """Prefixes in attribute values still resolve below wsdl:definitions, so the schema compiles there."""
    for schema in definitions.iterfind(f"{WSDL}types/{XS}schema[@targetNamespace]"):
        etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def test_r2204_bodies_are_parts_defined_by_element(definitions):
    for end, abstract in bound_ends(definitions):
        for part in message_of(definitions, abstract).iter(f"{WSDL}part"):
            assert part.get("element"), (end.tag, part.get("name"))


def test_r2205_faults_are_parts_defined_by_element(definitions):
    for end, abstract in bound_ends(definitions):
        if end.tag == f"{WSDL}fault":
            (part,) = message_of(definitions, abstract).iter(f"{WSDL}part")
            assert part.get("element")


def test_r2210_a_message_has_at_most_one_part_in_its_body(definitions):
    for _, abstract in bound_ends(definitions):
        assert len(message_of(definitions, abstract).findall(f"{WSDL}part")) <= 1


def test_r2303_operations_answer_requests(definitions):
    for operation in definitions.find(f"{WSDL}portType").iter(f"{WSDL}operation"):
        ends = [end.tag for end in operation.iter(f"{WSDL}input", f"{WSDL}output")]
        assert ends == [f"{WSDL}input", f"{WSDL}output"]


def test_r2304_operation_names_are_unique(definitions):
    for port_type in definitions.iter(f"{WSDL}portType"):
        names = [operation.get("name") for operation in port_type.iter(f"{WSDL}operation")]
        assert len(names) == len(set(names)) > 0


def test_r2306_a_part_has_element_or_type_but_not_both(definitions):
    for part in definitions.iter(f"{WSDL}part"):
        assert (part.get("element") is None) != (part.get("type") is None)


def test_r2401_every_binding_is_a_soap_binding(definitions):
    for binding in definitions.iter(f"{WSDL}binding"):
        assert len(soap(binding, "binding")) == 1


def test_r2701_r2702_bindings_name_http_as_their_transport(definitions):
    for binding in soap(definitions, "binding"):
        assert binding.get("transport") == "http://schemas.xmlsoap.org/soap/http"


def test_r2705_bindings_are_document_style_throughout(definitions):
    for styled in soap(definitions, "binding", "operation"):
        assert styled.get("style") == "document"


def test_r2706_r2723_every_use_is_literal(definitions):
    used = soap(definitions, "body", "fault", "header", "headerfault")
    assert {extension.get("use") for extension in used} == {"literal"}


def test_r2710_wire_signatures_differ_within_a_binding(definitions):
    for binding in definitions.iter(f"{WSDL}binding"):
        signatures = []
        for end, abstract in bound_ends(definitions):
            if end.tag == f"{WSDL}input" and binding in end.iterancestors():
                (part,) = message_of(definitions, abstract).iter(f"{WSDL}part")
                signatures.append(resolved(part, part.get("element")))
        assert len(signatures) == len(set(signatures)) > 0


def test_r2711_typed_services_have_one_port_at_an_address(path, definitions):
    if path.name != "Service.wsdl":
        places = [address.get("location") for address in soap(definitions, "address")]
        assert len(places) == len(set(places)) == 1


def test_r2716_document_bindings_have_no_namespace_attribute(definitions):
    for extension in soap(definitions, "body", "header", "headerfault", "fault"):
        assert extension.get("namespace") is None


def test_r2718_a_binding_has_the_operations_of_its_port_type(definitions):
    offered = {name.get("name") for name in definitions.find(f"{WSDL}portType").iter(f"{WSDL}operation")}
    for binding in definitions.iter(f"{WSDL}binding"):
        assert {bound.get("name") for bound in binding.iter(f"{WSDL}operation")} == offered


def test_r2721_r2754_soap_faults_have_the_name_of_their_wsdl_fault(definitions):
    for fault in soap(definitions, "fault"):
        assert fault.get("name") == fault.getparent().get("name") is not None


def test_r2740_every_fault_of_the_port_type_is_bound(definitions):
    for binding in definitions.iter(f"{WSDL}binding"):
        bound = [fault.get("name") for fault in binding.iter(f"{WSDL}fault")]
        offered = [fault.get("name") for fault in definitions.find(f"{WSDL}portType").iter(f"{WSDL}fault")]
        assert bound == offered


def test_r2744_r2745_soap_actions_are_given_and_can_be_quoted(definitions):
    """A client sends the action as a quoted string, and an empty one only where none is given."""
    for binding in definitions.iter(f"{WSDL}binding"):
        actions = [operation.get("soapAction") for operation in soap(binding, "operation")]
        assert all(action and '"' not in action for action in actions)
        assert len(actions) == len(set(actions))
