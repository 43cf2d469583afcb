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
    journal: Table
    object: Table
    object_key: Table
    reading_block: Table
    erasure: Table
    link: Table
    config_version: Table
    config_reference: Table

    @property
    def parents_first(self) -> tuple[Table, ...]:
        """Every table, those that others refer to before those."""
        return (
            self.vault_key,
            self.api_key,
            self.journal,
            self.object,
            self.object_key,
            self.reading_block,
            self.erasure,
            self.link,
            self.config_version,
            self.config_reference,
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
                Column("sealed", LargeBinary, nullable=False),
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
                Column("created", BigInteger, nullable=False),
                Column("revoked", BigInteger),
            ),
            journal=_journal(metadata),
            object=Table(
                "object",
                metadata,
                Column("id", _ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
                Column("kind", Text, nullable=False),
                Column("mrid", Text),
                Column("uid", Text, nullable=False, comment="row identity that the seal is bound to"),
                Column("names", LargeBinary, nullable=False, comment="sealed"),
                comment="meters, usage points: whatever an mRID or Names identify",
            ),
            object_key=Table(
                "object_key",
                metadata,
                Column("id", _ID, primary_key=True),
                Column("hash", LargeBinary, nullable=False, comment="HMAC of kind and mRID or name"),
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
            link=_link(metadata),
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


def _only_known(name: str, first: str, *more: str) -> Index:
    """An index of the blocks that have ``first``: the others cost it nothing."""
    known = text(f"{first} IS NOT NULL")
    return Index(f"ix_reading_block_{name}", first, *more, sqlite_where=known, postgresql_where=known)


def _of_message() -> Column[str]:
    """The message a row came with. Its journal row is written last: only the commit checks that it is."""
    return Column("journal_uid", ForeignKey("journal.uid", deferrable=True, initially="DEFERRED"), nullable=False)


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
        Column("sealed", LargeBinary, nullable=False, comment="the profile with this object alone"),
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
        Column("message_key", LargeBinary, comment="to find message_id by, however long it is"),
        Column("correlation_key", LargeBinary, comment="to find correlation_id by"),
        Column("once", SmallInteger, comment="1 where the message was carried out: its MessageID is taken"),
        Column("repeats", Text, comment="uid of the message that this one is a copy of"),
        Column("warnings", Text, comment="JSON: deviations that were let pass, and where"),
        Column("request", LargeBinary, nullable=False, comment="the body as received; sealed"),
        Column("reply", LargeBinary, nullable=False, comment="the reply message as sent; sealed"),
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


def _reading_block(metadata: MetaData) -> Table:
    return Table(
        "reading_block",
        metadata,
        # AUTOINCREMENT: an id is never used again, so a higher id always is a later block.
        Column("id", _ID, primary_key=True),
        _of_message(),
        Column("position", Integer, nullable=False, comment="of the block in its message"),
        Column("meter_id", ForeignKey("object.id")),
        Column("usage_point_id", ForeignKey("object.id")),
        Column("kind", SmallInteger, nullable=False, comment="0 interval block, 1 register readings, 2 events"),
        Column("reading_type", Text, nullable=False),
        Column("start", BigInteger, nullable=False),
        Column("end", BigInteger, nullable=False),
        Column("readings", Integer, nullable=False),
        Column("withdrawn_by", Text, comment="journal uid of the delete that named this block's message"),
        Column("sealed", LargeBinary, nullable=False),
        _only_known("meter", "meter_id", "reading_type", "start"),
        _only_known("usage_point", "usage_point_id", "reading_type", "start"),
        Index("ix_reading_block_journal_uid", "journal_uid"),
        sqlite_autoincrement=True,
        comment="one row per meter, reading type and block: the CIM's own IntervalBlock, sealed",
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
        Index(None, "journal_uid"),
        comment="two objects that belong together for a time: which meter measures which usage point",
    )
