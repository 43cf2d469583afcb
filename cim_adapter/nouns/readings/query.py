"""Answers a get: all that it finds, or a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lxml import etree

from cim_adapter.envelope import Error, Reply
from cim_adapter.nouns.readings.absence import absent_types, missing, missing_types, nothing
from cim_adapter.nouns.readings.filter import ReadingFilter
from cim_adapter.nouns.readings.finding import TooMany, pieces
from cim_adapter.nouns.readings.joining import together
from cim_adapter.nouns.readings.model import MeterReading
from cim_adapter.nouns.readings.parts import Cutter, Position
from cim_adapter.nouns.readings.targets import Targets, read_targets
from cim_adapter.nouns.readings.xml import write_meter_readings
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import move_to_namespace, namespace

Payload = tuple[etree._Element, ...]


def answer(
    reader: Reader,
    wanted: ReadingFilter,
    *,
    at_most: int,
    at: Position | None = None,
    write: Callable[[list[MeterReading]], Payload],
) -> tuple[Reply, Position | None]:
    """The reply to a get, and where the next part of it begins; None where this is all. ``write`` makes its
    payload of what is found.

    ``at_most`` readings are in it, or somewhat more where they cannot be cut. ``at`` is the part that is
    asked for; None for a request that is new.
    """
    errors: list[Error] = []
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return nobody(errors, targets), None
    if at is None:
        reply = whole(reader, wanted, targets, errors, at_most=at_most, write=write)
        if reply is not None:
            return reply, None
    cutter = Cutter(reader, wanted, targets, at_most)
    at = at or cutter.first()
    told = [*errors, *absent_types(reader, wanted, targets)] if at == cutter.first() else []
    found, following = _part(reader, wanted, cutter, at, told)
    return Reply.of(told, any_done=True, payload=write(found) if found else ()), following


def parts(
    reader: Reader, wanted: ReadingFilter, *, size: int, errors: list[Error]
) -> Iterator[list[MeterReading]]:
    """All that a get finds, in the order of an answer in parts of ``size`` readings; a part is held at a time.
    Errors are added: first for each object that is not known and each reading type that brings nothing, then as
    they are met for some objects that brought nothing.
    """
    targets = read_targets(reader, wanted, errors)
    if targets.nobody:
        return
    errors += absent_types(reader, wanted, targets)
    cutter = Cutter(reader, wanted, targets, size)
    at: Position | None = cutter.first()
    while at is not None:
        found, at = _part(reader, wanted, cutter, at, errors)
        if found:
            yield found


def _part(
    reader: Reader, wanted: ReadingFilter, cutter: Cutter, at: Position, errors: list[Error]
) -> tuple[list[MeterReading], Position | None]:
    """What the part at ``at`` tells, and where the next one begins."""
    part = cutter.part(at)
    found = pieces(reader, wanted.within(part.window), part.targets, without_meters=part.without_meters)
    if part.window == wanted.hull:
        errors += missing(found, part.targets)
    return together(reader, found), part.following


def nobody(errors: list[Error], targets: Targets) -> Reply:
    """The reply where nobody is asked for; ``errors`` say who is not known."""
    return Reply.of(errors or missing([], targets), any_done=False)


def whole(
    reader: Reader,
    wanted: ReadingFilter,
    targets: Targets,
    errors: Sequence[Error],
    *,
    at_most: int,
    write: Callable[[list[MeterReading]], Payload],
) -> Reply | None:
    """The reply with all that is asked for, where that is not more than ``at_most`` readings; else None.
    ``errors`` say who is not known.
    """
    try:
        found = pieces(reader, wanted, targets, at_most=at_most)
    except TooMany:
        return None
    told = [*errors, *missing(found, targets), *missing_types(found, wanted)]
    if not found:
        return Reply.of(told or [nothing()], any_done=False)
    return Reply.of(told, any_done=True, payload=write(together(reader, found)))


def as_profile(found: list[MeterReading], wanted: ReadingFilter) -> Payload:
    """What is found as a MeterReadings element, in the revision that is asked for."""
    profile = write_meter_readings(found)
    if wanted.namespace is not None and wanted.namespace != namespace(profile):
        move_to_namespace(profile, wanted.namespace)
    return (profile,)
