"""Keys of the store and of callers, and what callers have used."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from cim_adapter.store.tables.columns import sealed


def vault_key(metadata: MetaData) -> Table:
    return Table(
        "vault_key",
        metadata,
        Column("name", Text, primary_key=True),
        sealed("sealed", "vault_key/{name}"),
        comment="the index key, sealed with the data key: also tells a wrong data key",
    )


def api_key(metadata: MetaData) -> Table:
    return Table(
        "api_key",
        metadata,
        Column("id", Text, primary_key=True),
        Column("name", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("quota", Integer),
        sealed("scope", "api_key/{id}", "the meters, usage points and groups it may reach; empty: all"),
        Column("created", BigInteger, nullable=False),
        Column("revoked", BigInteger),
    )


def quota(metadata: MetaData) -> Table:
    return Table(
        "quota",
        metadata,
        Column("counter", Text, primary_key=True, comment="the credential whose messages are counted"),
        Column("started", BigInteger, nullable=False),
        Column("used", BigInteger, nullable=False),
        comment="messages in the present minute of each caller that has a quota",
    )


def nonce(metadata: MetaData) -> Table:
    return Table(
        "nonce",
        metadata,
        Column("hash", LargeBinary, primary_key=True, comment="keyed hash of partner, Source and Nonce"),
        Column("used", BigInteger, nullable=False),
        Index(None, "used"),
        comment="nonces of ReplayDetection that were used within a day, and some that are older",
    )
