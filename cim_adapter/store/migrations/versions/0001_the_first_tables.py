"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column(
            "scope",
            sa.LargeBinary(),
            nullable=False,
            comment="the meters, usage points and groups it may reach; empty: all; sealed",
        ),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
    )
    op.create_table(
        "audit",
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=True, comment="NULL: a stranger"),
        sa.Column("credential", sa.Text(), nullable=True),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("verb", sa.Text(), nullable=True),
        sa.Column("noun", sa.Text(), nullable=True),
        sa.Column(
            "subjects", sa.Text(), nullable=False, comment="the first objects: kind/mRID or kind#hash of a name"
        ),
        sa.Column("subject_count", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False, comment="that this row stands for"),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("journal_uid", sa.Text(), nullable=True),
        sa.Column(
            "hash", sa.LargeBinary(), nullable=False, comment="keyed hash of the one before it and of this row"
        ),
        sa.PrimaryKeyConstraint("chain", "number", name=op.f("pk_audit")),
        comment="every call, in chains: see trail",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="of its last row"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="of its last row"),
        sa.Column("seal", sa.LargeBinary(), nullable=False, comment="keyed hash of all this"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chain")),
        comment="where each chain of the audit trail ends",
    )
    op.create_table(
        "journal",
        sa.Column("uid", sa.Text(), nullable=False, comment="time-ordered UUID: the id an operator asks for"),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=True),
        sa.Column("noun", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request body"),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=True,
            comment="bytes of a body that request holds the frame of; NULL: it holds all",
        ),
        sa.Column(
            "message_key", sa.LargeBinary(), nullable=True, comment="to find message_id by, however long it is"
        ),
        sa.Column("correlation_key", sa.LargeBinary(), nullable=True, comment="to find correlation_id by"),
        sa.Column(
            "once",
            sa.SmallInteger(),
            nullable=True,
            comment="1 where the message was carried out: its MessageID is taken",
        ),
        sa.Column("repeats", sa.Text(), nullable=True, comment="uid of the message that this one is a copy of"),
        sa.Column("warnings", sa.Text(), nullable=True, comment="JSON: deviations that were let pass, and where"),
        sa.Column(
            "streamed",
            sa.Text(),
            nullable=True,
            comment="JSON: how a streamed answer ended; NULL: reply has it",
        ),
        sa.Column("request", sa.LargeBinary(), nullable=False, comment="the body as received; sealed"),
        sa.Column("reply", sa.LargeBinary(), nullable=False, comment="the reply message as sent; sealed"),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_journal")),
        comment="every message of an authenticated partner and its answer",
    )
    op.create_index(
        "ix_journal_correlation_key",
        "journal",
        ["correlation_key"],
        unique=False,
        sqlite_where=sa.text("correlation_key IS NOT NULL"),
        postgresql_where=sa.text("correlation_key IS NOT NULL"),
    )
    op.create_index("uq_journal_once", "journal", ["message_key", "partner", "once"], unique=True)
    op.create_table(
        "intake",
        sa.Column("uid", sa.Text(), nullable=False, comment="of its journal row to be"),
        sa.Column(
            "source", sa.Text(), nullable=True, comment="what can be read again after a crash; NULL: nothing can"
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=True, comment="SHA-256 of all that source holds"),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False, comment="when it last went on"),
        sa.Column("given_up", sa.Boolean(), nullable=False, comment="what it brought is to be taken away again"),
        sa.Column(
            "progress",
            sa.LargeBinary(),
            nullable=False,
            comment="how far it is, and what could not be stored; sealed",
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_intake")),
        comment="messages that are taken in parts and are not whole yet: nobody sees what they brought",
    )
    op.create_index("uq_intake_source", "intake", ["source"], unique=True)
    op.create_table(
        "nonce",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="keyed hash of partner, Source and Nonce"),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_nonce")),
        comment="nonces of ReplayDetection that were used within a day, and some that are older",
    )
    op.create_index(op.f("ix_nonce_used"), "nonce", ["used"], unique=False)
    op.create_table(
        "object",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mrid", sa.Text(), nullable=True),
        sa.Column("uid", sa.Text(), nullable=False, comment="row identity that the seal is bound to"),
        sa.Column("names", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_object")),
        comment="meters, usage points: whatever an mRID or Names identify",
    )
    op.create_table(
        "quota",
        sa.Column("counter", sa.Text(), nullable=False, comment="the credential whose messages are counted"),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("counter", name=op.f("pk_quota")),
        comment="messages in the present minute of each caller that has a quota",
    )
    op.create_table(
        "vault_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vault_key")),
        comment="the index key, sealed with the data key: also tells a wrong data key",
    )
    op.create_table(
        "config_version",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column("object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False, comment="of the profile: revisions live side by side"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="of the object in its message"),
        sa.Column(
            "until", sa.BigInteger(), nullable=True, comment="when it was changed or deleted; NULL: it holds"
        ),
        sa.Column(
            "ended_by", sa.Text(), nullable=True, comment="journal uid of the message that changed or deleted it"
        ),
        sa.Column(
            "sealed", sa.LargeBinary(), nullable=False, comment="the profile with this object alone; sealed"
        ),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_config_version_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_config_version_object_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_version")),
        comment="master data: what a configuration profile says of an object, and what it said before",
    )
    op.create_index(op.f("ix_config_version_journal_uid"), "config_version", ["journal_uid"], unique=False)
    op.create_index("ix_config_version_noun", "config_version", ["noun", "since", "position"], unique=False)
    op.create_index("ix_config_version_object", "config_version", ["object_id", "noun", "since"], unique=False)
    op.create_index(
        "uq_config_version_current",
        "config_version",
        ["object_id", "namespace"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "control",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="of the control in its message"),
        sa.Column("partner", sa.Text(), nullable=False, comment="who created it"),
        sa.Column("mrid", sa.Text(), nullable=True),
        sa.Column("mrid_key", sa.LargeBinary(), nullable=True, comment="to find mrid by, however long it is"),
        sa.Column("tracking_key", sa.LargeBinary(), nullable=True, comment="keyed hash of issuerTrackingID"),
        sa.Column(
            "correlation_key",
            sa.LargeBinary(),
            nullable=True,
            comment="of the CorrelationID of its message",
        ),
        sa.Column("type", sa.Text(), nullable=False, comment="the ref of its EndDeviceControlType"),
        sa.Column("start", sa.BigInteger(), nullable=False, comment="as scheduled; else when it was received"),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="its end; its start, where it has none"),
        sa.Column("expires", sa.Boolean(), nullable=False, comment="whether it has an end"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="the XML element, latest version; sealed"),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_control_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control")),
        comment="what devices are told to do",
    )
    op.create_index(
        "ix_control_correlation_key",
        "control",
        ["correlation_key"],
        unique=False,
        sqlite_where=sa.text("correlation_key IS NOT NULL"),
        postgresql_where=sa.text("correlation_key IS NOT NULL"),
    )
    op.create_index("ix_control_journal_uid", "control", ["journal_uid"], unique=False)
    op.create_index(
        "ix_control_tracking_key",
        "control",
        ["tracking_key"],
        unique=False,
        sqlite_where=sa.text("tracking_key IS NOT NULL"),
        postgresql_where=sa.text("tracking_key IS NOT NULL"),
    )
    op.create_index("ix_control_until_start", "control", ["until", "start"], unique=False)
    op.create_index(
        "uq_control_mrid_key",
        "control",
        ["mrid_key"],
        unique=True,
        sqlite_where=sa.text("mrid_key IS NOT NULL"),
        postgresql_where=sa.text("mrid_key IS NOT NULL"),
    )
    op.create_table(
        "end_device_event_block",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="of the block in its message"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="XML elements, in a list; sealed"),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_end_device_event_block_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_end_device_event_block")),
        comment="events of one message that were sealed together",
    )
    op.create_index(
        op.f("ix_end_device_event_block_journal_uid"), "end_device_event_block", ["journal_uid"], unique=False
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column("object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reading_type", sa.Text(), nullable=True, comment="NULL: all of them"),
        sa.Column("before", sa.BigInteger(), nullable=False, comment="hides blocks with a lower id"),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_erasure_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_erasure_object_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        comment="a window of an object's readings that was deleted; the blocks stay as history",
    )
    op.create_index(op.f("ix_erasure_journal_uid"), "erasure", ["journal_uid"], unique=False)
    op.create_index(op.f("ix_erasure_object_id"), "erasure", ["object_id"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column(
            "one_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="the lower of the two ids",
        ),
        sa.Column("one_kind", sa.Text(), nullable=False),
        sa.Column("other_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other_kind", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column(
            "end", sa.BigInteger(), nullable=True, comment="the first instant at which it does not hold any more"
        ),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="journal uid of the message that gave it its end"),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_link_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["one_id"], ["object.id"], name=op.f("fk_link_one_id")),
        sa.ForeignKeyConstraint(["other_id"], ["object.id"], name=op.f("fk_link_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        comment="two objects that belong together for a time: which meter measures which usage point",
    )
    op.create_index(op.f("ix_link_journal_uid"), "link", ["journal_uid"], unique=False)
    op.create_index(op.f("ix_link_one_id_start"), "link", ["one_id", "start"], unique=False)
    op.create_index(op.f("ix_link_other_id_start"), "link", ["other_id", "start"], unique=False)
    op.create_table(
        "object_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="keyed hash of kind and mRID or name"),
        sa.Column("object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False, comment="the whole name, not only part of it"),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_object_key_object_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_object_key")),
    )
    op.create_index("ix_object_key_hash", "object_key", ["hash"], unique=False)
    op.create_index(
        "uq_object_key_exact",
        "object_key",
        ["hash"],
        unique=True,
        sqlite_where=sa.text("exact"),
        postgresql_where=sa.text("exact"),
    )
    op.create_table(
        "read_schedule",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column(
            "created_by", sa.Text(), nullable=False, comment="journal uid of the message that made the schedule"
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="of the schedule in that message"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column(
            "until",
            sa.BigInteger(),
            nullable=True,
            comment="when it was changed, canceled or deleted; NULL: it holds",
        ),
        sa.Column("ended_as", sa.Text(), nullable=True, comment="changed, canceled or deleted"),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="journal uid of the message that did so"),
        sa.Column(
            "start", sa.BigInteger(), nullable=False, comment="the first instant at which a reading may be due"
        ),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="the profile; sealed"),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_read_schedule_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_schedule")),
        comment="when meters are to be read, and when they were to be, version by version",
    )
    op.create_index(op.f("ix_read_schedule_journal_uid"), "read_schedule", ["journal_uid"], unique=False)
    op.create_index("ix_read_schedule_since", "read_schedule", ["since"], unique=False)
    op.create_index(
        "uq_read_schedule_current",
        "read_schedule",
        ["created_by", "position"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "reading_block",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "journal_uid", sa.Text(), nullable=False, comment="the message; an intake has no journal row yet"
        ),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="of the block in its message"),
        sa.Column("meter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("usage_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "kind", sa.SmallInteger(), nullable=False, comment="0 interval block, 1 register readings, 2 events"
        ),
        sa.Column("reading_type", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column(
            "withdrawn_by",
            sa.Text(),
            nullable=True,
            comment="journal uid of the delete that named this block's message",
        ),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.ForeignKeyConstraint(["meter_id"], ["object.id"], name=op.f("fk_reading_block_meter_id")),
        sa.ForeignKeyConstraint(["usage_point_id"], ["object.id"], name=op.f("fk_reading_block_usage_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_block")),
        comment="one row per meter, reading type and block: the CIM's own IntervalBlock, sealed",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reading_block_journal_uid", "reading_block", ["journal_uid"], unique=False)
    op.create_index(
        "ix_reading_block_meter",
        "reading_block",
        ["meter_id", "reading_type", "start"],
        unique=False,
        sqlite_where=sa.text("meter_id IS NOT NULL"),
        postgresql_where=sa.text("meter_id IS NOT NULL"),
    )
    op.create_index(
        "ix_reading_block_usage_point",
        "reading_block",
        ["usage_point_id", "reading_type", "start"],
        unique=False,
        sqlite_where=sa.text("usage_point_id IS NOT NULL"),
        postgresql_where=sa.text("usage_point_id IS NOT NULL"),
    )
    op.create_table(
        "config_reference",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_config_reference_object_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["config_version.id"], name=op.f("fk_config_reference_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "object_id", name=op.f("pk_config_reference")),
        comment="the objects that a configuration names: devices of a group, place of a usage point",
    )
    op.create_index(op.f("ix_config_reference_object_id"), "config_reference", ["object_id"], unique=False)
    op.create_table(
        "control_move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("journal_uid", sa.Text(), nullable=False),
        sa.Column("control_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=True, comment="of the target; NULL: the control itself was changed"
        ),
        sa.Column("before", sa.SmallInteger(), nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["control_id"], ["control.id"], name=op.f("fk_control_move_control_id")),
        sa.ForeignKeyConstraint(
            ["journal_uid"],
            ["journal.uid"],
            name=op.f("fk_control_move_journal_uid"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_move")),
        comment="who moved what and when, after the create",
    )
    op.create_index(op.f("ix_control_move_journal_uid"), "control_move", ["journal_uid"], unique=False)
    op.create_index(op.f("ix_control_move_control_id"), "control_move", ["control_id"], unique=False)
    op.create_table(
        "control_target",
        sa.Column("control_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, comment="the device"
        ),
        sa.Column(
            "via_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the group or usage point that stands for it",
        ),
        sa.Column("state", sa.SmallInteger(), nullable=False, comment="see store.control_states.State"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column(
            "moved_by", sa.Text(), nullable=False, comment="journal uid of the message that brought it there"
        ),
        sa.ForeignKeyConstraint(["control_id"], ["control.id"], name=op.f("fk_control_target_control_id")),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_control_target_object_id")),
        sa.ForeignKeyConstraint(["via_id"], ["object.id"], name=op.f("fk_control_target_via_id")),
        sa.PrimaryKeyConstraint("control_id", "position", name=op.f("pk_control_target")),
        comment="a device that a control is for, and how far it is with it",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_control_target_object_id", "control_target", ["object_id"], unique=False)
    op.create_index(
        "ix_control_target_via",
        "control_target",
        ["via_id"],
        unique=False,
        sqlite_where=sa.text("via_id IS NOT NULL"),
        postgresql_where=sa.text("via_id IS NOT NULL"),
    )
    op.create_table(
        "end_device_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="made by us: see objects",
        ),
        sa.Column(
            "block_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="its latest version",
        ),
        sa.Column("place", sa.Integer(), nullable=False, comment="of that version in the block, from 0"),
        sa.Column("mrid", sa.Text(), nullable=True),
        sa.Column("mrid_key", sa.LargeBinary(), nullable=True, comment="to find mrid by, however long it is"),
        sa.Column("meter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("usage_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("type", sa.Text(), nullable=False, comment="the ref of its EndDeviceEventType"),
        sa.Column("created", sa.BigInteger(), nullable=False, comment="createdDateTime"),
        sa.Column("tracking_key", sa.LargeBinary(), nullable=True, comment="keyed hash of issuerTrackingID"),
        sa.Column("mark", sa.SmallInteger(), nullable=True, comment="1 closed, 2 canceled, 3 deleted"),
        sa.Column("marked", sa.BigInteger(), nullable=True),
        sa.Column(
            "marked_by",
            sa.Text(),
            nullable=True,
            comment="journal uid of the message that closed, canceled or deleted it",
        ),
        sa.ForeignKeyConstraint(
            ["block_id"], ["end_device_event_block.id"], name=op.f("fk_end_device_event_block_id")
        ),
        sa.ForeignKeyConstraint(["meter_id"], ["object.id"], name=op.f("fk_end_device_event_meter_id")),
        sa.ForeignKeyConstraint(
            ["usage_point_id"], ["object.id"], name=op.f("fk_end_device_event_usage_point_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_end_device_event")),
        comment="what happened in or at a device",
    )
    op.create_index("ix_end_device_event_created", "end_device_event", ["created"], unique=False)
    op.create_index(
        "ix_end_device_event_meter",
        "end_device_event",
        ["meter_id", "created"],
        unique=False,
        sqlite_where=sa.text("meter_id IS NOT NULL"),
        postgresql_where=sa.text("meter_id IS NOT NULL"),
    )
    op.create_index(
        "ix_end_device_event_tracking_key",
        "end_device_event",
        ["tracking_key"],
        unique=False,
        sqlite_where=sa.text("tracking_key IS NOT NULL"),
        postgresql_where=sa.text("tracking_key IS NOT NULL"),
    )
    op.create_index(
        "ix_end_device_event_usage_point",
        "end_device_event",
        ["usage_point_id", "created"],
        unique=False,
        sqlite_where=sa.text("usage_point_id IS NOT NULL"),
        postgresql_where=sa.text("usage_point_id IS NOT NULL"),
    )
    op.create_index(
        "uq_end_device_event_mrid_key",
        "end_device_event",
        ["mrid_key"],
        unique=True,
        sqlite_where=sa.text("mrid_key IS NOT NULL"),
        postgresql_where=sa.text("mrid_key IS NOT NULL"),
    )
    op.create_table(
        "end_device_event_name",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="keyed hash of the name"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["end_device_event.id"], name=op.f("fk_end_device_event_name_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_end_device_event_name")),
        comment="Names of events, where they have any",
    )
    op.create_index(op.f("ix_end_device_event_name_hash"), "end_device_event_name", ["hash"], unique=False)
    op.create_table(
        "read_schedule_object",
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["object.id"], name=op.f("fk_read_schedule_object_object_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["read_schedule.id"], name=op.f("fk_read_schedule_object_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "object_id", name=op.f("pk_read_schedule_object")),
        comment="the devices, usage points and groups that a schedule reads",
    )
    op.create_index(op.f("ix_read_schedule_object_object_id"), "read_schedule_object", ["object_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_read_schedule_object_object_id"), table_name="read_schedule_object")
    op.drop_table("read_schedule_object")
    op.drop_index(op.f("ix_end_device_event_name_hash"), table_name="end_device_event_name")
    op.drop_table("end_device_event_name")
    op.drop_index(
        "uq_end_device_event_mrid_key",
        table_name="end_device_event",
        sqlite_where=sa.text("mrid_key IS NOT NULL"),
        postgresql_where=sa.text("mrid_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_end_device_event_usage_point",
        table_name="end_device_event",
        sqlite_where=sa.text("usage_point_id IS NOT NULL"),
        postgresql_where=sa.text("usage_point_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_end_device_event_tracking_key",
        table_name="end_device_event",
        sqlite_where=sa.text("tracking_key IS NOT NULL"),
        postgresql_where=sa.text("tracking_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_end_device_event_meter",
        table_name="end_device_event",
        sqlite_where=sa.text("meter_id IS NOT NULL"),
        postgresql_where=sa.text("meter_id IS NOT NULL"),
    )
    op.drop_index("ix_end_device_event_created", table_name="end_device_event")
    op.drop_table("end_device_event")
    op.drop_index(
        "ix_control_target_via",
        table_name="control_target",
        sqlite_where=sa.text("via_id IS NOT NULL"),
        postgresql_where=sa.text("via_id IS NOT NULL"),
    )
    op.drop_index("ix_control_target_object_id", table_name="control_target")
    op.drop_table("control_target")
    op.drop_index(op.f("ix_control_move_control_id"), table_name="control_move")
    op.drop_index(op.f("ix_control_move_journal_uid"), table_name="control_move")
    op.drop_table("control_move")
    op.drop_index(op.f("ix_config_reference_object_id"), table_name="config_reference")
    op.drop_table("config_reference")
    op.drop_index(
        "ix_reading_block_usage_point",
        table_name="reading_block",
        sqlite_where=sa.text("usage_point_id IS NOT NULL"),
        postgresql_where=sa.text("usage_point_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_reading_block_meter",
        table_name="reading_block",
        sqlite_where=sa.text("meter_id IS NOT NULL"),
        postgresql_where=sa.text("meter_id IS NOT NULL"),
    )
    op.drop_index("ix_reading_block_journal_uid", table_name="reading_block")
    op.drop_table("reading_block")
    op.drop_index(
        "uq_read_schedule_current",
        table_name="read_schedule",
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.drop_index("ix_read_schedule_since", table_name="read_schedule")
    op.drop_index(op.f("ix_read_schedule_journal_uid"), table_name="read_schedule")
    op.drop_table("read_schedule")
    op.drop_index(
        "uq_object_key_exact",
        table_name="object_key",
        sqlite_where=sa.text("exact"),
        postgresql_where=sa.text("exact"),
    )
    op.drop_index("ix_object_key_hash", table_name="object_key")
    op.drop_table("object_key")
    op.drop_index(op.f("ix_link_other_id_start"), table_name="link")
    op.drop_index(op.f("ix_link_one_id_start"), table_name="link")
    op.drop_index(op.f("ix_link_journal_uid"), table_name="link")
    op.drop_table("link")
    op.drop_index(op.f("ix_erasure_object_id"), table_name="erasure")
    op.drop_index(op.f("ix_erasure_journal_uid"), table_name="erasure")
    op.drop_table("erasure")
    op.drop_index(op.f("ix_end_device_event_block_journal_uid"), table_name="end_device_event_block")
    op.drop_table("end_device_event_block")
    op.drop_index(
        "uq_control_mrid_key",
        table_name="control",
        sqlite_where=sa.text("mrid_key IS NOT NULL"),
        postgresql_where=sa.text("mrid_key IS NOT NULL"),
    )
    op.drop_index("ix_control_until_start", table_name="control")
    op.drop_index(
        "ix_control_tracking_key",
        table_name="control",
        sqlite_where=sa.text("tracking_key IS NOT NULL"),
        postgresql_where=sa.text("tracking_key IS NOT NULL"),
    )
    op.drop_index("ix_control_journal_uid", table_name="control")
    op.drop_index(
        "ix_control_correlation_key",
        table_name="control",
        sqlite_where=sa.text("correlation_key IS NOT NULL"),
        postgresql_where=sa.text("correlation_key IS NOT NULL"),
    )
    op.drop_table("control")
    op.drop_index(
        "uq_config_version_current",
        table_name="config_version",
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.drop_index("ix_config_version_object", table_name="config_version")
    op.drop_index("ix_config_version_noun", table_name="config_version")
    op.drop_index(op.f("ix_config_version_journal_uid"), table_name="config_version")
    op.drop_table("config_version")
    op.drop_table("vault_key")
    op.drop_table("quota")
    op.drop_table("object")
    op.drop_index("uq_intake_source", table_name="intake")
    op.drop_table("intake")
    op.drop_index(op.f("ix_nonce_used"), table_name="nonce")
    op.drop_table("nonce")
    op.drop_index("uq_journal_once", table_name="journal")
    op.drop_index(
        "ix_journal_correlation_key",
        table_name="journal",
        sqlite_where=sa.text("correlation_key IS NOT NULL"),
        postgresql_where=sa.text("correlation_key IS NOT NULL"),
    )
    op.drop_table("journal")
    op.drop_table("audit_chain")
    op.drop_table("audit")
    op.drop_table("api_key")
