"""Places in the order of items as texts: the id of a reading, the cursor of a page."""

from __future__ import annotations

import base64
from binascii import b2a_base64
from typing import Any

import msgspec

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def as_token(key: Any) -> str:
    """A place as a text that may stand in a URL."""
    text = b2a_base64(msgspec.msgpack.encode(key), newline=False)
    return text.translate(_URL_SAFE).rstrip(b"=").decode()


def of_token(text: str, kind: Any) -> Any:
    """The place of type ``kind`` that ``as_token`` made a text of; None for a text that it never made."""
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        return None
