"""MeterReadings: models and rows."""

# mypy: disable-error-code="attr-defined, misc, no-untyped-call"

from datetime import datetime
from typing import Any, ClassVar

from spyne import ComplexModel, DateTime, Unicode, XmlAttribute
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from benchmarks.stock import NAMESPACE
from benchmarks.stock.database import Base
from benchmarks.stock.operation import Operation, Stored


class IntervalReading(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("timeStamp", DateTime(min_occurs=1)), ("value", Unicode(min_occurs=1))]


class ReadingType(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("ref", XmlAttribute(Unicode, use="required"))]


class IntervalBlock(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("IntervalReadings", IntervalReading.customize(max_occurs="unbounded")),
        ("ReadingType", ReadingType.customize(min_occurs=1)),
    ]


class Meter(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("mRID", Unicode(min_occurs=1))]


class MeterReading(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [
        ("IntervalBlocks", IntervalBlock.customize(max_occurs="unbounded")),
        ("Meter", Meter.customize(min_occurs=1)),
    ]


class MeterReadings(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("MeterReading", MeterReading.customize(max_occurs="unbounded"))]


class MeterReadingsPayload(ComplexModel):
    __namespace__ = NAMESPACE
    _type_info: ClassVar = [("MeterReadings", MeterReadings.customize(min_occurs=1))]


class ReadingRow(Base):
    """One reading. Its key is made by the client, which lets the ORM use executemany without RETURNING.

    It holds the mRID of its meter and does not point to a row: what is written most is written cheapest.
    """

    __tablename__ = "reading"
    __table_args__ = (Index("reading_of_meter", "meter", "reading_type", "timestamp"),)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.message_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    meter: Mapped[str]
    reading_type: Mapped[str]
    timestamp: Mapped[datetime]
    value: Mapped[str]


def store(message_id: str, payload: Any) -> Stored:
    """A row for each reading."""
    rows: list[Base] = []
    for meter_reading in payload.MeterReadings.MeterReading:
        for block in meter_reading.IntervalBlocks:
            for reading in block.IntervalReadings:
                rows.append(
                    ReadingRow(
                        message_id=message_id,
                        position=len(rows),
                        meter=meter_reading.Meter.mRID,
                        reading_type=block.ReadingType.ref,
                        timestamp=reading.timeStamp,
                        value=reading.value,
                    )
                )
    return Stored(rows, set())


CREATE = Operation("CreateMeterReadings", MeterReadingsPayload, store)
