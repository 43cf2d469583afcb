"""What identifiers of any length are found by: 16 bytes at most."""

from __future__ import annotations

import hashlib

_SHORT = 15  # bytes; no such key can be that of a UUID or of a longer identifier


def ordered_key(identifier: str) -> bytes:
    """Equal for equal identifiers alone.

    A UUID is its own key, and so is what is short: they keep their order. Whoever counts, or makes UUIDs by the
    clock (RFC 9562 §5.7), so finds the keys of what belongs together on the same pages of an index, where hashes
    would be strewn all over it.
    """
    if len(identifier) == 36 and identifier[8:24:5] == "----" and (key := _bytes_of(identifier.replace("-", ""))):
        return key
    encoded = identifier.encode()
    return encoded if len(encoded) <= _SHORT else hashlib.sha256(encoded).digest()[:16]


def _bytes_of(digits: str) -> bytes:
    """Empty where they are no digits, or capitals: another spelling is another identifier."""
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        return b""
    return key if key.hex() == digits and len(key) == 16 else b""
