"""``meterId`` and ``deviceId``: an mRID or a name, whichever the object is known by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.transaction import Reader

_UUID = re.compile(r"(?:urn:uuid:)?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


Known = Mapping[str, Mapping[str, list[Identity]]]
"""Objects by their kind and by what they are called."""


class Addresses(msgspec.Struct, frozen=True):
    """What each text of one exchange names."""

    known: Known

    def of(self, kind: str, text: str) -> list[Identity]:
        """The objects called ``text``; for a new one that of its mRID, if it is a UUID, else of its name."""
        found = self.known.get(kind, {}).get(text)
        if found:
            return [_shortest(identity) for identity in found]
        return [Identity(text) if _UUID.fullmatch(text) else Identity(None, (Name(text),))]

    def all(self, wanted: Mapping[str, Iterable[str]]) -> list[tuple[str, Identity]]:
        """What each of these texts names, with its kind."""
        return [
            (kind, identity)
            for kind, texts in wanted.items()
            for text in texts
            for identity in self.of(kind, text)
        ]


def addresses(reader: Reader, wanted: Mapping[str, Iterable[str]]) -> Addresses:
    """What these texts name, by kind of object."""
    kinds = {kind: set(texts) for kind, texts in wanted.items() if texts}
    return Addresses({kind: objects.called(reader, kind, texts) for kind, texts in kinds.items()})


def _shortest(identity: Identity) -> Identity:
    """What of an identity is enough to find the object again."""
    return Identity(identity.mrid) if identity.mrid is not None else Identity(None, identity.names[:1])
