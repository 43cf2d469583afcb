"""MeterReadings between XML and domain objects.

Reading goes by local name within the root's namespace, so any revision of the profile that keeps its
names is read; the XSD was checked before. Writing keeps the order of facts/metering.md §2.2.
"""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from cim_adapter.nouns.identity_xml import read_identity, write_identity
from cim_adapter.nouns.readings.model import Around, Block, MeterReading, Pending, Period, Quality, Reading
from cim_adapter.nouns.registry import Call
from cim_adapter.store.readings import Kind
from cim_adapter.xmltree import adopt, children, texts

NAMESPACE = "http://iec.ch/TC57/2011/MeterReadings#"

# ------------------------------------------------------------------------------------------ reading


def sent_readings(call: Call) -> list[MeterReading]:
    """Every MeterReading that a call brings, as elements or as they are."""
    if call.content is not None:
        brought: list[MeterReading] = call.content.sent
        return brought
    return read_meter_readings(call.payload)


def read_meter_readings(root: etree._Element) -> list[MeterReading]:
    """Every MeterReading under ``root``, a MeterReadings element."""
    return [_meter_reading(child) for name, child in children(root) if name == "MeterReading"]


def _meter_reading(element: etree._Element) -> MeterReading:
    meter = usage_point = trigger = values_interval = status = None
    blocks: list[Block] = []
    registers: dict[str, Block] = {}
    position = 0
    for name, child in children(element):
        match name:
            case "IntervalBlocks":
                blocks.append(read_interval_block(child))
            case "Readings":
                reading, reading_type = _reading(child), _ref(child, "ReadingType")
                reading.position = position
                position += 1
                block = registers.setdefault(reading_type, Block(Kind.REGISTERS, reading_type, []))
                block.readings.append(reading)
            case "Meter":
                meter, status = read_identity(child), _status(child)
            case "UsagePoint":
                usage_point = read_identity(child)
            case "isCoincidentTrigger":
                trigger = child.text
            case "valuesInterval":
                values_interval = read_period(child)
            case "EndDeviceEvents":
                blocks.append(_event(child))
    blocks.extend(registers.values())
    if trigger is not None or values_interval is not None or status is not None:
        around = Around(trigger, values_interval, status)
        for block in blocks:
            block.around = around
    return MeterReading(meter=meter, usage_point=usage_point, blocks=blocks)


def read_interval_block(element: etree._Element) -> Block:
    """An IntervalBlocks element, whatever stands around it."""
    readings: list[Reading] = []
    reading_type, pending = "", None
    for child in element.iterchildren(etree.Element):
        tag = child.tag
        if tag.endswith("}IntervalReadings"):
            readings.append(_reading(child))
        elif tag.endswith("}ReadingType"):
            reading_type = child.get("ref", "")
        elif tag.endswith("}PendingCalculation"):
            pending = _pending(child)
    return Block(Kind.INTERVALS, reading_type, readings, pending=pending)


def _reading(element: etree._Element) -> Reading:
    reading = Reading()
    for name, child in children(element):
        match name:
            case "timeStamp":
                reading.timestamp = (child.text or "").strip()
            case "value":
                reading.value = child.text or ""
            case "ReadingQualities":
                reading.qualities = (*reading.qualities, _quality(child))
            case "timePeriod":
                reading.period = read_period(child)
            case "reportedDateTime":
                reading.reported = (child.text or "").strip()
            case "source":
                reading.source = child.text or ""
            case "reason":
                reading.reason = child.text
    return reading


def _quality(element: etree._Element) -> Quality:
    own = texts(element)
    return Quality(
        _ref(element, "ReadingQualityType"), own.get("comment"), own.get("source"), own.get("timeStamp")
    )


def _pending(element: etree._Element) -> Pending:
    own = texts(element)
    return Pending(
        _ref(element, "ReadingType"),
        own.get("multiplyBeforeAdd"),
        own.get("offset"),
        own.get("scalarDenominator"),
        own.get("scalarFloat"),
        own.get("scalarNumerator"),
    )


def read_period(element: etree._Element) -> Period:
    own = {name: text.strip() for name, text in texts(element).items()}
    return Period(start=own.get("start"), end=own.get("end"))


def _ref(element: etree._Element, name: str) -> str:
    """The ``ref`` of the child ``name``: how the profiles point to types."""
    return next((child.get("ref", "") for found, child in children(element) if found == name), "")


