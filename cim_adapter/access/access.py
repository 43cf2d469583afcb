"""Who: from credentials to an identity. May: from an identity, verb and noun to yes or no."""

from __future__ import annotations

import base64
import time

import msgspec

from cim_adapter.access.keys import ApiKeys
from cim_adapter.access.roles import Roles
from cim_adapter.errors import BadCredential, Forbidden, Unauthenticated
from cim_adapter.settings import Settings
from cim_adapter.store.store import Store


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a transport found: an API key, given as such or as a Basic password."""

    api_key: str | None = None
    authorization: str | None = None

    def key(self) -> str | None:
        """The API key, wherever it stands. Raises BadCredential for a broken Authorization header."""
        if self.api_key:
            return self.api_key
        if not self.authorization:
            return None
        scheme, _, value = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            raise BadCredential(f"Authorization: {scheme} is not taken here; use X-API-Key or Basic")
        try:
            user_and_password = base64.b64decode(value.strip(), validate=True).decode()
        except ValueError as error:
            raise BadCredential("Authorization: Basic is not base64 of user:key") from error
        return user_and_password.partition(":")[2]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A caller. ``name`` is the partner in journal and audit."""

    name: str
    role: str


class Access:
    """The one place that lets callers in."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._open = settings.open
        self._keys = ApiKeys(store, settings.key_cache_seconds, time.monotonic)
        self._roles = Roles()

    async def who(self, credentials: Credentials) -> Identity:
        """The caller. Raises Unauthenticated (7.2) without a credential, BadCredential (7.4) for a bad one."""
        if self._open:
            return Identity(name="anyone", role="admin")
        key = credentials.key()
        if key is None:
            raise Unauthenticated("give an API key, as X-API-Key or as the password of HTTP Basic")
        known = await self._keys.check(key)
        if known is None:
            raise BadCredential("this API key is not known, or was revoked")
        return Identity(name=known.name, role=known.role)

    def may(self, identity: Identity, verb: str, noun: str) -> None:
        """Raises Forbidden (7.5) where the caller's role does not allow ``verb`` on ``noun``."""
        if not self._roles.may(identity.role, verb, noun):
            raise Forbidden(f"{identity.name} has the role {identity.role}, which does not allow {verb} {noun}")
