"""Meters, usage points: whatever an mRID or Names identify (facts/metering.md §1, "Object identity").

An object is found by its mRID or by any of its names. Names are personal (a meter's place, a
customer's contract), so only keyed hashes of them stand in clear. A name is hashed whole, and also
without its authority and without its type, because partners who ask often leave those out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import select, update

from cim_adapter.errors import Forbidden
from cim_adapter.store.journal import new_uid
from cim_adapter.store.parts import in_parts
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Reader, Transaction


class Name(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``Name`` with NameType and NameTypeAuthority."""

    name: str
    type: str | None = None
    authority: str | None = None
    type_description: str | None = None
    authority_description: str | None = None


class Identity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``mRID?`` and ``Names*``: at least one of them says something."""

    mrid: str | None = None
    names: tuple[Name, ...] = ()

    def __bool__(self) -> bool:
        return self.mrid is not None or bool(self.names)

    def __str__(self) -> str:
        return self.mrid or (self.names[0].name if self.names else "without mRID and Names")


def look_up(transaction: Transaction, wanted: Iterable[tuple[str, Identity]]) -> None:
    """Ask the database once for all of these objects, so that ``resolve`` need not ask for each."""
    unknown = {key for key in wanted if transaction.known_id(key) is None}
    _ask(transaction, [hash_ for key in unknown for hash_ in _exact_hashes(transaction.vault, *key)])


def resolve(transaction: Transaction, kind: str, identity: Identity) -> int:
    """The id of the object; it is made where it is not yet known, and learns new names."""
    key = (kind, identity)
    known = transaction.known_id(key)
    if known is None:
        known = _resolve(transaction, kind, identity)
        transaction.remember_id(key, known)
    if transaction.reach is not None and known not in transaction.reach.ids:
        if not transaction.reach.may_be_made(kind, identity):
            raise Forbidden(f"{kind} {identity} is not within the scope of this caller")
        transaction.reach.ids.add(known)
    return known


def find(reader: Reader, kind: str, identity: Identity) -> list[int]:
    """The ids of the objects that ``identity`` names; several where a bare name fits several."""
    found: dict[bytes, int] = {}
    if identity.mrid is not None:
        found = _ids_of(reader, [_mrid_hash(reader.vault, kind, identity.mrid)], exact=True)
    if not found and identity.names:
        found = _ids_of(reader, [_name_hash(reader.vault, kind, name) for name in identity.names], exact=False)
    return sorted(_reached(reader, found.values()))


def called(reader: Reader, kind: str, texts: Iterable[str]) -> dict[str, list[Identity]]:
    """The objects that each text is the mRID of, else a name of; what fits none is not in it."""
    by_mrid = {_mrid_hash(reader.vault, kind, text): text for text in texts}
    by_name = {_name_hash(reader.vault, kind, Name(text)): text for text in by_mrid.values()}
    table, hashes = reader.tables.object_key, [*by_mrid, *by_name]
    columns = select(table.c.hash, table.c.object_id)
    ids: dict[str, set[int]] = {}
    named: dict[str, set[int]] = {}
    for some in in_parts(hashes):
        for row in reader.select(columns.where(table.c.hash.in_(some))):
            key = bytes(row.hash)
            found, text = (ids, by_mrid[key]) if key in by_mrid else (named, by_name[key])
            if _reached(reader, [row.object_id]):
                found.setdefault(text, set()).add(row.object_id)
    ids = named | ids
    known = identities(reader, {object_id for found in ids.values() for object_id in found})
    return {text: [known[object_id] for object_id in sorted(found)] for text, found in ids.items()}


def known(transaction: Transaction, kind: str, identity: Identity) -> list[int]:
    """``find``, without asking the database for what was looked up for the whole group."""
    for hash_ in _exact_hashes(transaction.vault, kind, identity):
        if (object_id := transaction.known_id(hash_)) is not None:
            return sorted(_reached(transaction, [object_id]))
    return find(transaction, kind, identity)


def identities(reader: Reader, ids: Iterable[int]) -> dict[int, Identity]:
    """mRID and Names of the objects, by id."""
    table, wanted = reader.tables.object, list(ids)
    columns = select(table.c.id, table.c.mrid, table.c.uid, table.c.names)
    return {
        row.id: Identity(row.mrid, _open_names(reader.vault, row.uid, row.names))
        for some in in_parts(wanted)
        for row in reader.select(columns.where(table.c.id.in_(some)))
    }


def kinds(reader: Reader, ids: Iterable[int]) -> dict[int, str]:
    """The kinds of the objects, by id."""
    table, wanted = reader.tables.object, list(ids)
    return {
        row.id: row.kind
        for some in in_parts(wanted)
        for row in reader.select(select(table.c.id, table.c.kind).where(table.c.id.in_(some)))
    }


def _reached(reader: Reader, ids: Iterable[int]) -> set[int]:
    """Those of ``ids`` that the caller may reach."""
    return set(ids) if reader.reach is None else reader.reach.ids.intersection(ids)


def _resolve(transaction: Transaction, kind: str, identity: Identity) -> int:
    hashes = _exact_hashes(transaction.vault, kind, identity)
    _ask(transaction, hashes)
    found = {hash_: known for hash_ in hashes if (known := transaction.known_id(hash_)) is not None}
    # The mRID's hash comes first: where mRID and name point to different objects, the mRID is right.
    for hash_ in hashes:
        if hash_ in found and (hash_ == hashes[0] or not _is_another(transaction, found[hash_], identity)):
            if len(found) < len(hashes):
                _learn(transaction, found[hash_], kind, identity, taken=set(found))
            return found[hash_]
    object_id, uid = new_id(), new_uid()
    names = transaction.vault.seal(msgspec.msgpack.encode(identity.names), f"object/{uid}")
    row = {"id": object_id, "kind": kind, "mrid": identity.mrid, "uid": uid, "names": names}
    transaction.add(transaction.tables.object, row)
    _add_keys(transaction, object_id, kind, identity, taken=set(found))
    return object_id


def _is_another(transaction: Transaction, object_id: int, identity: Identity) -> bool:
    """Whether the object has an mRID and ``identity`` another: then a common name makes them not one."""
    if identity.mrid is None:
        return False
    table = transaction.tables.object
    mrid = transaction.select(select(table.c.mrid).where(table.c.id == object_id)).scalar_one()
    return mrid is not None and mrid != identity.mrid


def _ask(transaction: Transaction, hashes: list[bytes]) -> None:
    """Learn the ids behind ``hashes``, those that are neither known nor known to be absent."""
    open_ = [h for h in hashes if transaction.known_id(h) is None and not transaction.known_absent(h)]
    for part in in_parts(open_):
        found = _ids_of(transaction, part, exact=True)
        for hash_, object_id in found.items():
            transaction.remember_id(hash_, object_id)
        transaction.remember_absent(set(part) - set(found))


def new_id() -> int:
    """63 bits: milliseconds, then chance. Made here and not by the database, so that rows which refer
    to each other can wait for the group's commit together; a clash is tried again by the writer.

    What comes by the thousand in one message counts on from one such id.
    """
    return (time.time_ns() // 1_000_000) << 21 | random.getrandbits(21)


def _learn(transaction: Transaction, object_id: int, kind: str, identity: Identity, *, taken: set[bytes]) -> None:
    """An object known by one of its names is sent with another: it answers to both from now on."""
    table, vault = transaction.tables.object, transaction.vault
    columns = (table.c.mrid, table.c.uid, table.c.names)
    for row in list(transaction.select(select(*columns).where(table.c.id == object_id))):
        old = _open_names(vault, row.uid, row.names)
        names = (*old, *(name for name in identity.names if name not in old))
        transaction.execute(
            update(table)
            .where(table.c.id == object_id)
            .values(
                mrid=row.mrid or identity.mrid,
                names=vault.seal(msgspec.msgpack.encode(names), f"object/{row.uid}"),
            )
        )
    _add_keys(transaction, object_id, kind, identity, taken=taken)


def _add_keys(
    transaction: Transaction, object_id: int, kind: str, identity: Identity, *, taken: set[bytes]
) -> None:
    table, vault = transaction.tables.object_key, transaction.vault
    for hash_ in _exact_hashes(vault, kind, identity):
        if hash_ not in taken:
            transaction.add(table, {"hash": hash_, "object_id": object_id, "exact": True})
            transaction.remember_id(hash_, object_id)
    partial = {part for name in identity.names for part in _partial_hashes(vault, kind, name)}
    for hash_ in partial | {_name_hash(vault, kind, name) for name in identity.names} & taken:
        transaction.add(table, {"hash": hash_, "object_id": object_id, "exact": False})


def _ids_of(reader: Reader, hashes: Sequence[bytes], *, exact: bool) -> dict[bytes, int]:
    table = reader.tables.object_key
    statement = select(table.c.hash, table.c.object_id).where(table.c.hash.in_(hashes))
    rows = reader.select(statement.where(table.c.exact) if exact else statement)
    if exact:
        return {bytes(row.hash): row.object_id for row in rows}
    # One bare name may fit several objects: keyed by hash and id, so none hides another.
    return {bytes(row.hash) + row.object_id.to_bytes(8, "big"): row.object_id for row in rows}


def _exact_hashes(vault: Vault, kind: str, identity: Identity) -> list[bytes]:
    by_mrid = [] if identity.mrid is None else [_mrid_hash(vault, kind, identity.mrid)]
    return list(dict.fromkeys(by_mrid + [_name_hash(vault, kind, name) for name in identity.names]))


def _mrid_hash(vault: Vault, kind: str, mrid: str) -> bytes:
    return vault.digest(kind, "mRID", mrid)


def _name_hash(vault: Vault, kind: str, name: Name) -> bytes:
    return vault.digest(kind, "name", name.name, name.type or "", name.authority or "")


def _partial_hashes(vault: Vault, kind: str, name: Name) -> set[bytes]:
    less = {Name(name.name, name.type), Name(name.name)} - {Name(name.name, name.type, name.authority)}
    return {_name_hash(vault, kind, part) for part in less}


def _open_names(vault: Vault, uid: str, sealed: bytes) -> tuple[Name, ...]:
    return msgspec.msgpack.decode(vault.open(bytes(sealed), f"object/{uid}"), type=tuple[Name, ...])
