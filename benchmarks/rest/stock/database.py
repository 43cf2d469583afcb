"""Tables as ORM classes, on SQLite."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, ForeignKey, Index, Numeric, create_engine, event, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class ApiKey(Base):
    """A key that may be used; its hash."""

    __tablename__ = "api_key"
    hash: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Message(Base):
    """A request that was carried out, by its Idempotency-Key."""

    __tablename__ = "message"
    id: Mapped[str] = mapped_column(primary_key=True)
    received: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    count: Mapped[int]


class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    mrid: Mapped[str] = mapped_column(unique=True)


class Reading(Base):
    __tablename__ = "reading"
    __table_args__ = (Index("reading_of_meter", "meter_id", "reading_date_time"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"))
    meter_id: Mapped[int] = mapped_column(ForeignKey("meter.id"))
    reading_type: Mapped[str]
    reading_date_time: Mapped[datetime]
    value: Mapped[Decimal] = mapped_column(Numeric(18, 6, asdecimal=False))
    unit: Mapped[str]
    multiplier: Mapped[int]
    phase: Mapped[str | None]
    energy_direction: Mapped[str | None]
    quality: Mapped[str | None]


def meters(session: Session, mrids: set[str]) -> dict[str, int]:
    """Their ids; those that are new are made."""
    known = select(Meter.mrid, Meter.id).where(Meter.mrid.in_(mrids))
    found = {mrid: id_ for mrid, id_ in session.execute(known)}
    if new := mrids.difference(found):
        made = insert(Meter).returning(Meter.mrid, Meter.id)
        found |= {mrid: id_ for mrid, id_ in session.execute(made, [{"mrid": mrid} for mrid in new])}
    return found


def database(path: Path) -> Engine:
    """SQLite with the durability our side has: WAL, every commit fsynced."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    Base.metadata.create_all(engine)
    return engine
