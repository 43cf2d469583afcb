"""What happens in devices, and what they are told to do."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

from cim_adapter.store.tables.columns import ID, of_message, only_known, sealed


def end_device_event_block(metadata: MetaData) -> Table:
    return Table(
        "end_device_event_block",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        of_message(),
        Column("number", Integer, nullable=False, comment="of the block in its message"),
        sealed("sealed", "end_device_event_block/{journal_uid}/{number}", "XML elements, in a list"),
        comment="events of one message that were sealed together",
    )


def end_device_event(metadata: MetaData) -> Table:
    return Table(
        "end_device_event",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        Column("block_id", ForeignKey("end_device_event_block.id"), nullable=False, comment="its latest version"),
        Column("place", Integer, nullable=False, comment="of that version in the block, from 0"),
        Column("mrid", Text),
        Column("mrid_key", LargeBinary, comment="to find mrid by, however long it is"),
        Column("meter_id", ForeignKey("object.id")),
        Column("usage_point_id", ForeignKey("object.id")),
        Column("type", Text, nullable=False, comment="the ref of its EndDeviceEventType"),
        Column("created", BigInteger, nullable=False, comment="createdDateTime"),
        Column("tracking_key", LargeBinary, comment="keyed hash of issuerTrackingID"),
        Column("mark", SmallInteger, comment="1 closed, 2 canceled, 3 deleted"),
        Column("marked", BigInteger),
        Column("marked_by", Text, comment="journal uid of the message that closed, canceled or deleted it"),
        only_known("uq_end_device_event_mrid_key", "mrid_key", unique=True),
        only_known("ix_end_device_event_tracking_key", "tracking_key"),
        only_known("ix_end_device_event_meter", "meter_id", "created"),
        only_known("ix_end_device_event_usage_point", "usage_point_id", "created"),
        Index("ix_end_device_event_created", "created"),
        comment="what happened in or at a device",
    )


def end_device_event_name(metadata: MetaData) -> Table:
    return Table(
        "end_device_event_name",
        metadata,
        Column("id", ID, primary_key=True),
        Column("event_id", ForeignKey("end_device_event.id"), nullable=False),
        Column("hash", LargeBinary, nullable=False, comment="keyed hash of the name"),
        Index(None, "hash"),
        comment="Names of events, where they have any",
    )


def control(metadata: MetaData) -> Table:
    return Table(
        "control",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        of_message(),
        Column("position", Integer, nullable=False, comment="of the control in its message"),
        Column("partner", Text, nullable=False, comment="who created it"),
        Column("mrid", Text),
        Column("mrid_key", LargeBinary, comment="to find mrid by, however long it is"),
        Column("tracking_key", LargeBinary, comment="keyed hash of issuerTrackingID"),
        Column("correlation_key", LargeBinary, comment="of the CorrelationID of its message"),
        Column("type", Text, nullable=False, comment="the ref of its EndDeviceControlType"),
        Column("start", BigInteger, nullable=False, comment="as scheduled; else when it was received"),
        Column("until", BigInteger, nullable=False, comment="its end; its start, where it has none"),
        Column("expires", Boolean, nullable=False, comment="whether it has an end"),
        sealed("sealed", "control/{journal_uid}/{position}", "the XML element, latest version"),
        only_known("uq_control_mrid_key", "mrid_key", unique=True),
        only_known("ix_control_tracking_key", "tracking_key"),
        only_known("ix_control_correlation_key", "correlation_key"),
        Index("ix_control_until_start", "until", "start"),
        comment="what devices are told to do",
    )


def control_target(metadata: MetaData) -> Table:
    return Table(
        "control_target",
        metadata,
        Column("control_id", ForeignKey("control.id"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("object_id", ForeignKey("object.id"), nullable=False, comment="the device"),
        Column("via_id", ForeignKey("object.id"), comment="the group or usage point that stands for it"),
        Column("state", SmallInteger, nullable=False, comment="see store.control_states.State"),
        Column("since", BigInteger, nullable=False),
        Column("moved_by", Text, nullable=False, comment="journal uid of the message that brought it there"),
        Index("ix_control_target_object_id", "object_id"),
        only_known("ix_control_target_via", "via_id"),
        sqlite_with_rowid=False,
        comment="a device that a control is for, and how far it is with it",
    )


def control_move(metadata: MetaData) -> Table:
    return Table(
        "control_move",
        metadata,
        Column("id", ID, primary_key=True),
        of_message(),
        Column("control_id", ForeignKey("control.id"), nullable=False),
        Column("position", Integer, comment="of the target; NULL: the control itself was changed"),
        Column("before", SmallInteger),
        Column("state", SmallInteger),
        Column("at", BigInteger, nullable=False),
        Index(None, "control_id"),
        comment="who moved what and when, after the create",
    )