def _status(element: etree._Element) -> tuple[str | None, ...] | None:
    for name, child in children(element):
        if name == "status":
            own = texts(child)
            return tuple(own.get(part) for part in ("dateTime", "reason", "remark", "value"))
    return None


def _event(element: etree._Element) -> Block:
    created = texts(element)["createdDateTime"].strip()
    xml = etree.tostring(element, with_tail=False)
    return Block(Kind.EVENTS, _ref(element, "EndDeviceEventType"), [Reading(timestamp=created)], events=[xml])


# ------------------------------------------------------------------------------------------ writing


def write_meter_readings(meter_readings: Iterable[MeterReading]) -> etree._Element:
    """A MeterReadings element in the 2011 namespace."""
    root = etree.Element(_tag("MeterReadings"), nsmap={"m": NAMESPACE})
    for item in meter_readings:
        _write_meter_reading(etree.SubElement(root, _tag("MeterReading")), item)
    return root


def _write_meter_reading(parent: etree._Element, item: MeterReading) -> None:
    around = item.blocks[0].around or Around() if item.blocks else Around()
    _write_text(parent, "isCoincidentTrigger", around.is_coincident_trigger)
    for block in item.blocks:
        for event in block.events:
            # Parsed at the door, sealed by us since: the hardened parser has seen it.
            adopt(parent, etree.fromstring(event))
    for block in item.blocks:
        if block.kind is Kind.INTERVALS:
            _write_interval_block(etree.SubElement(parent, _tag("IntervalBlocks")), block)
    if item.meter is not None:
        meter = etree.SubElement(parent, _tag("Meter"))
        write_identity(meter, item.meter)
        if around.meter_status is not None:
            status = etree.SubElement(meter, _tag("status"))
            for name, text in zip(("dateTime", "reason", "remark", "value"), around.meter_status, strict=True):
                _write_text(status, name, text)
    registers = [
        (reading, block.reading_type)
        for block in item.blocks
        if block.kind is Kind.REGISTERS
        for reading in block.readings
    ]
    for reading, reading_type in sorted(registers, key=lambda pair: pair[0].position):
        element = etree.SubElement(parent, _tag("Readings"))
        _write_text(element, "reason", reading.reason)
        _write_reading(element, reading, reading_type)
    if item.usage_point is not None:
        write_identity(etree.SubElement(parent, _tag("UsagePoint")), item.usage_point)
    if around.values_interval is not None:
        _write_period(parent, "valuesInterval", around.values_interval)


def _write_interval_block(parent: etree._Element, block: Block) -> None:
    for reading in block.readings:
        _write_reading(etree.SubElement(parent, _tag("IntervalReadings")), reading, None)
    if block.pending is not None:
        pending = etree.SubElement(parent, _tag("PendingCalculation"))
        _write_text(pending, "multiplyBeforeAdd", block.pending.multiply_before_add)
        _write_text(pending, "offset", block.pending.offset)
        _write_text(pending, "scalarDenominator", block.pending.scalar_denominator)
        _write_text(pending, "scalarFloat", block.pending.scalar_float)
        _write_text(pending, "scalarNumerator", block.pending.scalar_numerator)
        etree.SubElement(pending, _tag("ReadingType")).set("ref", block.pending.reading_type)
    etree.SubElement(parent, _tag("ReadingType")).set("ref", block.reading_type)


def _write_reading(parent: etree._Element, reading: Reading, reading_type: str | None) -> None:
    _write_text(parent, "reportedDateTime", reading.reported)
    _write_text(parent, "source", reading.source)
    _write_text(parent, "timeStamp", reading.timestamp)
    _write_text(parent, "value", reading.value)
    for quality in reading.qualities:
        element = etree.SubElement(parent, _tag("ReadingQualities"))
        _write_text(element, "comment", quality.comment)
        _write_text(element, "source", quality.source)
        _write_text(element, "timeStamp", quality.timestamp)
        etree.SubElement(element, _tag("ReadingQualityType")).set("ref", quality.type)
    if reading_type is not None:
        etree.SubElement(parent, _tag("ReadingType")).set("ref", reading_type)
    if reading.period is not None:
        _write_period(parent, "timePeriod", reading.period)


def _write_period(parent: etree._Element, name: str, period: Period) -> None:
    element = etree.SubElement(parent, _tag(name))
    _write_text(element, "end", period.end)
    _write_text(element, "start", period.start)


def _write_text(parent: etree._Element, name: str, text: str | None) -> None:
    if text is not None:
        etree.SubElement(parent, _tag(name)).text = text


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
