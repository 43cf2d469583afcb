"""What the audit trail is told of a call, beside who and when: what it was about. And of those who were
not let in."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Iterator

from cim_adapter import instants
from cim_adapter.nouns.identity_xml import kind_of, read_id, read_identity
from cim_adapter.nouns.registry import Call
from cim_adapter.store.objects import Identity
from cim_adapter.store.sealing import Vault
from cim_adapter.store.store import Store
from cim_adapter.store.trail import Event
from cim_adapter.xmltree import local

_NAMED = 20  # objects of a call that the trail names
_LONGEST = 100  # characters of an mRID that stands there as it is
_MINUTE = 60_000_000  # microseconds


def subjects(call: Call) -> tuple[tuple[str, ...], int]:
    """The first objects that a call is about, and how many there are: ``Meter/mRID``, or ``Meter#`` and a
    keyed hash of the name. The same name always has the same hash.
    """
    found = objects_named(call)
    named = [shown(call.vault, kind, identity) for kind, identity in found]
    if len(named) == 1:
        return tuple(named), 1
    named.sort()
    return tuple(named[:_NAMED]), len(named)


def objects_named(call: Call) -> set[tuple[str, Identity]]:
    """The objects that a message names: those that its handler will resolve, else those that it asks for."""
    return call.wanted or set(_asked_for(call))


def administered(verb: str, noun: str, *subjects: str) -> Event:
    """What the trail is told of a command on this machine: who gave it is who is logged in."""
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        who = f"uid {os.getuid()}"
    return Event(
        received=instants.now(),
        transport="command line",
        remote=None,
        partner=who,
        verb=verb,
        noun=noun,
        subjects=subjects,
        subject_count=len(subjects),
        result="OK",
        code="0.0",
    )


def _asked_for(call: Call) -> Iterator[tuple[str, Identity]]:
    """The objects that a Request names, in its ids and in its query profile."""
    request = call.message.request
    for identifier in request.ids if request else ():
        yield kind_of(identifier.object_type or "Object"), read_id(identifier)
    for query in request.filters if request else ():
        for child in query.iter("{*}mRID", "{*}Names"):
            parent = child.getparent()
            if parent is not None and local(parent) != "ReadingType":
                yield kind_of(local(parent)), read_identity(parent)


def shown(vault: Vault, kind: str, identity: Identity) -> str:
    """An object as the trail names it: see ``subjects``."""
    mrid = identity.mrid
    if mrid is not None and len(mrid) <= _LONGEST and mrid.split() == [mrid]:
        return f"{kind}/{mrid}"
    text = mrid if mrid is not None else identity.names[0].name if identity.names else ""
    return f"{kind}#{vault.digest(kind, 'audit', text).hex()[:32]}"


class TurnedAway:
    """Tells the trail of calls that were not let in: ``most`` a minute, so that strangers cannot fill the disk.
    What comes beyond that is counted, and told with the next one, or at the end.
    """

    def __init__(self, store: Store, most: int = 60) -> None:
        self._store = store
        self._most = most
        self._since = 0
        self._written = 0
        self._untold: Event | None = None
        self._log = logging.getLogger("cim_adapter.access")

    async def tell(self, event: Event) -> None:
        """Returns when the row is on disk, or at once where there are too many."""
        now = instants.now()
        if not self._since <= now < self._since + _MINUTE:
            self._since, self._written = now, 0
        if self._written < self._most:
            self._written += 1
            await self.flush()
            await self._write(event)
        else:
            calls = event.calls + (self._untold.calls if self._untold else 0)
            self._untold = Event(
                received=event.received, transport="any", remote=None, result="FAILED", code="7.4", calls=calls
            )

    async def flush(self) -> None:
        """Tell of those that were only counted."""
        event, self._untold = self._untold, None
        if event is not None:
            await self._write(event)

    async def _write(self, event: Event) -> None:
        try:
            await self._store.commit(lambda transaction: transaction.audit(event))
        except Exception:  # the call is turned away all the same
            self._log.exception("a call that was turned away is not in the audit trail")
