"""How many readings there are, and when, without opening a block: to cut a large answer into parts.

What is replaced by later readings, or deleted, counts too: the numbers say at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from cim_adapter.store.intakes import is_whole
from cim_adapter.store.parts import in_parts
from cim_adapter.store.readings import FOREVER
from cim_adapter.store.transaction import Reader

Window = tuple[int, int]


def count_of(
    reader: Reader, ids: Sequence[int], *, by_meter: bool, reading_types: Sequence[str], window: Window
) -> dict[int, int]:
    """Object id → readings, of those meters (else: usage points) among ``ids`` that have any."""
    owner = _owner(reader, by_meter=by_meter)
    return {
        found: readings
        for some in in_parts(ids)
        for found, readings in _counted(
            reader,
            owner,
            _fitting(reader, reading_types, window).where(owner.in_(list(some))),
        )
    }


def count_from(
    reader: Reader, first: int, *, by_meter: bool, reading_types: Sequence[str], window: Window, at_most: int
) -> Iterator[tuple[int, int]]:
    """(object id, readings) of ``at_most`` meters from the id ``first`` on, in the order of ids; else of usage
    points, and then only of readings that name no meter.
    """
    owner = _owner(reader, by_meter=by_meter)
    fitting = _fitting(reader, reading_types, window).where(owner >= first)
    if not by_meter:
        fitting = fitting.where(reader.tables.reading_block.c.meter_id.is_(None))
    return _counted(reader, owner, fitting.order_by(owner).limit(at_most))


def starts(
    reader: Reader,
    *,
    meters: Sequence[int],
    usage_points: Sequence[int],
    reading_types: Sequence[str],
    window: Window,
) -> Iterator[tuple[int, int]]:
    """(start, readings) of each block of one of these objects, in the order of time."""
    columns = reader.tables.reading_block.c
    theirs = or_(columns.meter_id.in_(list(meters)), columns.usage_point_id.in_(list(usage_points)))
    statement = _fitting(reader, reading_types, window).where(theirs)
    for row in reader.select(statement.add_columns(columns.start, columns.readings).order_by(columns.start)):
        yield row.start, row.readings


def total(reader: Reader, *, reading_types: Sequence[str], window: Window) -> int:
    """How many readings of anybody there are."""
    readings = func.coalesce(func.sum(reader.tables.reading_block.c.readings), 0)
    found: Any = reader.select(_fitting(reader, reading_types, window).add_columns(readings)).scalar_one()
    return int(found)


def undoubted(
    reader: Reader, meters: Sequence[int], *, reading_types: Sequence[str], windows: Sequence[Window]
) -> set[int]:
    """Those of ``meters`` of which a reading in one of ``windows`` is visible for sure: a block lies in it as a
    whole, and neither of the meter nor of the block's usage point was anything ever deleted.
    """
    columns, erased = reader.tables.reading_block.c, reader.tables.erasure.c.object_id
    never = ~exists().where(or_(erased == columns.meter_id, erased == columns.usage_point_id))
    within = or_(*(and_(columns.start >= first, columns.end <= last) for first, last in windows))
    found: set[int] = set()
    for some in in_parts(meters):
        fitting = _fitting(reader, reading_types, FOREVER).where(columns.meter_id.in_(list(some)), within, never)
        rows = reader.select(fitting.add_columns(columns.meter_id).distinct())
        found.update(row.meter_id for row in rows)
    return found


def _owner(reader: Reader, *, by_meter: bool) -> ColumnElement[Any]:
    columns = reader.tables.reading_block.c
    return columns.meter_id if by_meter else columns.usage_point_id


def _fitting(reader: Reader, reading_types: Sequence[str], window: Window) -> Select[Any]:
    columns = reader.tables.reading_block.c
    fitting: Select[Any] = select().where(
        columns.withdrawn_by.is_(None),
        is_whole(reader.tables),
        columns.start <= window[1],
        columns.end >= window[0],
    )
    if reader.reach is not None:
        fitting = fitting.where(reader.reach.within(columns.meter_id, columns.usage_point_id))
    return fitting.where(columns.reading_type.in_(list(reading_types))) if reading_types else fitting


def _counted(reader: Reader, owner: ColumnElement[Any], fitting: Select[Any]) -> Iterator[tuple[int, int]]:
    total = func.sum(reader.tables.reading_block.c.readings)
    rows: Any = reader.select(fitting.add_columns(owner, total).group_by(owner))
    for found, readings in rows:
        yield found, int(readings)
