"""Every schema compiles in both engines, and says the same about sample messages."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from cim_adapter.contract import ContractFiles

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.xml"), key=lambda path: path.name)
SCHEMAS = sorted(ContractFiles.locate().xsd.glob("*.xsd"), key=lambda path: path.name)
MESSAGE = "{http://iec.ch/TC57/2011/schema/message}"
TYPED = "{http://iec.ch/TC57/2011/MeterReadingsMessage}"
GET = "{http://iec.ch/TC57/2011/GetMeterReadingsMessage}"
READINGS = "{http://iec.ch/TC57/2011/MeterReadings#}"
QUERY = "{http://iec.ch/TC57/2011/GetMeterReadings#}"


class Engines(dict):
    """By target namespace: the libxml2 schema and the xmlschema schema, compiled when they are asked for."""

    def __missing__(self, namespace):
        (path,) = (path for path in SCHEMAS if etree.parse(path).getroot().get("targetNamespace") == namespace)
        explained = xmlschema.XMLSchema(str(path), allow="local", defuse="always")
        self[namespace] = etree.XMLSchema(etree.parse(path)), explained
        return self[namespace]


@pytest.fixture(scope="module")
def engines():
    return Engines()


def valid(engines, root):
    """Whether ``root`` is valid; both engines have to agree."""
    engine, explained = engines[etree.QName(root).namespace]
    verdicts = {engine.validate(root), explained.is_valid(root)}
    assert len(verdicts) == 1, (engine.error_log, list(explained.iter_errors(root)))
    return verdicts.pop()


def sample(name):
    return etree.parse(Path(__file__).parent / "samples" / f"{name}.xml").getroot()


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_compiles_in_both_engines(path):
    etree.XMLSchema(etree.parse(path))
    xmlschema.XMLSchema(str(path), allow="local", defuse="always")


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_has_qualified_elements_and_plain_attributes(path):
    root = etree.parse(path).getroot()
    assert (root.get("elementFormDefault"), root.get("attributeFormDefault")) == ("qualified", "unqualified")


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_imports_name_files_beside_the_schema(files, path):
    """Relative imports work everywhere; ``/xsd/X.xsd`` does not (gSOAP)."""
    for place in etree.parse(path).getroot().iter("{http://www.w3.org/2001/XMLSchema}import"):
        assert files.schema(place.get("schemaLocation")) is not None


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_valid(engines, path):
    assert valid(engines, etree.parse(path).getroot())


def remove(root, *path):
    element = root.find("/".join(path))
    element.getparent().remove(element)


def set_text(root, text, *path):
    root.find("/".join(path)).text = text


def move_first(root, *path):
    element = root.find("/".join(path))
    element.getparent().insert(0, element)


@pytest.mark.parametrize(
    ("name", "spoil", "path"),
    [
        ("create", remove, ["{*}Header", f"{MESSAGE}Noun"]),
        ("create", remove, ["{*}Payload", f"{READINGS}MeterReadings"]),
        ("create", remove, ["{*}Payload", ".//{*}Readings", f"{READINGS}ReadingType"]),
        ("create", move_first, ["{*}Header", f"{MESSAGE}Source"]),
        ("create", move_first, ["{*}Payload", ".//{*}valuesInterval", f"{READINGS}start"]),
        ("get", remove, ["{*}Request", f"{QUERY}GetMeterReadings"]),
        ("get", remove, [f"{GET}Request"]),
        ("get", remove, ["{*}Request", ".//{*}TimeSchedule", f"{QUERY}scheduleInterval"]),
        ("reply", remove, [f"{TYPED}Reply"]),
        ("get_reply", move_first, ["{*}Reply", f"{MESSAGE}operationId"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_required_parts_and_order_hold(engines, name, spoil, path):
    root = sample(name)
    spoil(root, *path)
    assert not valid(engines, root)


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("create", "update", ["{*}Header", f"{MESSAGE}Verb"]),
        ("create", "Create", ["{*}Header", f"{MESSAGE}Verb"]),
        ("create", "curiosity", ["{*}Payload", ".//{*}reason"]),
        ("create", "yesterday", ["{*}Header", f"{MESSAGE}Timestamp"]),
        ("reply", "FATAL", ["{*}Reply", f"{MESSAGE}Result"]),
        ("get_reply", "SEVERE", ["{*}Reply", ".//{*}level"]),
    ],
)
def test_values_hold(engines, name, text, path):
    root = sample(name)
    set_text(root, text, *path)
    assert not valid(engines, root)


def test_the_envelope_has_the_fourteen_verbs(engines):
    explained = engines[MESSAGE.strip("{}")][1]
    verbs = explained.elements["RequestMessage"].find("msg:Header/msg:Verb", {"msg": MESSAGE.strip("{}")})
    imperative = {"cancel", "change", "create", "close", "delete", "execute"}
    past = {"canceled", "changed", "created", "closed", "deleted", "executed"}
    assert set(verbs.type.enumeration) == imperative | past | {"get", "reply"}
    assert len(verbs.type.enumeration) == 14


def test_any_text_is_a_value(engines):
    root = sample("create")
    set_text(root, " 01.50\n", "{*}Payload", ".//{*}Readings", f"{READINGS}value")
    assert valid(engines, root)


def test_ids_of_a_typed_query_are_plain_text(engines):
    root = sample("get")
    root.find(f"{GET}Request/{GET}ID").set("kind", "uuid")
    assert not valid(engines, root)


def test_a_request_needs_no_payload(engines):
    root = sample("create")
    remove(root, f"{TYPED}Payload")
    assert valid(engines, root)
