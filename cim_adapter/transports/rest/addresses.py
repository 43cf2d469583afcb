"""``meterId`` and ``deviceId``: an mRID or a name, whichever the object is known by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.store import Store

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


async def look_up(store: Store, wanted: Mapping[str, Iterable[str]]) -> Addresses:
    """Ask the store once for all of the texts, by kind of object."""
    kinds = {kind: set(texts) for kind, texts in wanted.items() if texts}
    if not kinds:
        return Addresses({})
    return Addresses(
        await store.read(lambda reader: {kind: objects.called(reader, kind, kinds[kind]) for kind in kinds})
    )


class AddressBook:
    """Asks the store, and remembers up to ``at_most`` texts that are mRIDs: those never come to name anything
    else, while a name may.
    """

    def __init__(self, store: Store, at_most: int = 200_000) -> None:
        self._store = store
        self._at_most = at_most
        self._mrids: set[tuple[str, str]] = set()

    def remember(self, mrids: Iterable[tuple[str, str]]) -> None:
        """These are mRIDs of objects that there are, each with its kind."""
        if len(self._mrids) > self._at_most:
            self._mrids = set()
        self._mrids.update(mrids)

    async def look_up(self, wanted: Mapping[str, Iterable[str]]) -> Addresses:
        """As the function ``look_up``, without asking for what is remembered."""
        mrids = self._mrids
        unknown = {kind: {text for text in texts if (kind, text) not in mrids} for kind, texts in wanted.items()}
        found = (await look_up(self._store, unknown)).known
        for kind, named in found.items():
            self.remember((kind, text) for text, objects in named.items() if [o.mrid for o in objects] == [text])
        return Addresses(
            {
                kind: {
                    **{text: [Identity(text)] for text in texts if (kind, text) in mrids},
                    **found.get(kind, {}),
                }
                for kind, texts in wanted.items()
            }
        )


def as_text(identity: Identity) -> str:
    """What REST calls an object."""
    return str(identity)


def _shortest(identity: Identity) -> Identity:
    """What of an identity is enough to find the object again."""
    return Identity(identity.mrid) if identity.mrid is not None else Identity(None, identity.names[:1])
