"""A MessageID for a message that came without: made of its name and its content, so that the same file, taken
twice by an accident or dropped twice by a partner, is the same message.
"""

from __future__ import annotations

import hashlib
import os
import uuid

from lxml import etree

from cim_adapter.xmltree import children, namespace

_AFTER = ("CorrelationID", "Comment", "Property")  # what stands behind MessageID (facts/envelope.md §1.2)


def number_of(name: str, member: str | None, body: bytes) -> str:
    """The MessageID of a file, or of a member of one: a UUID of version 8 (RFC 9562 §5.8)."""
    digest = hashlib.sha256()
    for part in (os.fsencode(name), os.fsencode(member or "")):
        digest.update(hashlib.sha256(part).digest())
    digest.update(body)
    raw = bytearray(digest.digest()[:16])
    raw[6], raw[8] = 0x80 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(raw)))


def give_number(header: etree._Element, number: str) -> None:
    """Write ``number`` into a Header that has no MessageID."""
    parts = dict(children(header))
    own = parts.get("MessageID")
    if own is None:
        outer = namespace(next(iter(parts.values()), header))
        own = header.makeelement(f"{{{outer}}}MessageID" if outer else "MessageID", {}, None)
        behind = next(
            (child for name, child in children(header) if name in _AFTER or namespace(child) != outer), None
        )
        if behind is None:
            header.append(own)
        else:
            behind.addprevious(own)
    if not (own.text or "").strip():
        own.text = number
