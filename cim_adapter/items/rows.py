"""Items as rows of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec


def builtins(item: Any) -> dict[str, Any]:
    """``item`` as a dict; numbers keep their digits."""
    found: dict[str, Any] = msgspec.json.Decoder(float_hook=str).decode(msgspec.json.encode(item))
    return {name: value for name, value in found.items() if value is not None}


def csv_head(kind: type[msgspec.Struct]) -> bytes:
    """The line with the names."""
    return ",".join(_names(kind)).encode() + b"\r\n"


def csv_lines(items: Sequence[msgspec.Struct], kind: type[msgspec.Struct]) -> bytes:
    """One line an item; several values of one member are parted by spaces."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _names(kind), lineterminator="\r\n")
    writer.writerows({name: _cell(value) for name, value in builtins(item).items()} for item in items)
    return out.getvalue().encode()


def _names(kind: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _cell(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text[:1] in ("=", "@", "\t", "\r") else text  # no spreadsheet is to take it for a formula
