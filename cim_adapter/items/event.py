"""An event of a device, as REST has it, and as an EndDeviceEvent (facts/metering.md §2.5)."""

from __future__ import annotations

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
from cim_adapter.items.vocabulary import SEVERITIES, EventWords
from cim_adapter.nouns.events.lookup import name_event
from cim_adapter.nouns.events.xml import read_event
from cim_adapter.store.objects import Identity
from cim_adapter.xmltree import children, texts

NAMESPACE = "http://iec.ch/TC57/2011/EndDeviceEvents#"
STATES = ("open", "closed", "canceled")
_CODE = "eventCode"  # the name of the detail that carries it: the profile has no element for it


class Detail(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Something more about an event."""

    name: Text
    value: Text | None = None


class Event(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """Something that happened to a device. ``eventType`` or ``eventTypeCode`` says what."""

    id: Annotated[
        Text | None, msgspec.Meta(description="The mRID of the event; given to it where it has none")
    ] = None
    device_id: Annotated[Text | None, msgspec.Meta(description="mRID or name of the device")] = None
    usage_point_id: Annotated[Text | None, msgspec.Meta(description="mRID or name of the usage point")] = None
    event_type: Annotated[str, words(EventWords.TABLE, "What happened")] | None = None
    event_date_time: Moment
    severity: Annotated[str, words(SEVERITIES, "How bad it is")] | None = None
    description: Annotated[Text | None, msgspec.Meta(description="In words")] = None
    event_code: Annotated[Text | None, msgspec.Meta(description="What the sender calls such an event")] = None
    issuer_id: Annotated[Text | None, msgspec.Meta(description="The system that issued it")] = None
    issuer_tracking_id: Annotated[Text | None, msgspec.Meta(description="What the issuer calls it")] = None
    event_type_code: Annotated[
        Text | None, msgspec.Meta(description="The EndDeviceEventType of IEC 61968-9: 4 numbers joined by dots")
    ] = None
    details: list[Detail] = []
    status: Annotated[str, words(STATES, "What became of it; given in answers")] | None = None

    @property
    def kind(self) -> str | None:
        """The word for what happened."""
        return self.event_type

    @property
    def code(self) -> str | None:
        """The code of it."""
        return self.event_type_code

    @code.setter
    def code(self, code: str | None) -> None:
        self.event_type_code = code


class EventXml:
    """Writes and reads EndDeviceEvent elements."""

    item = Event
    noun = "EndDeviceEvents"
    element = "EndDeviceEvent"
    member = "events"
    type_parameter = "eventType"
    parameters = ("meter", "usagePoint", type_parameter, "from", "to", "since", "status", "severity")
    told_only = ("status",)
    covered = frozenset(
        {
            *("mRID", "createdDateTime", "issuerID", "issuerTrackingID", "reason", "severity", "Assets"),
            *("EndDeviceEventDetails", "EndDeviceEventType", "UsagePoint"),
        }
    )
    states = STATES

    def __init__(self, lists: CodeLists) -> None:
        self.xml = ProfileXml(NAMESPACE)
        self._words = EventWords(lists)

    def check(self, event: Event, pointer: str, findings: Findings) -> None:
        """What the struct could not say."""
        if event.severity is not None and event.severity not in SEVERITIES:
            findings.add(f"{pointer}/severity", event.severity, f"one of {', '.join(SEVERITIES)}")
        check_type(self._words, event.event_type, event.event_type_code, pointer, findings)

    def write(self, parent: etree._Element, event: Event, device: Identity | None, point: Identity | None) -> None:
        """An EndDeviceEvent under ``parent``; the event was checked."""
        xml = self.xml
        element = xml.add(parent, self.element)
        xml.text(element, "mRID", event.id)
        xml.add(element, "createdDateTime", event.event_date_time)
        xml.text(element, "issuerID", event.issuer_id)
        xml.text(element, "issuerTrackingID", event.issuer_tracking_id)
        xml.text(element, "reason", event.description)
        xml.text(element, "severity", event.severity)
        if device is not None:
            xml.identity(element, "Assets", device)
        if event.event_code is not None:
            self._detail(element, _CODE, event.event_code)
        for detail in event.details:
            self._detail(element, detail.name, detail.value)
        xml.ref(element, "EndDeviceEventType", event.event_type_code or self._words.code(event.event_type or ""))
        if point is not None:
            xml.identity(element, "UsagePoint", point)

    def read(self, element: etree._Element) -> Event:
        """What an EndDeviceEvent says."""
        own: dict[str, str] = {}
        event = Event(event_date_time="", status="open")
        for name, child in children(element):
            match name:
                case "Assets":
                    event.device_id = called(child)
                case "UsagePoint":
                    event.usage_point_id = called(child)
                case "EndDeviceEventType":
                    event.event_type_code = child.get("ref", "")
                    event.event_type = self._words.word(event.event_type_code)
                case "EndDeviceEventDetails":
                    parts = texts(child)
                    if parts.get("name") == _CODE and event.event_code is None:
                        event.event_code = parts.get("value")
                    else:
                        event.details.append(Detail(name=parts.get("name", ""), value=parts.get("value")))
                case _:
                    own.setdefault(name, child.text or "")
        event.id = own.get("mRID")
        event.event_date_time = own.get("createdDateTime", "").strip()
        event.issuer_id, event.issuer_tracking_id = own.get("issuerID"), own.get("issuerTrackingID")
        event.description, event.severity = own.get("reason"), own.get("severity")
        return event

    def named(self, element: etree._Element) -> ID | None:
        """Its mRID, a name of its Names, or its issuerTrackingID."""
        return name_event(read_event(element))

    def about(self, error: Error) -> ID | None:
        """The event that has a mark."""
        return error.id

    def tell(self, event: Event, told: Sequence[Error]) -> None:
        """Add what became of it (see ``nouns.events.query``)."""
        for error in told:
            event.status = error.reason

    def _detail(self, parent: etree._Element, name: str, value: str | None) -> None:
        element = self.xml.add(parent, "EndDeviceEventDetails")
        self.xml.add(element, "name", name)
        self.xml.text(element, "value", value)
