"""What a ``get MeterReadings`` asks for: the GetMeterReadings profile and the Request part.

Facts/metering.md §2.3 (semantics inferred): AND between kinds, OR inside one list. Times are
inclusive at both ends, since partners stamp intervals at their end and registers at midnight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lxml import etree

from cim_adapter.envelope import Message, Request
from cim_adapter.errors import Refused
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity, revision_of
from cim_adapter.nouns.readings.model import Block, Period, Reading
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.xmltree import children, local, texts

Window = tuple[int, int]
_TARGETS = ("Meter", "EndDeviceGroup", "TransformerTank", "UsagePoint", "UsagePointGroup")


@dataclass(frozen=True, slots=True)
class ReadingSelector:
    """One ``Reading`` of the filter: reason, source and period must all fit."""

    reason: str | None
    source: str | None
    window: Window

    def fits(self, reading: Reading, at: int) -> bool:
        return (
            self.reason in (None, reading.reason)
            and self.source in (None, reading.source)
            and self.window[0] <= at <= self.window[1]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """``MeterReadings`` of the filter: readings that came with isCoincidentTrigger, with an event of a type, or
    at the instants of readings of other types that fit ``selector``. What is empty does not narrow.
    """

    trigger: bool | None = None
    event_types: tuple[str, ...] = ()
    reading_types: tuple[str, ...] = ()
    selector: ReadingSelector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFilter:
    """Empty tuples do not narrow. ``targets`` are the objects whose readings are wanted, by kind; ``namespace``
    is the revision of MeterReadings to answer in, where a query profile says which.
    """

    targets: tuple[tuple[str, Identity], ...] = ()
    reading_types: tuple[str, ...] = ()
    qualities: frozenset[str] = frozenset()
    windows: tuple[Window, ...] = ()
    selectors: tuple[ReadingSelector, ...] = ()
    tie: Tie | None = None
    namespace: str | None = None

    @property
    def hull(self) -> Window:
        """The window around every window asked for."""
        first, last = FOREVER
        if self.windows:
            first, last = min(w[0] for w in self.windows), max(w[1] for w in self.windows)
        if self.selectors:
            first = max(first, min(s.window[0] for s in self.selectors))
            last = min(last, max(s.window[1] for s in self.selectors))
        return first, last

    def within(self, window: Window) -> ReadingFilter:
        """The same filter, for no other time than ``window``."""
        first, last = window
        cut = tuple((max(a, first), min(b, last)) for a, b in self.windows) or (window,)
        return replace(self, windows=cut)

    def fits_all(self, start: int, end: int) -> bool:
        """Whether every reading between these instants is asked for."""
        if self.qualities or self.selectors:
            return False
        return not self.windows or any(first <= start and end <= last for first, last in self.windows)

    def fits(self, block: Block, reading: Reading, at: int) -> bool:
        """Whether one reading is asked for, its meter and reading type aside."""
        if self.windows and not any(first <= at <= last for first, last in self.windows):
            return False
        if self.qualities and not any(quality.type in self.qualities for quality in reading.qualities):
            return False
        return not self.selectors or any(selector.fits(reading, at) for selector in self.selectors)


def read_filter(message: Message) -> ReadingFilter:
    """The filter of a get. The profile, in Request or (as some partners send it) in Payload, wins over
    Request's own ids and times (facts/envelope.md §1.4). Raises Refused for parts that are not served.
    """
    request = message.request or Request()
    profiles = request.filters or (message.payload.elements if message.payload else ())
    if not profiles:
        window = Period(start=request.start_time, end=request.end_time).window()
        return ReadingFilter(
            targets=tuple((_target(i.object_type), read_id(i)) for i in request.ids),
            windows=() if window == FOREVER else (window,),
        )
    wanted = replace(_read_profile(profiles[0]), namespace=revision_of(profiles[0], "MeterReadings"))
    if not wanted.windows and (request.start_time or request.end_time):
        window = Period(start=request.start_time, end=request.end_time).window()
        wanted = replace(wanted, windows=(window,))
    return wanted


def _read_profile(profile: etree._Element) -> ReadingFilter:
    targets: list[tuple[str, Identity]] = []
    types: list[str] = []
    qualities: set[str] = set()
    windows: list[Window] = []
    selectors: list[ReadingSelector] = []
    tie: Tie | None = None
    for name, child in children(profile):
        match name:
            case "EndDevice" | "EndDeviceGroup" | "TransformerTank" | "UsagePoint" | "UsagePointGroup":
                targets.append((kind_of(name), read_identity(child)))
            case "MeterReadings":
                owners = [(part, own) for part, own in children(child) if part in ("Meter", "UsagePoint")]
                targets.extend((part, read_identity(own)) for part, own in owners)
                tie = _tie(child)
            case "ReadingType":
                types.extend(type_names(child))
            case "ReadingQuality":
                qualities.update(name for _, element in children(child) for name in type_names(element))
            case "TimeSchedule":
                windows.extend(read_period(element).window() for _, element in children(child))
            case "Reading":
                selectors.append(_selector(child))
            case _:
                raise _not_served(name)
    return ReadingFilter(
        targets=tuple(targets),
        reading_types=tuple(types),
        qualities=frozenset(qualities),
        windows=tuple(windows),
        selectors=tuple(selectors),
        tie=tie,
    )


def _target(object_type: str | None) -> str:
    """The kind of object that an ID of a Request names; a meter where it does not say."""
    kind = kind_of(object_type or "Meter")
    return kind if kind in _TARGETS else "Meter"


def _tie(element: etree._Element) -> Tie | None:
    tie = Tie()
    for name, child in children(element):
        match name:
            case "isCoincidentTrigger":
                tie = replace(tie, trigger=(child.text or "").strip() in ("true", "1"))
            case "EndDeviceEvents":
                tie = replace(tie, event_types=_types_in(child, "EndDeviceEventType"))
            case "Readings":
                tie = replace(tie, reading_types=_types_in(child, "ReadingType"), selector=_selector(child))
    return None if tie == Tie() else tie


def _types_in(element: etree._Element, wanted: str) -> tuple[str, ...]:
    """The names of the type in ``element``. Raises Refused (1.6) where it has none: which is meant?"""
    found = tuple(name for part, child in children(element) if part == wanted for name in type_names(child))
    if not found:
        raise Refused(f"{local(element)} in this query names no {wanted}: give its mRID or Names", code="1.6")
    return found


def _selector(element: etree._Element) -> ReadingSelector:
    own = texts(element)
    window = next(
        (read_period(child).window() for name, child in children(element) if name == "timePeriod"), FOREVER
    )
    return ReadingSelector(own.get("reason"), own.get("source"), window)


def type_names(element: etree._Element) -> list[str]:
    """A type is named by its mRID or by any of its names: the text that stands in ``ref``."""
    identity = read_identity(element)
    return ([identity.mrid] if identity.mrid else []) + [name.name for name in identity.names]


def _not_served(part: str) -> Refused:
    return Refused(
        f"GetMeterReadings/{part} is not served; ask by EndDevice, EndDeviceGroup, UsagePoint, UsagePointGroup, "
        "TransformerTank, ReadingType, ReadingQuality, Reading and TimeSchedule",
        code="5.2",
    )
