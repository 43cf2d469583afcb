"""Which readings are asked for."""

from __future__ import annotations

import msgspec
from lxml import etree

from cim_adapter.items.addresses import Addresses
from cim_adapter.items.profile_xml import ProfileXml
from cim_adapter.items.query import Parameters, UnusableParameter
from cim_adapter.items.vocabulary import QualityWords, Quantity, ReadingWords

_NAMESPACE = "http://iec.ch/TC57/2011/GetMeterReadings#"


class ReadingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which readings: what is empty does not narrow."""

    meters: tuple[str, ...] = ()
    usage_points: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    parts: dict[str, frozenset[str]] = {}
    qualities: frozenset[str] = frozenset()
    start: str | None = None
    end: str | None = None

    NAMES = (
        *("meter", "usagePoint", "readingType", "unit", "phase", "energyDirection", "intervalLength", "quality"),
        *("from", "to", "since"),
    )

    @classmethod
    def read(cls, query: Parameters) -> ReadingQuery:
        """What the parameters say. Raises UnusableParameter."""
        types = query.all("readingType")
        codes = tuple(item for item in types if "." in item)
        for item in types:
            if item not in (*codes, *ReadingWords.TYPES):
                possible = f"18 numbers joined by dots, or one of {', '.join(ReadingWords.TYPES)}"
                raise UnusableParameter("readingType", f"found {item[:80]!r}; expected {possible}")
        parts = {
            "reading_type": frozenset(types) - set(codes),
            "unit": query.words("unit", ReadingWords.UNITS),
            "phase": query.words("phase", ReadingWords.PHASES),
            "energy_direction": query.words("energyDirection", ReadingWords.DIRECTIONS),
            "interval_length": query.words("intervalLength", ReadingWords.LENGTHS),
        }
        start, end = query.times()
        return cls(
            meters=query.all("meter"),
            usage_points=query.all("usagePoint"),
            codes=codes,
            parts={name: words for name, words in parts.items() if words},
            qualities=query.words("quality", QualityWords.WORDS),
            start=start,
            end=end,
        )

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """The objects asked for, by kind."""
        return {"Meter": self.meters, "UsagePoint": self.usage_points}

    def as_profile(self, addresses: Addresses) -> etree._Element:
        """The query profile of a get that finds these readings, and those that do not fit by a part of their type
        or by quality: that, the profile cannot say.
        """
        xml = ProfileXml(_NAMESPACE)
        profile = xml.root("GetMeterReadings")
        for text in self.meters:
            for identity in addresses.of("Meter", text):
                xml.identity(profile, "EndDevice", identity)
        for code in self.codes:
            xml.text(xml.add(profile, "ReadingType"), "mRID", code)
        if self.start is not None or self.end is not None:
            xml.interval(xml.add(profile, "TimeSchedule"), "scheduleInterval", self.start, self.end)
        for text in self.usage_points:
            for identity in addresses.of("UsagePoint", text):
                xml.identity(profile, "UsagePoint", identity)
        return profile

    def fits(self, quantity: Quantity) -> bool:
        """Whether a quantity is asked for, by each of its parts."""
        return all(getattr(quantity, name) in words for name, words in self.parts.items())
