"""The scope of a caller: the meters, usage points and groups that it may reach, where it may not reach all.

A scope is a set of things named ``Kind:mRID or name``; a group stands for its members, as they are now. A caller
with several scopes (that of its key, that of its role) reaches what is in all of them. What is not in it is, for
that caller, as if it were not there: the store does not find it, whoever asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import ColumnElement, or_

from cim_adapter.store import configs, objects
from cim_adapter.store.objects import Identity, Name

if TYPE_CHECKING:
    from cim_adapter.store.transaction import Reader

KINDS = ("Meter", "UsagePoint", "EndDeviceGroup", "UsagePointGroup")


class Named(msgspec.Struct, frozen=True, array_like=True):
    """One thing that a scope names."""

    kind: str
    text: str

    @classmethod
    def of(cls, text: str) -> Named:
        """``Meter:M-7``. Raises ValueError."""
        kind, _, name = text.partition(":")
        if kind not in KINDS or not name.strip():
            raise ValueError(f"{text!r} is no scope; one is {', '.join(KINDS)}, a colon and an mRID or name")
        return cls(kind, name.strip())


Scopes = tuple[frozenset[Named], ...]
"""Of each of these, one must be met; without any, everything may be reached."""


class Reach:
    """What a caller with scopes reaches, at the moment. ``ids`` are the objects; one that is named and not yet
    known may be made.
    """

    def __init__(self, scopes: Scopes, ids: Iterable[int]) -> None:
        self._scopes = scopes
        self.ids = set(ids)

    def may_be_made(self, kind: str, identity: Identity) -> bool:
        """Whether an object that is not known yet is in the scope by what it is called."""
        if identity.mrid is not None:
            return self._names(kind, identity.mrid)
        return bool(identity.names) and all(self._names(kind, name.name) for name in identity.names)

    def admits(self, reader: Reader, kind: str, identity: Identity) -> bool:
        """Whether all that ``identity`` may mean is in the scope."""
        found = objects.find(reader, kind, identity)
        if identity.mrid is not None and not objects.find(reader, kind, Identity(identity.mrid)):
            return self._names(kind, identity.mrid)
        return self.ids.issuperset(found) if found else self.may_be_made(kind, identity)

    def within(self, *columns: ColumnElement[int | None]) -> ColumnElement[bool]:
        """That one of these columns holds an object of the scope."""
        return or_(*(column.in_(sorted(self.ids)) for column in columns))

    def _names(self, kind: str, text: str) -> bool:
        return all(Named(kind, text) in scope for scope in self._scopes)


def reach(reader: Reader, scopes: Scopes) -> Reach:
    """What these scopes stand for now."""
    sets = [{id_ for named in scope for id_ in _stands_for(reader, named)} for scope in scopes]
    return Reach(scopes, set.intersection(*sets))


@contextmanager
def confined(reader: Reader, found: Reach | None) -> Iterator[None]:
    """While this lasts, ``reader`` finds nothing outside of the scope."""
    before, reader.reach = reader.reach, found
    try:
        yield
    finally:
        reader.reach = before


def _stands_for(reader: Reader, named: Named) -> Collection[int]:
    ids = objects.find(reader, named.kind, Identity(named.text)) or objects.find(
        reader, named.kind, Identity(None, (Name(named.text),))
    )
    if named.kind in ("EndDeviceGroup", "UsagePointGroup"):
        return {*ids, *(member for id_ in ids for member in configs.references(reader, f"{named.kind}s", id_))}
    return ids
