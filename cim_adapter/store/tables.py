"""The tables. Searchable in clear: mRIDs, codes, times, verbs and nouns. Everything else is sealed.

Instants are microseconds since the epoch (``cim_adapter.instants``).
"""

from __future__ import annotations

from dataclasses import dataclass

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
    text,
)

# SQLite counts rowids only for a column declared exactly INTEGER PRIMARY KEY.
_ID = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True, slots=True)
class Tables:
    """The schema as SQLAlchemy tables."""

    metadata: MetaData
    vault_key: Table
    api_key: Table
    quota: Table
    audit: Table
    audit_chain: Table
    journal: Table
    object: Table
    object_key: Table
    intake: Table
    reading_block: Table
    erasure: Table
    end_device_event_block: Table
    end_device_event: Table
    end_device_event_name: Table
    control: Table
    control_target: Table
    control_move: Table
    link: Table
    read_schedule: Table
    read_schedule_object: Table
    config_version: Table
    config_reference: Table
    nonce: Table

    @property
    def parents_first(self) -> tuple[Table, ...]:
        """Every table, those that others refer to before those."""
        return (
            self.vault_key,
            self.api_key,
            self.quota,
            self.audit,
            self.audit_chain,
            self.journal,
            self.object,
            self.object_key,
            self.intake,
            self.reading_block,
            self.erasure,
            self.end_device_event_block,
            self.end_device_event,
            self.end_device_event_name,
            self.control,
            self.control_target,
            self.control_move,
            self.link,
            self.read_schedule,
            self.read_schedule_object,
            self.config_version,
            self.config_reference,
            self.nonce,
        )

    @classmethod
    def define(cls) -> Tables:
        metadata = MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s",
                "pk": "pk_%(table_name)s",
            }
        )
        return cls(
            metadata=metadata,
            vault_key=Table(
                "vault_key",
                metadata,
                Column("name", Text, primary_key=True),
                _sealed("sealed", "vault_key/{name}"),
                comment="the index key, sealed with the data key: also tells a wrong data key",
            ),
            api_key=Table(
                "api_key",
                metadata,
                Column("id", Text, primary_key=True),
                Column("name", Text, nullable=False),
                Column("role", Text, nullable=False),
                Column("digest", LargeBinary, nullable=False),
                Column("quota", Integer),
                _sealed("scope", "api_key/{id}", "the meters, usage points and groups it may reach; empty: all"),
                Column("created", BigInteger, nullable=False),
                Column("revoked", BigInteger),
            ),
            quota=Table(
                "quota",
                metadata,
                Column("counter", Text, primary_key=True, comment="the credential whose messages are counted"),
                Column("started", BigInteger, nullable=False),
                Column("used", BigInteger, nullable=False),
                comment="messages in the present minute of each caller that has a quota",
            ),
            audit=_audit(metadata),
            audit_chain=Table(
                "audit_chain",
                metadata,
                Column("id", BigInteger, primary_key=True, autoincrement=False),
                Column("number", BigInteger, nullable=False, comment="of its last row"),
                Column("hash", LargeBinary, nullable=False, comment="of its last row"),
                Column("seal", LargeBinary, nullable=False, comment="keyed hash of all this"),
                comment="where each chain of the audit trail ends",
            ),
            journal=_journal(metadata),
            object=Table(
                "object",
                metadata,
                Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
                Column("kind", Text, nullable=False),
                Column("mrid", Text),
                Column("uid", Text, nullable=False, comment="row identity that the seal is bound to"),
                _sealed("names", "object/{uid}"),
                comment="meters, usage points: whatever an mRID or Names identify",
            ),
            object_key=Table(
                "object_key",
                metadata,
                Column("id", _ID, primary_key=True),
                Column("hash", LargeBinary, nullable=False, comment="keyed hash of kind and mRID or name"),
                Column("object_id", ForeignKey("object.id"), nullable=False),
                Column("exact", Boolean, nullable=False, comment="the whole name, not only part of it"),
                Index("ix_object_key_hash", "hash"),
                Index(
                    "uq_object_key_exact",
                    "hash",
                    unique=True,
                    sqlite_where=text("exact"),
                    postgresql_where=text("exact"),
                ),
            ),
            intake=Table(
                "intake",
                metadata,
                Column("uid", Text, primary_key=True, comment="of its journal row to be"),
                Column("source", Text, comment="what can be read again after a crash; NULL: nothing can"),
                Column("digest", LargeBinary, comment="SHA-256 of all that source holds"),
                Column("received", BigInteger, nullable=False),
                Column("touched", BigInteger, nullable=False, comment="when it last went on"),
                Column("given_up", Boolean, nullable=False, comment="what it brought is to be taken away again"),
                _sealed("progress", "intake/{uid}", "how far it is, and what could not be stored"),
                Index("uq_intake_source", "source", unique=True),
                comment="messages that are taken in parts and are not whole yet: nobody sees what they brought",
            ),
            reading_block=_reading_block(metadata),
            erasure=Table(
                "erasure",
                metadata,
                Column("id", _ID, primary_key=True),
                _of_message(),
                Column("object_id", ForeignKey("object.id"), nullable=False),
                Column("reading_type", Text, comment="NULL: all of them"),
                Column("before", BigInteger, nullable=False, comment="hides blocks with a lower id"),
                Column("start", BigInteger, nullable=False),
                Column("end", BigInteger, nullable=False),
                Index(None, "object_id"),
                comment="a window of an object's readings that was deleted; the blocks stay as history",
            ),
            nonce=_nonce(metadata),
            end_device_event_block=Table(
                "end_device_event_block",
                metadata,
                Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
                _of_message(),
                Column("number", Integer, nullable=False, comment="of the block in its message"),
                _sealed("sealed", "end_device_event_block/{journal_uid}/{number}", "XML elements, in a list"),
                comment="events of one message that were sealed together",
            ),
            end_device_event=_end_device_event(metadata),
            end_device_event_name=Table(
                "end_device_event_name",
                metadata,
                Column("id", _ID, primary_key=True),
                Column("event_id", ForeignKey("end_device_event.id"), nullable=False),
                Column("hash", LargeBinary, nullable=False, comment="keyed hash of the name"),
                Index(None, "hash"),
                comment="Names of events, where they have any",
            ),
            control=_control(metadata),
            control_target=_control_target(metadata),
            control_move=Table(
                "control_move",
                metadata,
                Column("id", _ID, primary_key=True),
                _of_message(),
                Column("control_id", ForeignKey("control.id"), nullable=False),
                Column("position", Integer, comment="of the target; NULL: the control itself was changed"),
                Column("before", SmallInteger),
                Column("state", SmallInteger),
                Column("at", BigInteger, nullable=False),
                Index(None, "control_id"),
                comment="who moved what and when, after the create",
            ),
            link=_link(metadata),
            read_schedule=_read_schedule(metadata),
            read_schedule_object=Table(
                "read_schedule_object",
                metadata,
                Column("version_id", ForeignKey("read_schedule.id"), primary_key=True),
                Column("object_id", ForeignKey("object.id"), primary_key=True),
                Index(None, "object_id"),
                comment="the devices, usage points and groups that a schedule reads",
            ),
            config_version=_config_version(metadata),
            config_reference=Table(
                "config_reference",
                metadata,
                Column("version_id", ForeignKey("config_version.id"), primary_key=True),
                Column("object_id", ForeignKey("object.id"), primary_key=True),
                Index(None, "object_id"),
                comment="the objects that a configuration names: devices of a group, place of a usage point",
            ),
        )


