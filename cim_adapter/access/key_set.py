"""The public keys of a token issuer: a JWKS (RFC 7517) from a file or a URL."""

from __future__ import annotations

import asyncio
import logging
import time
import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec

from cim_adapter.settings import SettingsError

_LARGEST = 1 << 20  # bytes of a JWKS
_SHORTEST_RSA = 2048  # bits (RFC 7518 §3.3)
_PATIENCE = 5.0  # seconds to wait for it


class KeySet:
    """Keys by id. No message waits for the network, but one that names a key which is not there, and of
    those at most one every ``retry`` seconds.

    The set is read again every ``refresh`` seconds, beside the traffic; while it cannot be read, the last
    one counts.
    """

    def __init__(self, source: str, *, refresh: float, retry: float = 10.0) -> None:
        self._source = source
        self._refresh = refresh
        self._retry = retry
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._asked: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._log = logging.getLogger("cim_adapter.access")
        _check(source)

    async def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        """The key with this id, which must be one for ``algorithm``; without an id the only such key."""
        found = self._find(key_id, algorithm)
        age = float("inf") if self._asked is None else time.monotonic() - self._asked
        if age >= (self._refresh if found else self._retry):
            self._begin()
        if found is None and self._asking is not None:
            await asyncio.shield(self._asking)  # others wait for the same answer
            found = self._find(key_id, algorithm)
        return found

    def _find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        fitting = [
            key
            for own_id, key in self._keys.items()
            if key.algorithm_name == algorithm and key_id in (None, own_id)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _begin(self) -> None:
        if self._asking is None or self._asking.done():
            self._asked = time.monotonic()
            self._asking = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            text = await asyncio.to_thread(_fetch, self._source)
            self._keys = _keys(text)
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self._log.warning("the JWKS at %s cannot be read: %s", self._source, error)
        else:
            self._log.info("the JWKS at %s holds %d keys", self._source, len(self._keys))


def _check(source: str) -> None:
    parts = urlsplit(source)
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise SettingsError(
            f"jwt_jwks: {source} is fetched in clear; whoever changes it lets himself in: use https"
        )
    if parts.scheme not in ("http", "https") and not Path(source).is_file():
        raise SettingsError(f"jwt_jwks: there is no file {source}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fetch(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    request = urllib.request.Request(source, headers={"Accept": "application/json"})  # noqa: S310  checked above
    with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
        text: bytes = response.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST:,} bytes")
    return text


def _keys(text: bytes) -> dict[str, jwt.PyJWK]:
    """RSA keys of 2,048 bits or more for RS256, P-256 keys for ES256; all others are left out.

    A symmetric key in a set that anyone may read is no secret, so none is taken from it.
    """
    found: dict[str, jwt.PyJWK] = {}
    documents: list[dict[str, Any]] = msgspec.json.decode(text, type=dict[str, Any]).get("keys", [])
    for number, document in enumerate(documents):
        algorithm = {"RSA": "RS256", "EC": "ES256"}.get(document.get("kty", ""))
        other_curve = algorithm == "ES256" and document.get("crv") != "P-256"
        other_use = document.get("use", "sig") != "sig" or document.get("alg", algorithm) != algorithm
        if algorithm is None or other_curve or other_use:
            continue
        key = jwt.PyJWK(document, algorithm=algorithm)
        if algorithm == "ES256" or key.key.key_size >= _SHORTEST_RSA:
            found[document.get("kid") or f"key {number}"] = key
    return found
