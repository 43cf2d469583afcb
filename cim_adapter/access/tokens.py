"""JWT bearer tokens (RFC 7519): HS256 with a shared secret; RS256 and ES256 with the keys of a JWKS.

The algorithm a token names only chooses where its key is looked for, never what a key is used for: the
shared secret checks HS256 and nothing else, an RSA key RS256, a P-256 key ES256. So a token that is not
signed, or signed with a public key as if it were a secret, finds no key that fits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt

from cim_adapter.access.identity import Identity
from cim_adapter.access.key_set import KeySet
from cim_adapter.access.roles import Roles
from cim_adapter.errors import BadCredential
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store.scope import Named
from cim_adapter.store.sealing import Vault

_SHORTEST = 32  # bytes of a secret: as many as its HMAC has (RFC 7518 §3.2)


class Tokens:
    """Checks tokens. Without a ``jwt_secret`` tokens are signed with a secret of this database's own, so that
    ``cim-adapter token create`` can be tried with nothing set up.
    """

    def __init__(self, settings: Settings, roles: Roles, vault: Vault) -> None:
        self._settings = settings
        self._roles = roles
        self._secret = secret_of(settings, vault)
        self._key_set: KeySet | None = None
        if settings.jwt_jwks:
            if not settings.jwt_issuer:
                raise SettingsError("jwt_jwks needs jwt_issuer: the issuer's keys may sign for others, too")
            self._key_set = KeySet(settings.jwt_jwks, refresh=settings.jwt_jwks_seconds)

    async def check(self, token: str) -> Identity:
        """Who the token stands for. Raises BadCredential, which says what is wrong with it."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise BadCredential("Authorization: Bearer does not hold a JWT") from error
        algorithm = header.get("alg", "none")
        key = await self._key(algorithm, header.get("kid"))
        settings = self._settings
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=settings.jwt_audience,
                issuer=settings.jwt_issuer or None,
                leeway=settings.jwt_leeway,
                options={"require": ["exp", "aud", settings.jwt_name_claim]},
            )
        except jwt.PyJWTError as error:
            raise BadCredential(f"this token is not good: {self._reason(error)}") from error
        return self._identity(claims)

    async def _key(self, algorithm: str, key_id: str | None) -> Any:
        if algorithm == "HS256":
            return self._secret
        if algorithm not in ("RS256", "ES256") or self._key_set is None:
            taken = "HS256, RS256 and ES256" if self._key_set else "HS256"
            raise BadCredential(f"this token is signed with {str(algorithm)[:20]!r}; taken here: {taken}")
        key = await self._key_set.find(key_id, algorithm)
        if key is None:
            raise BadCredential(f"the issuer's JWKS has no {algorithm} key {str(key_id)[:100]!r}")
        return key

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        name = claims[self._settings.jwt_name_claim]
        named = _inside(claims, self._settings.jwt_role_claim)
        roles = named if isinstance(named, list) else [named]
        role = next((item for item in roles if isinstance(item, str) and item in self._roles), None)
        if not isinstance(name, str) or not name or role is None:
            raise BadCredential(
                f"this token must name its holder in {self._settings.jwt_name_claim!r} and in "
                f"{self._settings.jwt_role_claim!r} one of the roles {', '.join(self._roles.names)}"
            )
        quota = claims.get("quota")
        if not isinstance(quota, int) or isinstance(quota, bool) or quota < 0:
            quota = self._settings.quota
        return Identity(
            name=name,
            role=role,
            credential=f"token:{name}",
            quota=quota,
            scopes=self._roles.scopes(role, self._scope(claims)),
        )

    def _scope(self, claims: Mapping[str, Any]) -> list[Named]:
        """What the token says its holder may reach. Raises BadCredential where that cannot be read."""
        told = _inside(claims, self._settings.jwt_scope_claim)
        try:
            listed = [] if told is None else [Named.of(text) for text in told]
            if told is not None and not listed:
                raise ValueError("it names nothing")
        except (AttributeError, TypeError, ValueError) as error:
            raise BadCredential(f"the claim {self._settings.jwt_scope_claim!r} of this token: {error}") from error
        return listed

    def _reason(self, error: jwt.PyJWTError) -> str:
        match error:
            case jwt.ExpiredSignatureError():
                return "it has expired; get a new one"
            case jwt.ImmatureSignatureError():
                return "it is not valid yet; compare the clocks"
            case jwt.InvalidAudienceError():
                return f"it is for another audience than {self._settings.jwt_audience}"
            case jwt.InvalidIssuerError():
                return f"it is of another issuer than {self._settings.jwt_issuer}"
            case jwt.MissingRequiredClaimError():
                return f"it lacks {error.claim}"
            case _:
                return "its signature does not fit"


def issue(settings: Settings, vault: Vault, *, name: str, role: str, minutes: float, quota: int | None) -> str:
    """A token for trials, signed with HS256."""
    now = int(time.time())
    claims: dict[str, Any] = {
        settings.jwt_name_claim: name,
        settings.jwt_role_claim: role,
        "aud": settings.jwt_audience,
        "iat": now,
        "nbf": now,
        "exp": now + int(minutes * 60),
    }
    if settings.jwt_issuer:
        claims["iss"] = settings.jwt_issuer
    if quota is not None:
        claims["quota"] = quota
    return jwt.encode(claims, secret_of(settings, vault), algorithm="HS256")


def secret_of(settings: Settings, vault: Vault) -> bytes:
    """The secret of HS256. Raises SettingsError for one that can be guessed."""
    if not settings.jwt_secret:
        return vault.digest("secret of JSON Web Tokens")
    secret = settings.jwt_secret.encode()
    if len(secret) < _SHORTEST:
        raise SettingsError(f"jwt_secret has {len(secret)} bytes; give it {_SHORTEST} or more")
    return secret


def _inside(claims: Mapping[str, Any], path: str) -> Any:
    """The claim at ``path``: its whole name, or names with dots between them (``realm_access.roles``)."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
