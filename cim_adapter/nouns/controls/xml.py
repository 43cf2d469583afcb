"""EndDeviceControl elements: what of them is searched, compared and carried out (facts/metering.md §2.4).

The element itself is kept and given back as it came. Reading goes by local name within the root's
namespace; the XSD was checked before.
"""

from __future__ import annotations

import math

import msgspec
from lxml import etree

from cim_adapter import instants
from cim_adapter.errors import Refused
from cim_adapter.nouns.identity_xml import kind_of, read_identity
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.xmltree import LocalNames

Addressee = tuple[str, Identity]
"""Kind and identity of what a control is for: Meter, UsagePoint, EndDeviceGroup or UsagePointGroup."""

_TEXTS = {"mRID": "mrid", "issuerID": "issuer", "issuerTrackingID": "tracking", "reason": "reason"}
_ADDRESSEES = {
    name: kind_of(name) for name in ("EndDevices", "EndDeviceGroups", "UsagePoints", "UsagePointGroups")
}
# A plain EndDeviceAction has no place in the profile; where it passes, it says what the others say.
_ACTIONS = ("PanDemandResponse", "PanDisplay", "PanPricing", "EndDeviceAction")
_MINUTE = 60_000_000  # microseconds


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When a control is to be carried out, as sent."""

    start: str | None = None
    end: str | None = None
    duration: str | None = None
    indefinite: bool = False

    def window(self, received: int) -> tuple[int, int | None]:
        """First and last instant; it starts when it is received unless it says when. The end is None for a
        control that lasts until another one ends it, or that says nothing of its end.

        Raises Refused (1.8) for a window that is none.
        """
        start = received if self.start is None else instants.instant(self.start)
        if self.indefinite:
            return start, None
        end = self._end(start)
        if end is not None and end < start:
            raise Refused(
                f"the control ends at {instants.as_text(end)}, before it starts at {instants.as_text(start)}; "
                "primaryDeviceTiming/interval/end must be after its start",
                code="1.8",
            )
        return start, end

    def _end(self, start: int) -> int | None:
        if self.end is not None:
            return instants.instant(self.end)
        if self.duration is None:
            return None
        minutes = float(self.duration)
        if math.isnan(minutes) or minutes < 0:
            raise Refused(f"found a duration of {self.duration}; expected minutes, zero or more", code="1.8")
        last = start + minutes * _MINUTE
        return None if last >= FOREVER[1] else int(last)


class DeviceControl(msgspec.Struct, frozen=True, kw_only=True):
    """One EndDeviceControl. ``type`` is the ``ref`` of its EndDeviceControlType, such as ``3.31.0.23``."""

    mrid: str | None = None
    issuer: str | None = None
    tracking: str | None = None
    reason: str | None = None
    type: str = ""
    addressees: tuple[Addressee, ...] = ()
    timing: Timing = Timing()

    @property
    def named(self) -> str:
        """What to call it in a sentence."""
        return self.mrid or self.tracking or "without mRID and issuerTrackingID"


def read_control(element: etree._Element, names: LocalNames | None = None) -> DeviceControl:
    """What an EndDeviceControl says. ``names`` may be shared by many that are read."""
    names = LocalNames() if names is None else names
    own: dict[str, str] = {}
    addressees: list[Addressee] = []
    times: dict[str, str] = {}
    of_action: dict[str, str] = {}
    for child in element.iterchildren(etree.Element):
        name = names[child.tag]
        if name in _TEXTS:
            if text := (child.text or "").strip():
                own[_TEXTS[name]] = text
        elif name == "EndDeviceControlType":
            own["type"] = child.get("ref", "").strip()
        elif name in _ADDRESSEES:
            addressees.append((_ADDRESSEES[name], read_identity(child, names)))
        elif name == "primaryDeviceTiming":
            times = _times(child, names)
        elif name in _ACTIONS:
            of_action = _times(child, names)
    if of_action:
        times = of_action | times  # the timing of the control wins over that of its action
    timing = Timing(
        start=times.get("start") or times.get("startDateTime"),
        end=times.get("end"),
        duration=times.get("duration"),
        indefinite=times.get("durationIndefinite") in ("true", "1"),
    )
    return DeviceControl(**own, addressees=tuple(addressees), timing=timing)


def _times(element: etree._Element, names: LocalNames) -> dict[str, str]:
    own: dict[str, str] = {}
    for child in element.iterchildren(etree.Element):
        name = names[child.tag]
        if name == "interval":
            own |= _times(child, names)
        elif text := (child.text or "").strip():
            own[name] = text
    return own
