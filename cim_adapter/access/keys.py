"""API keys. A key is ``cim_<id>_<secret>``; the database holds the id and a hash of the whole key."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable

from cim_adapter.access.audit import administered
from cim_adapter.store import api_keys
from cim_adapter.store.api_keys import ApiKey
from cim_adapter.store.scope import Named
from cim_adapter.store.store import Store
from cim_adapter.store.transaction import Transaction


def new_key(*, name: str, role: str, quota: int | None = None, scope: Iterable[Named] = ()) -> tuple[str, ApiKey]:
    """A new key and the row to store of it.

    The row keeps a plain SHA-256: the secret has 256 random bits, so a slow password hash would add
    time to every request and no strength.
    """
    key_id = secrets.token_hex(6)
    key = f"cim_{key_id}_{secrets.token_urlsafe(32)}"
    return key, ApiKey(id=key_id, name=name, role=role, digest=_digest(key), quota=quota, scope=tuple(scope))


async def give_key(
    store: Store, *, name: str, role: str, quota: int | None = None, scope: Iterable[Named] = ()
) -> str:
    """A new key that is good from now on; the audit trail is told. Nobody can say it a second time."""
    key, row = new_key(name=name, role=role, quota=quota, scope=scope)

    def keep(transaction: Transaction) -> None:
        api_keys.add(transaction, row)
        transaction.audit(administered("create", "ApiKey", f"ApiKey/{row.id}"))

    await store.commit(keep)
    return key


class ApiKeys:
    """Checks keys. A key's row is trusted for ``cache_seconds``: so long does a revoked key still work."""

    def __init__(self, store: Store, cache_seconds: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cache: dict[str, tuple[float, ApiKey]] = {}
        self._asked: dict[str, asyncio.Future[ApiKey | None]] = {}

    async def check(self, key: str) -> ApiKey | None:
        """The key's row if the key is good. Compares in constant time."""
        key_id = _id_of(key)
        if not key_id:
            return None
        fresh_until, known = self._cache.get(key_id, (0.0, None))
        if known is None or self._clock() > fresh_until:
            known = await self._ask(key_id)
            if known is None:
                return None
        return known if hmac.compare_digest(known.digest, _digest(key)) else None

    async def _ask(self, key_id: str) -> ApiKey | None:
        """The key's row. All who come while the store is being asked for it wait for the one answer."""
        asked = self._asked.get(key_id)
        if asked is None:
            asked = self._asked[key_id] = asyncio.ensure_future(self._find(key_id))
            asked.add_done_callback(lambda _: self._asked.pop(key_id, None))
        return await asyncio.shield(asked)  # who goes away takes the answer from nobody else

    async def _find(self, key_id: str) -> ApiKey | None:
        known = await self._store.read(lambda reader: api_keys.find(reader, key_id))
        if known is None:
            self._cache.pop(key_id, None)
        else:
            self._cache[key_id] = (self._clock() + self._cache_seconds, known)
        return known


def _id_of(key: str) -> str:
    found = re.match(r"cim_([0-9a-f]{12})_", key)
    return found[1] if found else ""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
