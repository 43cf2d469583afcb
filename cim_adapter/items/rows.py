"""Items as rows of texts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

_FORMULA = frozenset("=@\t\r+-")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def builtins(item: Any) -> dict[str, Any]:
    """``item`` as a dict; numbers keep their digits."""
    found: dict[str, Any] = msgspec.json.Decoder(float_hook=str).decode(msgspec.json.encode(item))
    return {name: value for name, value in found.items() if value is not None}


def members(item: msgspec.Struct) -> dict[str, Any]:
    """What an item has, by the names of JSON: texts as they are, and lists of texts or of such dicts."""
    kind = type(item)
    pairs = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    found = ((encoded, plain(getattr(item, name))) for name, encoded in pairs)
    return {name: value for name, value in found if value not in (None, [])}


def plain(value: Any) -> Any:
    """A member as texts, numbers, lists and dicts; a number that came in JSON as its text."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return members(value) if isinstance(value, msgspec.Struct) else value


def csv_head(kind: type[msgspec.Struct]) -> bytes:
    """The line with the names."""
    return ",".join(kind.__struct_encode_fields__).encode() + b"\r\n"


def csv_lines(items: Sequence[msgspec.Struct], kind: type[msgspec.Struct]) -> bytes:
    """One line an item; several texts of one member are parted by spaces, several objects are JSON."""
    out = io.StringIO()
    values = attrgetter(*kind.__struct_fields__)
    csv.writer(out, lineterminator="\r\n").writerows(
        # Most cells are empty or a harmless text: not even a call for those.
        [
            value if value is None or (type(value) is str and value[:1] not in _FORMULA) else _cell(value)
            for value in values(item)
        ]
        for item in items
    )
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    value = plain(value)
    if isinstance(value, list):
        texts = all(isinstance(one, str) for one in value)
        text = " ".join(value) if texts else msgspec.json.encode(value).decode()
    else:
        text = str(value)
    if text[:1] in _FORMULA and not _NUMBER.fullmatch(text):
        return f"'{text}"  # no spreadsheet is to take it for a formula
    return text
