"""What a message is on its way: a passage while it is being understood, then a call that is ready to run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from cim_adapter import instants
from cim_adapter.access import Identity
from cim_adapter.access.audit import objects_named
from cim_adapter.envelope import Error, Header, Message, Piece, Reply, Shape
from cim_adapter.nouns.identity_xml import write_id
from cim_adapter.nouns.registry import Call, Handler
from cim_adapter.store import journal
from cim_adapter.store.quota import Charge
from cim_adapter.store.scope import KINDS, Scopes, confined, reach
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Reader
from cim_adapter.tolerance import Use, as_json
from cim_adapter.wire import Arrival, Wire

_BEYOND = "this is not within the scope of the caller"


class Whole(msgspec.Struct, frozen=True):
    """A body that is not held: its SHA-256, and its bytes."""

    digest: bytes
    size: int


class Passage(msgspec.Struct):
    """One message on its way, and what is known of it so far: all that a refusal can say."""

    arrival: Arrival
    identity: Identity
    uid: str = msgspec.field(default_factory=journal.new_uid)
    received: int = msgspec.field(default_factory=instants.now)
    shape: Shape | None = None
    sent: Header | None = None
    """The header as it was sent: what the answer echoes."""
    message: Message | None = None
    entry: journal.Entry | None = None
    charge: Charge | None = None
    first: int = 0
    """Where what it brings is numbered from: see ``Call.first``."""
    whole: Whole | None = None
    """Where ``arrival.body`` is only the frame of what was sent."""
    uses: tuple[Use, ...] = ()
    compressed: bool = False
    """Whether the payload of the answer is to be."""
    inflated: bool = False
    """What is in it came compressed, and is larger than its body."""

    @property
    def size(self) -> int | None:
        """Bytes that all its elements came in, where that is known."""
        return None if self.inflated else len(self.arrival.body)

    def as_entry(self, vault: Vault, subjects: tuple[str, ...] = (), subject_count: int = 0) -> journal.Entry:
        """The journal's row, as far as it is known. ``subjects``: see ``access.audit``."""
        header = self.message.header if self.message else None
        body, whole = self.arrival.body, self.whole
        return journal.Entry(
            uid=self.uid,
            received=self.received,
            transport=self.arrival.wire.name,
            remote=self.arrival.remote,
            partner=self.identity.name,
            digest=whole.digest if whole else hashlib.sha256(body).digest(),
            size=whole.size if whole else None,
            request=journal.seal_request(vault, self.uid, body),
            verb=header.verb if header else None,
            noun=header.noun if header else None,
            source=header.source if header else None,
            message_id=header.message_id if header else None,
            correlation_id=header.correlation_id if header else None,
            credential=self.identity.credential,
            subjects=subjects,
            subject_count=subject_count,
            warnings=as_json(self.uses),
        )


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is ready to be carried out."""

    wire: Wire
    shape: Shape
    sent: Header
    body: bytes
    call: Call
    handler: Handler
    prepared: Any
    entry: journal.Entry
    charge: Charge | None
    scopes: Scopes = ()
    compressed: bool = False
    """Whether the payload of the answer is to be."""

    def run(self, reader: Reader) -> Reply:
        """What the handler answers. To a caller with a scope nothing is there that is outside of it; a message
        that names such a thing is refused (7.5), whether there is one or not.
        """
        if not self.scopes:
            return self.handler.run(self.call, self.prepared, reader)
        reached = reach(reader, self.scopes)
        beyond = [
            Error(code="7.5", level="FATAL", reason=_BEYOND, id=write_id(kind, identity))
            for kind, identity in sorted(objects_named(self.call), key=str)
            if kind in KINDS and not reached.admits(reader, kind, identity)
        ]
        if beyond:
            return Reply.of(beyond, any_done=False)
        with confined(reader, reached):
            return self.handler.run(self.call, self.prepared, reader)

    def further(self, reader: Reader, make: Callable[[Reader], Piece]) -> Piece:
        """The next piece of an answer that ``run`` began, as far as the caller may reach it now."""
        if not self.scopes:
            return make(reader)
        with confined(reader, reach(reader, self.scopes)):
            return make(reader)
