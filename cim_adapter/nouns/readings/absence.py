"""Says of whom and of what a get finds nothing (5.7)."""

from __future__ import annotations

from cim_adapter.envelope import ID, Error
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.finding import OpenBlock
from cim_adapter.nouns.readings.targets import Targets


def missing(pieces: list[OpenBlock], targets: Targets) -> list[Error]:
    """An Error (5.7) for each object asked for by name that brought nothing."""
    meters, points = {piece.found.meter_id for piece in pieces}, {piece.usage_point for piece in pieces}
    return [
        nothing(write_id(target.kind, target.identity))
        for target in targets.asked
        if target.ids.isdisjoint(meters if target.of_meters else points)
    ]


def missing_types(pieces: list[OpenBlock], wanted: ReadingFilter) -> list[Error]:
    """An Error (5.7) for each reading type that nobody brought, where anybody brought anything."""
    brought = {piece.found.reading_type for piece in pieces}
    absent = [name for name in dict.fromkeys(wanted.reading_types) if name not in brought] if pieces else []
    return [nothing(ID(value=name, object_type="ReadingType", kind="name")) for name in absent]


def nothing(identifier: ID | None = None) -> Error:
    return Error(code="5.7", level="WARNING", reason="no readings fit this request", id=identifier)
