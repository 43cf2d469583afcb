"""Which stored event a message means: by mRID, else by Names, else by issuerTrackingID, device and type."""

from __future__ import annotations

from collections.abc import Iterable

from cim_adapter.envelope import ID
from cim_adapter.nouns.controls.lookup import TRACKING
from cim_adapter.nouns.events.xml import DeviceEvent, read_event
from cim_adapter.nouns.identity_xml import read_id, write_id
from cim_adapter.schema import reparse
from cim_adapter.store import device_events, objects
from cim_adapter.store.device_events import Found
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.transaction import Reader


def name_event(event: DeviceEvent) -> ID | None:
    """How a Reply names an event; None for one that has neither mRID nor Names nor issuerTrackingID."""
    identity = Identity(event.mrid, event.names)
    if identity:
        return write_id("EndDeviceEvent", identity)
    if event.tracking is None:
        return None
    return ID(
        value=event.tracking,
        id_type=TRACKING,
        id_authority=event.issuer,
        object_type="EndDeviceEvent",
        kind="other",
    )


class EventLookup:
    """Finds the events that messages name."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def of(self, event: DeviceEvent) -> list[Found]:
        """The event that ``event`` is about. An event with another mRID is another event."""
        if event.mrid is not None and (found := self.by_mrid(event.mrid)):
            return found
        found = self.by_names(event.names)
        if not found and event.tracking is not None:
            found = [item for item in self.by_tracking(event.tracking, event.issuer) if self._is_of(item, event)]
        return [item for item in found if event.mrid is None or item.mrid is None]

    def by_id(self, identifier: ID) -> list[Found]:
        """The events that an ID of a Request names."""
        if identifier.id_type == TRACKING:
            return self.by_tracking(identifier.value, identifier.id_authority)
        identity = read_id(identifier)
        if identity.mrid is not None:
            return self.by_mrid(identity.mrid)
        return self.by_names(identity.names)

    def by_mrid(self, mrid: str) -> list[Found]:
        return device_events.by_mrid(self._reader, mrid)

    def by_names(self, names: Iterable[Name]) -> list[Found]:
        """The events that have one of these names; a type or authority counts where both sides give one."""
        found = {
            item.id: item
            for name in names
            for item in device_events.by_name(self._reader, name.name)
            if any(is_same_name(name, own) for own in read_event(reparse(item.content)).names)
        }
        return list(found.values())

    def by_tracking(self, tracking: str, issuer: str | None = None) -> list[Found]:
        """The events with this issuerTrackingID, of this issuer where both sides give one."""
        found = device_events.by_tracking(self._reader, tracking)
        if issuer is None:
            return found
        return [item for item in found if read_event(reparse(item.content)).issuer in (None, issuer)]

    def _is_of(self, found: Found, event: DeviceEvent) -> bool:
        """Whether a stored event is of the same type and device."""
        if found.type != event.type:
            return False
        for own, (kind, identity) in zip((found.meter_id, found.usage_point_id), event.objects, strict=True):
            if identity is not None and own not in objects.find(self._reader, kind, identity):
                return False
        return event.meter is not None or event.usage_point is not None or found.meter_id is None


def is_same_name(asked: Name, own: Name) -> bool:
    """Whether two names are one; a type or authority counts where both have it."""
    return (
        asked.name == own.name
        and (asked.type is None or own.type is None or asked.type == own.type)
        and (asked.authority is None or own.authority is None or asked.authority == own.authority)
    )
