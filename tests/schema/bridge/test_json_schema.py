"""The JSON Schemas: sound, the same every time, and saying what the XSDs say."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from cim_adapter.schema import Catalogue
from cim_adapter.schema.bridge import Bridge

XSD = Path(__file__).parents[3] / "xsd"
READINGS = "{http://iec.ch/TC57/2011/MeterReadings#}MeterReadings"
MESSAGE = "{http://iec.ch/TC57/2011/schema/message}Message"
ROOTS = sorted(
    f"{{{schema.namespace}}}{root}"
    for schema in Catalogue([XSD])
    for root in schema.roots
    if schema.namespace.endswith(("#", "schema/message"))
)


@pytest.mark.parametrize("tag", ROOTS)
def test_every_root_has_one(tag, bridge):
    schema = bridge.schema_of(tag)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == tag.partition("}")[2]
    assert list(schema["$defs"]) == sorted(schema["$defs"])
    text = json.dumps(schema)
    references = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert references == set(schema["$defs"])


@pytest.mark.parametrize("tag", [READINGS, MESSAGE])
def test_it_is_the_same_every_time(tag, bridge):
    assert json.dumps(bridge.schema_of(tag)) == json.dumps(Bridge(Catalogue([XSD])).schema_of(tag))


def test_nobody_knows_what_no_xsd_knows(bridge):
    assert bridge.schema_of("{urn:x}a") is None


def test_what_the_xsd_says(bridge):
    schema = bridge.schema_of(READINGS)
    definitions = schema["$defs"]
    reading = definitions["Reading"]
    assert reading["description"] == "One value of a register."
    assert reading["required"] == ["ReadingType"]
    assert reading["additionalProperties"] is False
    assert list(reading["properties"])[:3] == ["reason", "reportedDateTime", "source"]
    assert reading["properties"]["reason"] == {
        "description": "Why the reading was taken.",
        "$ref": "#/$defs/ReadingReasonKind",
    }
    assert definitions["ReadingReasonKind"]["enum"][:2] == ["billing", "demandReset"]
    assert reading["properties"]["ReadingQualities"] == {
        "type": "array",
        "items": {"$ref": "#/$defs/ReadingQuality"},
    }
    assert definitions["ReadingType"]["properties"]["Names"]["minItems"] == 1
    assert definitions["Reference"]["properties"] == {"ref": {"type": "string"}}


def test_oddities(bridge):
    schema = bridge.schema_of("{urn:odd#}Odd")
    validator = jsonschema.Draft202012Validator(schema)
    amount = {"exact": True, "$value": 1.5}
    for good in (
        {
            "flag": None,
            "count": 1,
            "money": [1.5, "+1"],
            "ratio": "INF",
            "Amount": amount,
            "Clash": {"{}name": "a"},
        },
        {"$content": [{"right": 1}, {"Left": {}}, {"Left": {"Side": [None, {"id": "1"}]}}]},
        {"Mixed": {"$content": ["a", {"bold": "b"}]}, "thing": {"$namespace": "urn:x"}},
    ):
        validator.validate(good)
    for bad in (
        {"flag": 1},
        {"count": 1.5},
        {"count": "one"},
        {"money": 1},
        {"Amount": {"$value": 1}},
        {"Clash": {"other": "a"}},
        {"$content": [{"right": 1, "Left": {}}]},
        {"$content": ["text"]},
    ):
        assert not validator.is_valid(bad), bad
