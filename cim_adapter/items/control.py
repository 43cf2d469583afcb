"""A control of a device, as REST has it, and as an EndDeviceControl (facts/metering.md §2.4).

The profile has no element for a value with its unit. A price is the price of a PanPricingDetail, a per cent
the avgLoadAdjustment of a PanDemandResponse, anything else its command: ``50 kW`` [I].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import ID, Error
from cim_adapter.items.device_type import check_type
from cim_adapter.items.findings import Findings
from cim_adapter.items.members import Moment, Text, words
from cim_adapter.items.profile_xml import ProfileXml, called
from cim_adapter.items.vocabulary import PRIORITIES, ControlWords
from cim_adapter.nouns.controls.lookup import name_control
from cim_adapter.nouns.controls.xml import read_control
from cim_adapter.store.objects import Identity
from cim_adapter.xmltree import children, texts

NAMESPACE = "http://iec.ch/TC57/2011/EndDeviceControls#"
_PRICES = ("priceSignal", "priceChange", "tariffChange")
_AMOUNTS = ("loadControlSignal", "supplyCapacityLimit")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
STATES = ("received", "sent", "inProgress", "completed", "failed", "canceled", "expired")


class DeviceState(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """How far one device is with a control."""

    device_id: str
    status: str
    details: str | None = None


class Control(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Something that a device is told to do. ``controlType`` or ``controlTypeCode`` says what."""

    id: Annotated[
        Text | None, msgspec.Meta(description="The mRID of the control; given to it where it has none")
    ] = None
    device_id: Annotated[Text | None, msgspec.Meta(description="mRID or name of the device")] = None
    usage_point_id: Annotated[
        Text | None, msgspec.Meta(description="mRID or name of the usage point, in place of its device")
    ] = None
    control_type: Annotated[str, words(ControlWords.TABLE, "What is to be done")] | None = None
    control_value: Annotated[Text | None, msgspec.Meta(description="How much: load, or price")] = None
    control_unit: Annotated[Text | None, msgspec.Meta(description="The unit of controlValue: kW, %, EUR/kWh")] = (
        None
    )
    effective_date_time: Annotated[Moment | None, msgspec.Meta(description="When; absent: at once")] = None
    end_date_time: Annotated[Moment | None, msgspec.Meta(description="Until when")] = None
    reason: Annotated[Text | None, msgspec.Meta(description="Why")] = None
    priority: Annotated[str, words(PRIORITIES, "How urgent it is")] | None = None
    issuer_id: Annotated[Text | None, msgspec.Meta(description="The system that issued it")] = None
    issuer_tracking_id: Annotated[Text | None, msgspec.Meta(description="What the issuer calls it")] = None
    control_type_code: Annotated[
        Text | None, msgspec.Meta(description="The EndDeviceControlType of IEC 61968-9: 4 numbers joined by dots")
    ] = None
    status: Annotated[str, words(STATES, "How far it is; given in answers")] | None = None
    devices: Annotated[
        list[DeviceState], msgspec.Meta(description="How far each device is; given in answers")
    ] = []

    @property
    def kind(self) -> str | None:
        """The word for what is to be done."""
        return self.control_type

    @property
    def code(self) -> str | None:
        """The code of it."""
        return self.control_type_code

    @code.setter
    def code(self, code: str | None) -> None:
        self.control_type_code = code


