"""What there is, what belongs together, and what configurations say of it."""

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
    Table,
    Text,
    text,
)

from cim_adapter.store.tables.columns import ID, of_message, sealed


def object_(metadata: MetaData) -> Table:
    return Table(
        "object",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        Column("kind", Text, nullable=False),
        Column("mrid", Text),
        Column("uid", Text, nullable=False, comment="row identity that the seal is bound to"),
        sealed("names", "object/{uid}"),
        comment="meters, usage points: whatever an mRID or Names identify",
    )


def object_key(metadata: MetaData) -> Table:
    return Table(
        "object_key",
        metadata,
        Column("id", ID, primary_key=True),
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
    )


def link(metadata: MetaData) -> Table:
    return Table(
        "link",
        metadata,
        Column("id", ID, primary_key=True),
        of_message(),
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


def config_version(metadata: MetaData) -> Table:
    return Table(
        "config_version",
        metadata,
        Column("id", ID, primary_key=True, autoincrement=False, comment="made by us: see objects"),
        of_message(),
        Column("object_id", ForeignKey("object.id"), nullable=False),
        Column("noun", Text, nullable=False),
        Column("namespace", Text, nullable=False, comment="of the profile: revisions live side by side"),
        Column("since", BigInteger, nullable=False),
        Column("position", Integer, nullable=False, comment="of the object in its message"),
        Column("until", BigInteger, comment="when it was changed or deleted; NULL: it holds"),
        Column("ended_by", Text, comment="journal uid of the message that changed or deleted it"),
        sealed("sealed", "config_version/{id}", "the profile with this object alone"),
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


def config_reference(metadata: MetaData) -> Table:
    return Table(
        "config_reference",
        metadata,
        Column("version_id", ForeignKey("config_version.id"), primary_key=True),
        Column("object_id", ForeignKey("object.id"), primary_key=True),
        Index(None, "object_id"),
        comment="the objects that a configuration names: devices of a group, place of a usage point",
    )
