"""SQLite, and the rows that messages of every noun have."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class MessageRow(Base):
    """One message received."""

    __tablename__ = "message"
    message_id: Mapped[str] = mapped_column(primary_key=True)
    verb: Mapped[str]
    noun: Mapped[str]
    source: Mapped[str | None]
    received: Mapped[datetime]


class MeterRow(Base):
    """One meter."""

    __tablename__ = "meter"
    mrid: Mapped[str] = mapped_column(primary_key=True)


def admit(session: Session, meters: set[str]) -> None:
    """Makes rows for the meters that are new: one look-up for all of a message."""
    known = session.scalars(select(MeterRow.mrid).where(MeterRow.mrid.in_(meters)))
    if new := meters.difference(known):
        session.execute(insert(MeterRow), [{"mrid": mrid} for mrid in new])


def database(path: Path) -> Engine:
    """SQLite with the durability our side has: WAL, every commit fsynced."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    Base.metadata.create_all(engine)
    return engine
