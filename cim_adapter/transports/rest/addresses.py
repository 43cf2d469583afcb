"""Looks up what ``meterId`` and ``deviceId`` name, within the scope of the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from cim_adapter.items.addresses import Addresses, Known, addresses
from cim_adapter.store.objects import Identity
from cim_adapter.store.scope import Scopes, confined, reach
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Reader


class AddressBook:
    """Asks the store, and remembers up to ``at_most`` texts that are mRIDs: those never come to name anything
    else, while a name may.

    Calls that come while others are being answered are asked for together: one question costs as much as the rest
    of a call that creates one reading.
    """

    def __init__(self, store: Store, at_most: int = 200_000) -> None:
        self._store = store
        self._at_most = at_most
        self._mrids: set[tuple[str, str]] = set()
        self._asking = asyncio.Lock()
        self._next: _Question | None = None

    def remember(self, mrids: Iterable[tuple[str, str]]) -> None:
        """These are mRIDs of objects that there are, each with its kind."""
        if len(self._mrids) > self._at_most:
            self._mrids = set()
        self._mrids.update(mrids)

    async def look_up(self, wanted: Mapping[str, Iterable[str]], scopes: Scopes = ()) -> Addresses:
        """What these texts name, by kind of object. Within ``scopes`` nothing is remembered: they may change."""
        if scopes:
            return Addresses(await _told(self._store, wanted, scopes) if any(wanted.values()) else {})
        mrids = self._mrids
        unknown = {kind: {text for text in texts if (kind, text) not in mrids} for kind, texts in wanted.items()}
        found = await self._found(unknown) if any(unknown.values()) else {}
        return Addresses(
            {
                kind: {
                    text: [Identity(text)] if (kind, text) in mrids else found[kind][text]
                    for text in texts
                    if (kind, text) in mrids or text in found.get(kind, {})
                }
                for kind, texts in wanted.items()
            }
        )

    async def _found(self, unknown: Mapping[str, Iterable[str]]) -> Known:
        """What the store says from now on: a question that is on its way may miss what was stored meanwhile."""
        if self._next is None:
            self._next = _Question()
            self._next.answer = asyncio.create_task(self._ask(self._next))
        question = self._next
        question.add(unknown)
        return await asyncio.shield(question.answer)

    async def _ask(self, question: _Question) -> Known:
        async with self._asking:
            self._next = None  # whoever comes from now on is of the next one
            found = await _told(self._store, question.wanted)
        for kind, named in found.items():
            self.remember((kind, text) for text, objects in named.items() if [o.mrid for o in objects] == [text])
        return found


class _Question:
    """What several calls want to know, and its answer."""

    answer: asyncio.Task[Known]

    def __init__(self) -> None:
        self.wanted: dict[str, set[str]] = {}

    def add(self, wanted: Mapping[str, Iterable[str]]) -> None:
        for kind, texts in wanted.items():
            self.wanted.setdefault(kind, set()).update(texts)


async def _told(store: Store, wanted: Mapping[str, Iterable[str]], scopes: Scopes = ()) -> Known:
    """What the store knows of all these texts. What is outside of ``scopes`` is not told."""

    def ask(reader: Reader) -> Known:
        with confined(reader, reach(reader, scopes) if scopes else None):
            return addresses(reader, wanted).known

    return await store.read(ask)
