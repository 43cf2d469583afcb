"""XML → JSON → XML is the same document, and JSON → XML → JSON the same JSON."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.schema import Budget, parse

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/**/*.xml"))
MESSAGE = "http://iec.ch/TC57/2011/schema/message"
PROFILES = sorted(
    f"{{http://iec.ch/TC57/2011/{path.stem}#}}{path.stem}"
    for path in (ROOT / "xsd").glob("*.xsd")
    if not path.stem.endswith("Message")
)
ENVELOPES = [f"{{{MESSAGE}}}{name}Message" for name in ("Request", "Response", "Event", "Fault", "")]
TYPED = [
    "{http://iec.ch/TC57/2011/MeterReadingsMessage}CreatedMeterReadings",
    "{http://iec.ch/TC57/2011/MeterConfigMessage}MeterConfigResponseMessage",
    "{http://iec.ch/TC57/2011/GetMeterReadingsMessage}GetMeterReadings",
]
ROOTS = [*PROFILES, *ENVELOPES, *TYPED, "{urn:odd#}Odd"]
BUDGET = Budget()


@pytest.mark.parametrize("place", EXAMPLES)
def test_every_example(place, bridge, canonical, catalogue):
    ((message,),) = parse((ROOT / place).read_bytes(), BUDGET)
    back = bridge.read(bridge.write(message), message.tag, BUDGET)
    assert canonical(back) == canonical(message)
    catalogue.check(back)


@pytest.mark.parametrize("tag", ROOTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_an_xsd_allows(tag, bridge, canonical, catalogue, documents, data):
    document = data.draw(st.composite(documents)(tag))
    catalogue.check(deepcopy(document))
    text = bridge.write(document)
    back = bridge.read(text, tag, BUDGET)
    assert canonical(back) == canonical(document)
    assert bridge.write(back) == text
    jsonschema.Draft202012Validator(bridge.schema_of(tag)).validate(as_floats(bridge.to_json(document)))


@pytest.mark.parametrize("noun", ["EndDeviceControls", "GetMeterReadings", "MeterConfig", "MeterReadings"])
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_members_may_come_in_any_order(noun, bridge, canonical, documents, data, random):
    tag = f"{{http://iec.ch/TC57/2011/{noun}#}}{noun}"
    document = data.draw(st.composite(documents)(tag))
    back = bridge.from_json(shuffled(bridge.to_json(document), random), tag)
    assert canonical(back) == canonical(document)


def test_as_many_levels_as_xml_may_have(bridge, canonical):
    root = element = etree.Element("{urn:deep}a")
    for _ in range(250):
        element = etree.SubElement(element, "{urn:deep}a")
        element.text = "x"
    assert canonical(bridge.read(bridge.write(root), root.tag, BUDGET)) == canonical(root)


def as_floats(value: Any) -> Any:
    """What a validator makes of JSON: jsonschema does not know that a Decimal is a number."""
    if isinstance(value, dict):
        return {name: as_floats(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    return value if isinstance(value, bool | int | str | None) else float(value)


def shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name], random) for name in names}
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    return value
