"""Series of readings: one meter, one reading type, in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from lxml import etree

from cim_adapter import instants
from cim_adapter.codes import CodeLists, MalformedCode, ReadingType
from cim_adapter.validate.remark import Severity
from cim_adapter.validate.semantics.sense import Sense
from cim_adapter.xmltree import children

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class _Point:
    element: etree._Element
    at: int
    start: int | None = None
    text: str = ""


class Series:
    """Judges the readings of MeterReadings documents. Instants are microseconds."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists

    def of(self, root: etree._Element) -> Iterator[Sense]:
        """What is wrong with the readings in the tree."""
        for meter_reading in root.iter("{http://iec.ch/TC57/2011/MeterReadings#}MeterReading"):
            yield from self.of_meter(meter_reading)

    def of_meter(self, meter_reading: etree._Element) -> Iterator[Sense]:
        """What is wrong with the readings of one MeterReading."""
        lines: dict[str, list[_Point]] = {}
        for name, child in children(meter_reading):
            if name == "IntervalBlocks":
                kind = child.find("{*}ReadingType")
                key = "" if kind is None else kind.get("ref") or ""
                points = list(_points(child.iterchildren("{*}IntervalReadings")))
                yield from _out_of_order(points)
                lines.setdefault(key, []).extend(points)
        for key, points in lines.items():
            points.sort(key=lambda point: point.at)
            yield from _overlaps(points)
            yield from _gaps(points, self._interval(key))

    def _interval(self, code: str) -> int:
        """The length of the measuring period; 0 where the code has none."""
        try:
            found = ReadingType.parse(code.strip(), self._lists).interval
        except MalformedCode:
            return 0
        return int(found.total_seconds() * _SECOND) if found else 0


def _points(readings: Iterator[etree._Element]) -> Iterator[_Point]:
    for reading in readings:
        parts = dict(children(reading))
        period = dict(children(parts["timePeriod"])) if "timePeriod" in parts else {}
        stamp, start = parts.get("timeStamp", period.get("end")), period.get("start")
        try:
            if stamp is not None:
                at = instants.instant(stamp.text or "")
                begun = None if start is None else instants.instant(start.text or "")
                yield _Point(stamp, at, begun, (stamp.text or "").strip())
        except ValueError:
            continue  # the XSD has said so


def _out_of_order(points: list[_Point]) -> Iterator[Sense]:
    latest: _Point | None = None
    for point in points:
        if latest is not None and point.at < latest.at:
            yield Sense(
                element=point.element,
                rule="out of order",
                severity=Severity.WARNING,
                value=point.text,
                found=f"{point.text} after {latest.text}",
                expected="timestamps that ascend within a block",
                why="The readings of a block are expected in the order of time.",
            )
        elif latest is None or point.at > latest.at:
            latest = point


def _overlaps(points: list[_Point]) -> Iterator[Sense]:
    before: _Point | None = None
    for point in points:
        if before is not None and point.at == before.at:
            found, why = f"a second reading at {point.text}", "One interval has two values: which of them counts?"
        elif before is not None and point.start is not None and point.start < before.at:
            found = f"an interval from {instants.as_text(point.start)}, before {before.text}, the end of the last"
            why = "Two intervals cover the same time."
        else:
            before = point
            continue
        yield Sense(
            element=point.element,
            rule="overlap",
            value=point.text,
            found=found,
            expected="one value for each moment of a reading type",
            why=why,
        )
        before = point


def _gaps(points: list[_Point], interval: int) -> Iterator[Sense]:
    """Told at the reading after the gap."""
    for before, point in pairwise(points):
        begun = point.start if point.start is not None else point.at - interval
        missing = (begun - before.at) // interval if interval else 0
        if missing > 0:
            yield Sense(
                element=point.element,
                rule="gap",
                severity=Severity.WARNING,
                value=point.text,
                found=f"no reading between {before.text} and {point.text}: {missing} missing",
                expected=f"a reading at {instants.as_text(before.at + interval)}",
                why="The measuring period of the reading type says how often there is one.",
            )