class ControlXml:
    """Writes and reads EndDeviceControl elements."""

    item = Control
    noun = "EndDeviceControls"
    element = "EndDeviceControl"
    member = "controls"
    type_parameter = "controlType"
    parameters = ("meter", "usagePoint", type_parameter, "from", "to", "since", "status")
    told_only = ("status", "devices")
    covered = None
    states = STATES

    def __init__(self, lists: CodeLists) -> None:
        self.xml = ProfileXml(NAMESPACE)
        self._words = ControlWords(lists)
        self._levels = {str(level): word for word, level in PRIORITIES.items()}

    def check(self, control: Control, pointer: str, findings: Findings) -> None:
        """What the struct could not say."""
        check_type(self._words, control.control_type, control.control_type_code, pointer, findings)
        if control.priority is not None and control.priority not in PRIORITIES:
            findings.add(f"{pointer}/priority", control.priority, f"one of {', '.join(PRIORITIES)}")
        kind = self._kind(control)
        if control.control_value is None:
            if control.control_unit is not None:
                findings.add(
                    f"{pointer}/controlUnit", control.control_unit, "a controlValue that it is the unit of"
                )
        elif kind not in (*_PRICES, *_AMOUNTS):
            advice = f"These have a value: {', '.join((*_AMOUNTS, *_PRICES))}."
            findings.add(f"{pointer}/controlValue", control.control_value, f"none with {kind}", advice)
        elif not _NUMBER.fullmatch(control.control_value):
            findings.add(f"{pointer}/controlValue", control.control_value, "a number")

    def write(
        self, parent: etree._Element, control: Control, device: Identity | None, point: Identity | None
    ) -> None:
        """An EndDeviceControl under ``parent``; the control was checked."""
        xml = self.xml
        element = xml.add(parent, self.element)
        xml.text(element, "mRID", control.id)
        if control.priority is not None:
            xml.add(element, "drProgramLevel", str(PRIORITIES[control.priority]))
        xml.text(element, "issuerID", control.issuer_id)
        xml.text(element, "issuerTrackingID", control.issuer_tracking_id)
        price = control.control_value if self._kind(control) in _PRICES else None
        xml.text(element, "priceSignal", price)
        xml.text(element, "reason", control.reason)
        if price is not None:
            detail = xml.add(xml.add(element, "PanPricing"), "PanPricingDetails")
            xml.add(detail, "price", price)
            xml.text(detail, "unitOfMeasure", control.control_unit)
        elif control.control_value is not None:
            response = xml.add(element, "PanDemandResponse")
            if control.control_unit == "%":
                xml.add(response, "avgLoadAdjustment", control.control_value)
            else:
                xml.add(response, "command", " ".join(filter(None, (control.control_value, control.control_unit))))
        xml.ref(
            element,
            "EndDeviceControlType",
            control.control_type_code or self._words.code(control.control_type or ""),
        )
        if device is not None:
            xml.identity(element, "EndDevices", device)
        if control.effective_date_time is not None or control.end_date_time is not None:
            timing = xml.add(element, "primaryDeviceTiming")
            xml.interval(timing, "interval", control.effective_date_time, control.end_date_time)
        if point is not None:
            xml.identity(element, "UsagePoints", point)

    def read(self, element: etree._Element) -> Control:
        """What an EndDeviceControl says."""
        own = {name: text.strip() for name, text in texts(element).items()}
        level = own.get("drProgramLevel")
        control = Control(
            id=own.get("mRID"),
            reason=own.get("reason"),
            issuer_id=own.get("issuerID"),
            issuer_tracking_id=own.get("issuerTrackingID"),
            priority=None if level is None else self._levels.get(level, level),
            control_value=own.get("priceSignal"),
        )
        for name, child in children(element):
            match name:
                case "PanPricing":
                    _read_price(control, child)
                case "PanDemandResponse":
                    _read_amount(control, child)
                case "EndDeviceControlType":
                    control.control_type_code = child.get("ref", "")
                    control.control_type = self._words.word(control.control_type_code)
                case "EndDevices":
                    control.device_id = control.device_id or called(child)
                case "UsagePoints":
                    control.usage_point_id = control.usage_point_id or called(child)
                case "primaryDeviceTiming":
                    times = next((texts(inner) for part, inner in children(child) if part == "interval"), {})
                    control.effective_date_time = times.get("start")
                    control.end_date_time = times.get("end")
        return control

    def named(self, element: etree._Element) -> ID | None:
        """Its mRID, or its issuerTrackingID."""
        return name_control(read_control(element))

    def about(self, error: Error) -> ID | None:
        """The control that one of its devices tells of."""
        return error.related_id

    def tell(self, control: Control, told: Sequence[Error]) -> None:
        """Add how far it and its devices are (see ``nouns.controls.query``)."""
        for error in told:
            if error.id is None:
                continue
            whole = (error.details or "").rpartition("the control as a whole is ")[2]
            control.status = _state(whole or error.reason or "")
            device = DeviceState(
                device_id=error.id.value, status=_state(error.reason or ""), details=error.details
            )
            control.devices.append(device)

    def _kind(self, control: Control) -> str | None:
        """The word for what is to be done."""
        if control.control_type is not None or control.control_type_code is None:
            return control.control_type
        return self._words.word(control.control_type_code)


def _state(words: str) -> str:
    """``in progress`` as one word."""
    first, *rest = words.split()[:3] or [""]
    return first + "".join(word.capitalize() for word in rest)


def _read_price(control: Control, pricing: etree._Element) -> None:
    for name, detail in children(pricing):
        own = texts(detail) if name == "PanPricingDetails" else {}
        if "price" in own:
            control.control_value, control.control_unit = own["price"].strip(), own.get("unitOfMeasure")
            return


def _read_amount(control: Control, response: etree._Element) -> None:
    own = texts(response)
    if "avgLoadAdjustment" in own:
        control.control_value, control.control_unit = own["avgLoadAdjustment"].strip(), "%"
    elif command := own.get("command", "").strip():
        number, _, unit = command.partition(" ")
        if _NUMBER.fullmatch(number):
            control.control_value, control.control_unit = number, unit or None
        else:
            control.control_value = command
