"""Master data: what a configuration profile says of an object, version by version.

A version holds from ``since`` until another takes its place, or until the object is deleted; none is ever
removed. Revisions of a profile, by namespace, have versions of their own. The objects that a configuration
names (the devices of a group, the place of a usage point) are kept beside it, to be found by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, update

from cim_adapter.store.objects import new_id
from cim_adapter.store.pages import Key, in_order
from cim_adapter.store.parts import in_parts
from cim_adapter.store.transaction import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one object's configuration, opened. ``content`` is the profile, as XML."""

    id: int
    object_id: int
    namespace: str
    since: int
    position: int
    content: bytes

    @property
    def key(self) -> Key:
        """Its place in the order in which versions came to hold."""
        return self.since, self.position, self.id


def add(
    transaction: Transaction,
    journal_uid: str,
    *,
    object_id: int,
    noun: str,
    namespace: str,
    since: int,
    position: int,
    content: bytes,
    references: Iterable[int] = (),
) -> None:
    """Add a version that holds from ``since``; ``end`` the one before it first."""
    version = new_id()
    row = {
        "id": version,
        "journal_uid": journal_uid,
        "object_id": object_id,
        "noun": noun,
        "namespace": namespace,
        "since": since,
        "position": position,
        "sealed": transaction.vault.seal(content, f"config_version/{version}"),
    }
    transaction.add(transaction.tables.config_version, row)
    for other in sorted(set(references)):
        transaction.add(transaction.tables.config_reference, {"version_id": version, "object_id": other})


def end(transaction: Transaction, journal_uid: str, versions: Collection[int], *, at: int) -> None:
    """The versions of these ids hold no longer."""
    table = transaction.tables.config_version
    for part in in_parts(list(versions)):
        transaction.execute(update(table).where(table.c.id.in_(part)).values(until=at, ended_by=journal_uid))


def versions(
    reader: Reader,
    noun: str,
    ids: Sequence[int] | None = None,
    *,
    namespace: str | None = None,
    at: int | None = None,
    after: Key | None = None,
) -> Iterator[Version]:
    """The versions that hold (or held at ``at``), of these objects or of all, oldest first; those behind
    ``after``, a ``Version.key``.
    """
    table = reader.tables.config_version
    base = select(table).where(table.c.noun == noun, _held(table.c, at))
    if namespace is not None:
        base = base.where(table.c.namespace == namespace)
    of_objects = None if ids is None else [table.c.object_id.in_(part) for part in in_parts(ids)]
    key = (table.c.since, table.c.position, table.c.id)
    for row in in_order(reader, base, key, among=of_objects, after=after):
        yield Version(
            id=row.id,
            object_id=row.object_id,
            namespace=row.namespace,
            since=row.since,
            position=row.position,
            content=reader.vault.open(bytes(row.sealed), f"config_version/{row.id}"),
        )


def revisions(reader: Reader, noun: str) -> set[str]:
    """The namespaces that any version of this noun has."""
    table = reader.tables.config_version
    return set(reader.select(select(table.c.namespace).where(table.c.noun == noun).distinct()).scalars())


def current(reader: Reader, noun: str, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """(Object id, namespace) → id of the version that holds, for those of ``ids`` that have one."""
    table = reader.tables.config_version
    columns = select(table.c.object_id, table.c.namespace, table.c.id).where(
        table.c.noun == noun, table.c.until.is_(None)
    )
    return {
        (row.object_id, row.namespace): row.id
        for part in in_parts(ids)
        for row in reader.select(columns.where(table.c.object_id.in_(part)))
    }


def references(reader: Reader, noun: str, object_id: int) -> list[int]:
    """The objects that the configuration of this one names: the devices of a group."""
    return sorted(_named_by(reader, [object_id], noun=noun))


def neighbours(reader: Reader, ids: Collection[int], at: int | None = None) -> set[int]:
    """The objects that name one of ``ids`` in their configuration (now, or at an instant), or are named in that
    of one.
    """
    table, reference = reader.tables.config_version, reader.tables.config_reference
    found = _named_by(reader, ids, at=at)
    for part in in_parts(list(ids)):
        statement = (
            select(table.c.object_id)
            .join(reference, reference.c.version_id == table.c.id)
            .where(reference.c.object_id.in_(part), _held(table.c, at))
        )
        found.update(reader.select(statement).scalars())
    return found


def _named_by(reader: Reader, ids: Collection[int], *, noun: str | None = None, at: int | None = None) -> set[int]:
    table, reference = reader.tables.config_version, reader.tables.config_reference
    found: set[int] = set()
    for part in in_parts(list(ids)):
        statement = (
            select(reference.c.object_id)
            .join(table, reference.c.version_id == table.c.id)
            .where(table.c.object_id.in_(part), _held(table.c, at))
        )
        found.update(reader.select(statement if noun is None else statement.where(table.c.noun == noun)).scalars())
    return found


def _held(columns: object, at: int | None) -> ColumnElement[bool]:
    since, until = columns.since, columns.until  # type: ignore[attr-defined]
    if at is None:
        held: ColumnElement[bool] = until.is_(None)
        return held
    return and_(since <= at, or_(until.is_(None), until > at))
