"""Who: from credentials to an identity. May: from an identity, verb and noun to yes or no."""

from __future__ import annotations

import time

from cim_adapter.access.audit import TurnedAway
from cim_adapter.access.certificates import Certificates
from cim_adapter.access.identity import Credentials, Identity
from cim_adapter.access.keys import ApiKeys
from cim_adapter.access.quota import Quotas
from cim_adapter.access.roles import Roles
from cim_adapter.access.tokens import Tokens
from cim_adapter.errors import BadCredential, Forbidden, Unauthenticated
from cim_adapter.settings import Settings
from cim_adapter.store.store import Store

#: Nouns that are of meters and usage points, and nothing else.
_CONFINED = ("MeterReadings", "EndDeviceEvents", "EndDeviceControls")


class Access:
    """The one place that lets callers in. Raises SettingsError for settings that could let in the wrong ones."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._open = settings.open
        self._quota = settings.quota
        self._keys = ApiKeys(store, settings.key_cache_seconds, time.monotonic)
        self.quotas = Quotas()
        self.turned_away = TurnedAway(store)
        self._roles = Roles(settings.roles, settings.role_scopes)
        self._tokens = Tokens(settings, self._roles, store.vault)
        self.certificates = Certificates(settings, self._roles)

    async def who(self, credentials: Credentials) -> Identity:
        """The caller. Raises Unauthenticated (7.2) without a credential, BadCredential (7.4) for a bad one."""
        if credentials.identity is not None:
            return credentials.identity
        if self._open:
            return Identity(name="anyone", role="admin", credential="open")
        token = credentials.token()
        if token is not None:
            return await self._tokens.check(token)
        key = credentials.key()
        if key is not None:
            return await self._holder(key)
        if credentials.certificate:
            return self.certificates.check(credentials.certificate)
        if credentials.certified is not None:
            return self.certificates.partner(credentials.certified)
        raise Unauthenticated(
            "give an API key, as X-API-Key or as the password of HTTP Basic, or a token as Authorization: Bearer"
        )

    def may(self, identity: Identity, verb: str, noun: str) -> None:
        """Raises Forbidden (7.5) where the caller's role does not allow ``verb`` on ``noun``."""
        if not self._roles.may(identity.role, verb, noun):
            raise Forbidden(f"{identity.name} has the role {identity.role}, which does not allow {verb} {noun}")
        if identity.scopes and noun not in _CONFINED:
            raise Forbidden(
                f"{identity.name} may reach some meters, usage points or groups alone; whoever has such a scope "
                f"may send {', '.join(_CONFINED)}, not {noun}"
            )

    async def _holder(self, key: str) -> Identity:
        known = await self._keys.check(key)
        if known is None:
            raise BadCredential("this API key is not known, or was revoked")
        return Identity(
            name=known.name,
            role=known.role,
            credential=f"key:{known.id}",
            quota=self._quota if known.quota is None else known.quota,
            scopes=self._roles.scopes(known.role, known.scope),
        )