def _only_known(name: str, first: str, *more: str, unique: bool = False) -> Index:
    """An index of the rows that have ``first``: the others cost it nothing."""
    known = text(f"{first} IS NOT NULL")
    return Index(name, first, *more, unique=unique, sqlite_where=known, postgresql_where=known)


def _sealed(name: str, row: str, what: str = "") -> Column[bytes]:
    """A sealed value. ``row`` is the identity that its seal is bound to, with columns of its row in braces: by it
    all of them are found when they are sealed anew.
    """
    comment = f"{what}; sealed" if what else "sealed"
    return Column(name, LargeBinary, nullable=False, comment=comment, info={"sealed": row})


def _of_message() -> Column[str]:
    """The message a row came with. Its journal row may be written after it: only the commit checks that it is.
    SQLite then looks in all tables that refer to the journal for rows that wait for it, so each has an index.
    """
    journal = ForeignKey("journal.uid", deferrable=True, initially="DEFERRED")
    return Column("journal_uid", journal, nullable=False, index=True)


def _audit(metadata: MetaData) -> Table:
    return Table(
        "audit",
        metadata,
        Column("chain", BigInteger, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("received", BigInteger, nullable=False),
        Column("partner", Text, comment="NULL: a stranger"),
        Column("credential", Text),
        Column("transport", Text, nullable=False),
        Column("remote", Text),
        Column("verb", Text),
        Column("noun", Text),
        Column("subjects", Text, nullable=False, comment="the first objects: kind/mRID or kind#hash of a name"),
        Column("subject_count", BigInteger, nullable=False),
        Column("calls", BigInteger, nullable=False, comment="that this row stands for"),
        Column("result", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("journal_uid", Text),
        Column("hash", LargeBinary, nullable=False, comment="keyed hash of the one before it and of this row"),
        sqlite_with_rowid=False,
        comment="every call, in chains: see trail",
    )


def _config_version(metadata: MetaData) -> Table:
    return Table(
        "config_version",
        metadata,
        Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        _of_message(),
        Column("object_id", ForeignKey("object.id"), nullable=False),
        Column("noun", Text, nullable=False),
        Column("namespace", Text, nullable=False, comment="of the profile: revisions live side by side"),
        Column("since", BigInteger, nullable=False),
        Column("position", Integer, nullable=False, comment="of the object in its message"),
        Column("until", BigInteger, comment="when it was changed or deleted; NULL: it holds"),
        Column("ended_by", Text, comment="journal uid of the message that changed or deleted it"),
        _sealed("sealed", "config_version/{id}", "the profile with this object alone"),
        Index(
            "uq_config_version_current",
            "object_id",
            "namespace",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_config_version_object", "object_id", "noun", "since"),
        Index("ix_config_version_noun", "noun", "since", "position"),
        comment="master data: what a configuration profile says of an object, and what it said before",
    )


def _journal(metadata: MetaData) -> Table:
    return Table(
        "journal",
        metadata,
        Column("uid", Text, primary_key=True, comment="time-ordered UUID: the id an operator asks for"),
        Column("received", BigInteger, nullable=False),
        Column("transport", Text, nullable=False),
        Column("remote", Text),
        Column("partner", Text, nullable=False),
        Column("verb", Text),
        Column("noun", Text),
        Column("source", Text),
        Column("message_id", Text),
        Column("correlation_id", Text),
        Column("result", Text, nullable=False),
        Column("code", Text, nullable=False),
        Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the request body"),
        Column("size", BigInteger, comment="bytes of a body that request holds the frame of; NULL: it holds all"),
        Column("message_key", LargeBinary, comment="to find message_id by, however long it is"),
        Column("correlation_key", LargeBinary, comment="to find correlation_id by"),
        Column("once", SmallInteger, comment="1 where the message was carried out: its MessageID is taken"),
        Column("repeats", Text, comment="uid of the message that this one is a copy of"),
        Column("warnings", Text, comment="JSON: deviations that were let pass, and where"),
        Column("streamed", Text, comment="JSON: how a streamed answer ended; NULL: reply has it"),
        _sealed("request", "journal/{uid}/request", "the body as received"),
        _sealed("reply", "journal/{uid}/reply", "the reply message as sent"),
        # Databases count NULLs as different, so only messages that were carried out exclude each other.
        Index("uq_journal_once", "message_key", "partner", "once", unique=True),
        Index(
            "ix_journal_correlation_key",
            "correlation_key",
            sqlite_where=text("correlation_key IS NOT NULL"),
            postgresql_where=text("correlation_key IS NOT NULL"),
        ),
        comment="every message of an authenticated partner and its answer",
    )


def _nonce(metadata: MetaData) -> Table:
    return Table(
        "nonce",
        metadata,
        Column("hash", LargeBinary, primary_key=True, comment="keyed hash of partner, Source and Nonce"),
        Column("used", BigInteger, nullable=False),
        Index(None, "used"),
        comment="nonces of ReplayDetection that were used within a day, and some that are older",
    )


def _reading_block(metadata: MetaData) -> Table:
    return Table(
        "reading_block",
        metadata,
        # AUTOINCREMENT: an id is never used again, so a higher id always is a later block.
        Column("id", _ID, primary_key=True),
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
        _sealed("sealed", "reading_block/{journal_uid}/{position}"),
        _only_known("ix_reading_block_meter", "meter_id", "reading_type", "start"),
        _only_known("ix_reading_block_usage_point", "usage_point_id", "reading_type", "start"),
        Index("ix_reading_block_journal_uid", "journal_uid"),
        sqlite_autoincrement=True,
        comment="one row per meter, reading type and block: the CIM's own IntervalBlock, sealed",
    )


def _end_device_event(metadata: MetaData) -> Table:
    return Table(
        "end_device_event",
        metadata,
        Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
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
        _only_known("uq_end_device_event_mrid_key", "mrid_key", unique=True),
        _only_known("ix_end_device_event_tracking_key", "tracking_key"),
        _only_known("ix_end_device_event_meter", "meter_id", "created"),
        _only_known("ix_end_device_event_usage_point", "usage_point_id", "created"),
        Index("ix_end_device_event_created", "created"),
        comment="what happened in or at a device",
    )


def _control(metadata: MetaData) -> Table:
    return Table(
        "control",
        metadata,
        Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        _of_message(),
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
        _sealed("sealed", "control/{journal_uid}/{position}", "the XML element, latest version"),
        _only_known("uq_control_mrid_key", "mrid_key", unique=True),
        _only_known("ix_control_tracking_key", "tracking_key"),
        _only_known("ix_control_correlation_key", "correlation_key"),
        Index("ix_control_until_start", "until", "start"),
        comment="what devices are told to do",
    )


def _control_target(metadata: MetaData) -> Table:
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
        _only_known("ix_control_target_via", "via_id"),
        sqlite_with_rowid=False,
        comment="a device that a control is for, and how far it is with it",
    )


def _link(metadata: MetaData) -> Table:
    return Table(
        "link",
        metadata,
        Column("id", _ID, primary_key=True),
        _of_message(),
        Column("one_id", ForeignKey("object.id"), nullable=False, comment="the lower of the two ids"),
        Column("one_kind", Text, nullable=False),
        Column("other_id", ForeignKey("object.id"), nullable=False),
        Column("other_kind", Text, nullable=False),
        Column("start", BigInteger, nullable=False),
        Column("end", BigInteger, comment="the first instant at which it does not hold any more"),
        Column("ended_by", Text, comment="journal uid of the message that gave it its end"),
        Index(None, "one_id", "start"),
        Index(None, "other_id", "start"),
        comment="two objects that belong together for a time: which meter measures which usage point",
    )


def _read_schedule(metadata: MetaData) -> Table:
    return Table(
        "read_schedule",
        metadata,
        Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        _of_message(),
        Column("created_by", Text, nullable=False, comment="journal uid of the message that made the schedule"),
        Column("position", Integer, nullable=False, comment="of the schedule in that message"),
        Column("since", BigInteger, nullable=False),
        Column("until", BigInteger, comment="when it was changed, canceled or deleted; NULL: it holds"),
        Column("ended_as", Text, comment="changed, canceled or deleted"),
        Column("ended_by", Text, comment="journal uid of the message that did so"),
        Column("start", BigInteger, nullable=False, comment="the first instant at which a reading may be due"),
        Column("end", BigInteger, nullable=False),
        _sealed("sealed", "read_schedule/{id}", "the profile"),
        Index(
            "uq_read_schedule_current",
            "created_by",
            "position",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_read_schedule_since", "since"),
        comment="when meters are to be read, and when they were to be, version by version",
    )
