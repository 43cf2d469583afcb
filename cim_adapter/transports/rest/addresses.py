"""``meterId`` and ``deviceId``: an mRID or a name, whichever the object is known by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.scope import Scopes, confined, reach
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Reader

_UUID = re.compile(r"(?:urn:uuid:)?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class Addresses(msgspec.Struct, frozen=True):
    """What each text of one exchange names, by kind of object and text."""

    known: Mapping[str, Mapping[str, list[Identity]]]

    def of(self, kind: str, text: str) -> list[Identity]:
        """The objects called ``text``; for a new one that of its mRID, if it is a UUID, else of its name."""
        found = self.known.get(kind, {}).get(text)
        if found:
            return [_shortest(identity) for identity in found]
        return [Identity(text) if _UUID.fullmatch(text) else Identity(None, (Name(text),))]


async def look_up(store: Store, wanted: Mapping[str, Iterable[str]], scopes: Scopes = ()) -> Addresses:
    """Ask the store once for all of the texts, by kind of object. What is outside of ``scopes`` is not told."""
    kinds = {kind: set(texts) for kind, texts in wanted.items() if texts}
    if not kinds:
        return Addresses({})

    def ask(reader: Reader) -> Addresses:
        with confined(reader, reach(reader, scopes) if scopes else None):
            return Addresses({kind: objects.called(reader, kind, kinds[kind]) for kind in kinds})

    return await store.read(ask)


def as_text(identity: Identity) -> str:
    """What REST calls an object."""
    return str(identity)


def _shortest(identity: Identity) -> Identity:
    """What of an identity is enough to find the object again."""
    return Identity(identity.mrid) if identity.mrid is not None else Identity(None, identity.names[:1])
