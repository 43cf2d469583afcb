"""Which events or controls are asked for."""

from __future__ import annotations

from typing import Any

import msgspec
from lxml import etree

from cim_adapter.items.addresses import Addresses
from cim_adapter.items.item_xml import ItemXml
from cim_adapter.items.profile_xml import ProfileXml
from cim_adapter.items.query import Parameters


class DeviceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items: what is empty does not narrow. ``kinds`` are words or codes."""

    meters: tuple[str, ...] = ()
    usage_points: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    start: str | None = None
    end: str | None = None

    @classmethod
    def read(cls, query: Parameters, items: ItemXml) -> DeviceQuery:
        """What the parameters say of ``items``. Raises UnusableParameter."""
        start, end = query.times()
        return cls(
            meters=query.all("meter"),
            usage_points=query.all("usagePoint"),
            kinds=frozenset(query.all(items.type_parameter)),
            states=query.words("status", items.states),
            severities=frozenset(query.all("severity")),
            start=start,
            end=end,
        )

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """The objects asked for, by kind."""
        return {"Meter": self.meters, "UsagePoint": self.usage_points}

    @property
    def narrows(self) -> bool:
        """Whether ``fits`` may say no."""
        return bool(self.kinds or self.states or self.severities)

    def fits(self, item: Any) -> bool:
        """Whether an item is asked for, by what the profile cannot say."""
        return (
            (not self.kinds or bool(self.kinds & {item.kind, item.code}))
            and (not self.states or item.status in self.states)
            and (not self.severities or item.severity in self.severities)
        )

    def as_profile(self, noun: str, addresses: Addresses) -> etree._Element:
        """The query profile of a get of ``noun`` that finds these items, and those that do not fit."""
        xml = ProfileXml(query_namespace(noun))
        profile = xml.root(f"Get{noun}")
        for text in self.meters:
            for identity in addresses.of("Meter", text):
                xml.identity(profile, "Meter", identity)
        if self.start is not None or self.end is not None:
            xml.interval(xml.add(profile, "TimeSchedule"), "scheduleInterval", self.start, self.end)
        for text in self.usage_points:
            for identity in addresses.of("UsagePoint", text):
                xml.identity(profile, "UsagePoint", identity)
        return profile


def query_namespace(noun: str) -> str:
    """That of the query profile of a noun."""
    return f"http://iec.ch/TC57/2011/Get{noun}#"
