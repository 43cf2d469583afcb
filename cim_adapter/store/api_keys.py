"""Rows of API keys. What a key is and when it is good, ``access`` knows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select, update

from cim_adapter import instants
from cim_adapter.store.transaction import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as stored: ``digest`` is a hash of the key, ``quota`` its own requests a minute if it has one."""

    id: str
    name: str
    role: str
    digest: bytes
    quota: int | None


def add(transaction: Transaction, key: ApiKey) -> None:
    transaction.add(transaction.tables.api_key, {**asdict(key), "created": instants.now()})


def find(reader: Reader, key_id: str) -> ApiKey | None:
    """The key with this id, unless it was revoked."""
    table = reader.tables.api_key
    for row in reader.select(select(table).where(table.c.id == key_id, table.c.revoked.is_(None))):
        return ApiKey(id=row.id, name=row.name, role=row.role, digest=bytes(row.digest), quota=row.quota)
    return None


def revoke(transaction: Transaction, name: str) -> list[str]:
    """Revoke every key of ``name``; returns their ids."""
    table = transaction.tables.api_key
    of_name = (table.c.name == name, table.c.revoked.is_(None))
    ids = [row.id for row in transaction.select(select(table.c.id).where(*of_name).order_by(table.c.created))]
    transaction.execute(update(table).where(table.c.id.in_(ids)).values(revoked=instants.now()))
    return ids


def any_exists(reader: Reader) -> bool:
    """Whether a key was ever made in this database."""
    return any(True for _ in reader.select(select(reader.tables.api_key.c.id).limit(1)))
