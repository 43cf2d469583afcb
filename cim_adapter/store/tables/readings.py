"""What meters measured, and when they are to be read."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, SmallInteger, Table, Text, text

from cim_adapter.store.tables.columns import ID, of_message, only_known, sealed


def reading_block(metadata: MetaData) -> Table:
    return Table(
        "reading_block",
        metadata,
        # AUTOINCREMENT: an id is never used again, so a higher id always is a later block.
        Column("id", ID, primary_key=True),
        Column("journal_uid", Text, nullable=False, comment="the message; an intake has no journal row yet"),
        Column("position", BigInteger, nullable=False, comment="of the block in its message"),
        Column("meter_id", ForeignKey("object.id")),
        Column("usage_point_id", ForeignKey("object.id")),
        Column("kind", SmallInteger, nullable=False, comment="0 interval block, 1 register readings, 2 events"),
        Column("reading_type", Text, nullable=False),
        Column("start", BigInteger, nullable=False),
        Column("end", BigInteger, nullable=False),
        Column("readings", Integer, nullable=False),
        Column("withdrawn_by", Text, comment="journal uid of the delete that named this block's message"),
        sealed("sealed", "reading_block/{journal_uid}/{position}"),
        only_known("ix_reading_block_meter", "meter_id", "reading_type", "start"),
        only_known("ix_reading_block_usage_point", "usage_point_id", "reading_type", "start"),
        Index("ix_reading_block_journal_uid", "journal_uid"),
        sqlite_autoincrement=True,
        comment="one row per meter, reading type and block: the CIM's own IntervalBlock, sealed",
    )


def erasure(metadata: MetaData) -> Table:
    return Table(
        "erasure",
        metadata,
        Column("id", ID, primary_key=True),
        of_message(),
        Column("object_id", ForeignKey("object.id"), nullable=False),
        Column("reading_type", Text, comment="NULL: all of them"),
        Column("before", BigInteger, nullable=False, comment="hides blocks with a lower id"),
        Column("start", BigInteger, nullable=False),
        Column("end", BigInteger, nullable=False),
        Index(None, "object_id"),
        comment="a window of an object's readings that was deleted; the blocks stay as history",
    )


def read_schedule(metadata: MetaData) -> Table:
    return Table(
        "read_schedule",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        of_message(),
        Column("created_by", Text, nullable=False, comment="journal uid of the message that made the schedule"),
        Column("position", Integer, nullable=False, comment="of the schedule in that message"),
        Column("since", BigInteger, nullable=False),
        Column("until", BigInteger, comment="when it was changed, canceled or deleted; NULL: it holds"),
        Column("ended_as", Text, comment="changed, canceled or deleted"),
        Column("ended_by", Text, comment="journal uid of the message that did so"),
        Column("start", BigInteger, nullable=False, comment="the first instant at which a reading may be due"),
        Column("end", BigInteger, nullable=False),
        sealed("sealed", "read_schedule/{id}", "the profile"),
        Index(
            "uq_read_schedule_current",
            "created_by",
            "position",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_read_schedule_since", "since"),
        Index("ix_read_schedule_created_by", "created_by", "position"),
        comment="when meters are to be read, and when they were to be, version by version",
    )


def read_schedule_object(metadata: MetaData) -> Table:
    return Table(
        "read_schedule_object",
        metadata,
        Column("version_id", ForeignKey("read_schedule.id"), primary_key=True),
        Column("object_id", ForeignKey("object.id"), primary_key=True),
        Index(None, "object_id"),
        comment="the devices, usage points and groups that a schedule reads",
    )
