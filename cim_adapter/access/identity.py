"""What a caller brings along, and who a caller turned out to be."""

from __future__ import annotations

import base64

import msgspec

from cim_adapter.errors import BadCredential
from cim_adapter.store.scope import Scopes


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A caller. ``name`` is the partner in journal and audit, ``credential`` what it came in by:
    ``key:ID``, ``token:NAME``, ``certificate:NAME``, ``inbox:NAME`` or ``open``. ``quota``: messages a
    minute, 0 without end. ``scopes``: what it may reach, where that is not everything (see ``store.scope``).
    """

    name: str
    role: str
    credential: str = ""
    quota: int = 0
    scopes: Scopes = ()


class Certified(msgspec.Struct, frozen=True, kw_only=True):
    """What a client certificate says that TLS verified: the ``place`` of its partner among those of
    ``client_certificates``, counted from 1, 0 where it is none of theirs; ``until`` when it is valid (an instant).
    """

    place: int
    until: int

    @classmethod
    def nobody(cls) -> Certified:
        """Of a certificate that cannot be read."""
        return cls(place=0, until=0)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a transport found. ``certificate`` is a client certificate that a trusted proxy has verified, as
    its header carries it; ``certified`` is one that we verified ourselves. ``identity`` is who it is, where the
    transport knows by itself, as that of the files in a partner's folder; nothing that a message brings along
    ever makes it.
    """

    api_key: str | None = None
    authorization: str | None = None
    certificate: str | None = None
    certified: Certified | None = None
    identity: Identity | None = None

    def token(self) -> str | None:
        """The bearer token; an API key goes before it."""
        scheme, _, value = (self.authorization or "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" and not self.api_key else None

    def key(self) -> str | None:
        """The API key, given as such or as a Basic password. Raises BadCredential for a broken header.

        A Basic user name says nothing: SOAP stacks ask for one, and the key tells whose it is.
        """
        if self.api_key:
            return self.api_key
        if not self.authorization:
            return None
        scheme, _, value = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            raise BadCredential(f"Authorization: {scheme} is not taken here; use Basic, Bearer or X-API-Key")
        try:
            user_and_password = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:
            raise BadCredential("Authorization: Basic is not base64 of user:key") from error
        return user_and_password.partition(":")[2]
