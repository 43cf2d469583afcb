"""MeterReadSchedule as far as the adapter must know it (facts/metering.md §2.11); all else stays XML."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lxml import etree

from cim_adapter.errors import Incomplete, Refused
from cim_adapter.nouns.identity_xml import kind_of, read_identity
from cim_adapter.nouns.readings.filter import Window, type_names
from cim_adapter.nouns.readings.xml import read_period
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER
from cim_adapter.xmltree import children, texts

_CONTRADICTION = "2.29"  # the generic one: two parts that do not go together


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSchedule:
    """Whom to read, by kind, what (reading types; none: all), and inside of which spans of time."""

    targets: tuple[tuple[str, Identity], ...]
    reading_types: frozenset[str]
    windows: tuple[Window, ...]

    @property
    def hull(self) -> Window:
        """The window around all of them."""
        return min(first for first, _ in self.windows), max(last for _, last in self.windows)

    def is_due_in(self, window: Window) -> bool:
        """Whether it holds at any instant of ``window``."""
        return any(first <= window[1] and last >= window[0] for first, last in self.windows)


def read_schedule(root: etree._Element) -> ReadSchedule:
    """One MeterReadSchedule element."""
    targets: list[tuple[str, Identity]] = []
    types: set[str] = set()
    windows: list[Window] = []
    for name, child in children(root):
        match name:
            case "TimeSchedule":
                spans = [
                    read_period(part).window() for part_, part in children(child) if part_ == "scheduleInterval"
                ]
                windows += spans or [FOREVER]
            case "ReadingType":
                types.update(type_names(child))
            case _:
                targets.append((kind_of(name), read_identity(child)))
    return ReadSchedule(
        targets=tuple(dict.fromkeys(targets)), reading_types=frozenset(types), windows=tuple(windows) or (FOREVER,)
    )


def check_targets(schedule: ReadSchedule) -> None:
    """Raises Incomplete (1.7) where a schedule does not say whom it reads."""
    if not schedule.targets:
        raise Incomplete(
            "a MeterReadSchedule names whom to read: EndDevice, EndDeviceGroup, UsagePoint, UsagePointGroup, "
            "CustomerAccount or CustomerAgreement"
        )
    for kind, identity in schedule.targets:
        if not identity:
            raise Incomplete(f"a {kind} is named by its mRID or by Names, and this one has neither")


def check_times(root: etree._Element) -> None:
    """Raises Refused (2.29) where the times of a valid MeterReadSchedule contradict each other."""
    for schedule in (child for name, child in children(root) if name == "TimeSchedule"):
        for name, child in children(schedule):
            if name == "scheduleInterval":
                _check_interval("TimeSchedule/scheduleInterval", child)
            elif name == "TimePoints":
                for part, window in children(child):
                    if part == "window":
                        _check_interval("TimeSchedule/TimePoints/window", window)
        period = texts(schedule).get("recurrencePeriod")
        if period is not None and not 0 < float(period) < math.inf:
            raise Refused(
                f"TimeSchedule/recurrencePeriod is {period.strip()} s; it must be more than 0 s, or be left out",
                code=_CONTRADICTION,
            )


def _check_interval(place: str, element: etree._Element) -> None:
    period = read_period(element)
    first, last = period.window()
    if first > last:
        raise Refused(f"{place} ends at {period.end}, before it starts at {period.start}", code=_CONTRADICTION)
