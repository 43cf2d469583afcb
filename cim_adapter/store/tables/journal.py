"""Which messages came, what became of them, and how far those are that are not whole yet."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, MetaData, SmallInteger, Table, Text, text

from cim_adapter.store.tables.columns import sealed


def journal(metadata: MetaData) -> Table:
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
        sealed("request", "journal/{uid}/request", "the body as received"),
        sealed("reply", "journal/{uid}/reply", "the reply message as sent"),
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


def audit(metadata: MetaData) -> Table:
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


def audit_chain(metadata: MetaData) -> Table:
    return Table(
        "audit_chain",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("number", BigInteger, nullable=False, comment="of its last row"),
        Column("hash", LargeBinary, nullable=False, comment="of its last row"),
        Column("seal", LargeBinary, nullable=False, comment="keyed hash of all this"),
        comment="where each chain of the audit trail ends",
    )


def intake(metadata: MetaData) -> Table:
    return Table(
        "intake",
        metadata,
        Column("uid", Text, primary_key=True, comment="of its journal row to be"),
        Column("source", Text, comment="what can be read again after a crash; NULL: nothing can"),
        Column("digest", LargeBinary, comment="SHA-256 of all that source holds"),
        Column("received", BigInteger, nullable=False),
        Column("touched", BigInteger, nullable=False, comment="when it last went on"),
        Column("given_up", Boolean, nullable=False, comment="what it brought is to be taken away again"),
        sealed("progress", "intake/{uid}", "how far it is, and what could not be stored"),
        Index("uq_intake_source", "source", unique=True),
        comment="messages that are taken in parts and are not whole yet: nobody sees what they brought",
    )
