"""EndDeviceEvent elements: what of them is searched and compared (facts/metering.md §2.5).

The element itself is kept and given back as it came. Reading goes by local name within the root's
namespace, so any revision of the profile that keeps its names is read; the XSD was checked before.
"""

from __future__ import annotations

from typing import Any

import msgspec
from lxml import etree

from cim_adapter.nouns.identity_xml import read_identity, read_name
from cim_adapter.store.objects import Identity, Name
from cim_adapter.xmltree import LocalNames


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One EndDeviceEvent. ``type`` is the ``ref`` of its EndDeviceEventType, such as ``3.26.0.85``."""

    mrid: str | None = None
    names: tuple[Name, ...] = ()
    created: str = ""
    issuer: str | None = None
    tracking: str | None = None
    reason: str | None = None
    severity: str | None = None
    type: str = ""
    meter: Identity | None = None
    usage_point: Identity | None = None

    @property
    def objects(self) -> tuple[tuple[str, Identity | None], tuple[str, Identity | None]]:
        """Whose event it is: meter and usage point, each with its kind."""
        return ("Meter", self.meter), ("UsagePoint", self.usage_point)


_TEXTS = {
    "mRID": "mrid",
    "createdDateTime": "created",
    "issuerID": "issuer",
    "issuerTrackingID": "tracking",
    "reason": "reason",
    "severity": "severity",
}
_OBJECTS = {"Assets": "meter", "UsagePoint": "usage_point"}
_KINDS = {"Assets": "Meter", "UsagePoint": "UsagePoint"}
_KEYS = ("mRID", "createdDateTime", "issuerTrackingID", "EndDeviceEventType", "Names", *_KINDS)
_WALK = tuple(f"{{*}}{name}" for name in ("EndDeviceEvent", *_KEYS))


def read_event(element: etree._Element, names: LocalNames | None = None) -> DeviceEvent:
    """What an EndDeviceEvent says. ``names`` may be shared by many that are read."""
    names = LocalNames() if names is None else names
    own: dict[str, Any] = {}
    called: list[Name] = []
    for child in element.iterchildren(etree.Element):
        name = names[child.tag]
        if name in _TEXTS:
            if text := (child.text or "").strip():
                own[_TEXTS[name]] = text
        elif name == "EndDeviceEventType":
            own["type"] = child.get("ref", "").strip()
        elif name in _OBJECTS:
            own[_OBJECTS[name]] = read_identity(child, names) or None
        elif name == "Names":
            called.append(read_name(child))
    return DeviceEvent(**own, names=tuple(called))


class EventKeys(msgspec.Struct, gc=False):
    """What an event is stored under: some of what ``DeviceEvent`` has. ``objects`` are meter and usage point, as
    far as it names them."""

    mrid: str | None = None
    names: list[Name] = []
    created: str = ""
    tracking: str | None = None
    type: str = ""
    objects: list[tuple[str, Identity]] = []


def read_keys(profile: etree._Element) -> list[tuple[etree._Element, EventKeys]]:
    """Every EndDeviceEvent of a profile, and its keys.

    One walk over the whole tree, in which libxml2 passes over what is no key: it takes two thirds of the time that
    ``read_event`` takes for each.
    """
    found: list[tuple[etree._Element, EventKeys]] = []
    tags, event, keys = LocalNames(), profile, EventKeys()
    for item in profile.iter(*_WALK):
        name, parent = tags[item.tag], item.getparent()
        if parent is profile and name == "EndDeviceEvent":
            event, keys = item, EventKeys()
            found.append((event, keys))
        elif parent is not event or event is profile:
            continue  # inside of what is no key, or of what was read with its parent
        elif name in _TEXTS:
            if text := (item.text or "").strip():
                setattr(keys, _TEXTS[name], text)
        elif name == "EndDeviceEventType":
            keys.type = item.get("ref", "").strip()
        elif name == "Names":
            keys.names.append(read_name(item))
        elif name in _KINDS and (identity := read_identity(item, tags)):
            keys.objects.append((_KINDS[name], identity))
    return found
