"""EndDeviceEvent elements: what of them is searched and compared (facts/metering.md §2.5).

The element itself is kept and given back as it came. Reading goes by local name within the root's
namespace, so any revision of the profile that keeps its names is read; the XSD was checked before.
"""

from __future__ import annotations

import msgspec
from lxml import etree

from cim_adapter.nouns.identity_xml import read_identity, read_name
from cim_adapter.store.objects import Identity, Name
from cim_adapter.xmltree import children


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True):
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


def read_event(element: etree._Element) -> DeviceEvent:
    """What an EndDeviceEvent says."""
    own: dict[str, str] = {}
    names: list[Name] = []
    type_, meter, usage_point = "", None, None
    for name, child in children(element):
        if name in _TEXTS:
            if text := (child.text or "").strip():
                own[_TEXTS[name]] = text
        elif name == "EndDeviceEventType":
            type_ = child.get("ref", "").strip()
        elif name == "Assets":
            meter = read_identity(child) or None
        elif name == "UsagePoint":
            usage_point = read_identity(child) or None
        elif name == "Names":
            names.append(read_name(child))
    return DeviceEvent(**own, names=tuple(names), type=type_, meter=meter, usage_point=usage_point)
