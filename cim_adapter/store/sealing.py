"""Sealing: authenticated encryption of everything personal, and keyed hashes to find names by.

A sealed value is: format byte 1 · key id (4) · nonce (12) · AES-256-GCM ciphertext and tag. The row it
belongs to is associated data, so a value moved to another row does not open.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from collections.abc import Iterable
from itertools import count

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = b"\x01"
_PLAIN, _DEFLATED = b"\x00", b"\x01"
_WORTH_DEFLATING = 2048  # bytes; below, setting deflate up costs more than the bytes it saves


class StoreError(Exception):
    """The store cannot be opened, or not be read; the text is written for the operator."""


class SealError(StoreError):
    """A sealed value does not open: wrong data key, or the value was changed or moved."""


class Nonces:
    """Nonces that never repeat under one key: eight random bytes, then a count (NIST SP 800-38D §8.2.1).

    Random ones would do for 2**32 values under one key, a week of a busy adapter; and the system's random
    numbers let go of the interpreter, which another thread then takes.
    """

    def __init__(self) -> None:
        self._series = self._begin()

    @staticmethod
    def _begin() -> tuple[int, bytes, count[int]]:
        return os.getpid(), os.urandom(8), count()

    def next(self) -> bytes:
        """12 bytes."""
        process, prefix, numbers = self._series
        number = next(numbers)
        if process != os.getpid() or number > 0xFFFFFFFF:  # a fork must not count on with its parent's
            self._series = self._begin()
            return self.next()
        return prefix + number.to_bytes(4, "big")


class DataKey:
    """32 bytes that seal. Its id, four bytes of its SHA-256, stands in front of what it sealed."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise SealError(f"a data key has 32 bytes, this one has {len(secret)}")
        self.id = hashlib.sha256(b"cim_adapter data key id" + secret).digest()[:4]
        self.cipher = AESGCM(secret)
        self.nonces = Nonces()

    @classmethod
    def from_text(cls, text: str) -> DataKey:
        """From base64, as ``data_key`` and the file ``data.key`` hold it."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError as error:
            raise SealError("the data key is not base64") from error


class Mac:
    """Keyed BLAKE2b (RFC 7693 §2.9): what HMAC-SHA-256 promises, at a fifth of its cost. A key has 64 bytes at
    most.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = hashlib.blake2b(key=key, digest_size=32)

    def of(self, data: bytes) -> bytes:
        """32 bytes that nobody can make, or check, without the key."""
        mac = self._keyed.copy()
        mac.update(data)
        return mac.digest()


class Vault:
    """Seals and opens values, and hashes names. Safe to use from several threads.

    ``key`` seals. Others may open what they sealed, while it is sealed anew.
    """

    def __init__(self, key: DataKey, index_key: bytes, others: Iterable[DataKey] = ()) -> None:
        self._key = key
        self._keys = {known.id: known for known in (*others, key)}
        self._index_mac = Mac(index_key)

    @property
    def key_id(self) -> bytes:
        """The id of the key that seals."""
        return self._key.id

    def use(self, key: DataKey, others: Iterable[DataKey]) -> None:
        """Seal with ``key`` from now on; what was sealed before still opens."""
        self._keys = {known.id: known for known in (*self._keys.values(), *others, key)}
        self._key = key

    def seal(self, value: bytes, row: str) -> bytes:
        """``value`` deflated where that pays, then encrypted and bound to ``row``."""
        return seal(self._key, value, row)

    def open(self, sealed: bytes, row: str) -> bytes:
        """What was sealed for ``row``. Raises SealError."""
        return unseal(self._keys.get(sealed[1:5], self._key), sealed, row)

    def digest(self, *parts: str) -> bytes:
        """A keyed hash of ``parts``: equal parts, equal hash; without the key it tells nothing."""
        joined = "\x1f".join(parts).encode()
        return self._index_mac.of(joined)


def seal(key: DataKey, value: bytes, row: str) -> bytes:
    """See ``Vault.seal``; a free function because the index key is sealed before there is a vault."""
    deflated = zlib.compress(value, 1) if len(value) >= _WORTH_DEFLATING else value
    body = _DEFLATED + deflated if len(deflated) < len(value) else _PLAIN + value
    nonce = key.nonces.next()
    return _FORMAT + key.id + nonce + key.cipher.encrypt(nonce, body, row.encode())


def unseal(key: DataKey, sealed: bytes, row: str) -> bytes:
    """See ``Vault.open``."""
    if sealed[:1] != _FORMAT or len(sealed) < 34:
        raise SealError("not a sealed value")
    if sealed[1:5] != key.id:
        raise SealError(
            f"sealed with the data key {sealed[1:5].hex()}, but the key given is {key.id.hex()}: "
            "start with the data key this database was made with"
        )
    try:
        body = key.cipher.decrypt(sealed[5:17], sealed[17:], row.encode())
    except InvalidTag as error:
        raise SealError(f"the sealed value of {row} was changed or moved") from error
    return zlib.decompress(body[1:]) if body[:1] == _DEFLATED else body[1:]
