"""Items into bodies: JSON, XML, NDJSON, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from cim_adapter.transports.rest.bodies import as_xml
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rsgi import Response


def one(item: Any, name: str, form: Form, *headers: tuple[str, str], status: int = 200) -> Response:
    """One item; in XML the document element is called ``name``."""
    body = as_xml(name, name, (), builtins(item)) if form is Form.XML else msgspec.json.encode(item)
    media = Form.XML if form is Form.XML else Form.JSON
    return Response(status=status, content_type=media.content_type, body=body, headers=headers)


def listed(
    items: Sequence[msgspec.Struct],
    kind: type[msgspec.Struct],
    member: str,
    form: Form,
    more: dict[str, Any],
    *headers: tuple[str, str],
) -> Response:
    """A page of items of one kind. ``more`` stands beside them, in the forms that have a place for it."""
    match form:
        case Form.NDJSON:
            body = msgspec.json.Encoder().encode_lines(items)
        case Form.CSV:
            body = csv_head(kind) + csv_lines(items, kind)
        case Form.XML:
            body = as_xml(f"{member}List", member, map(builtins, items), more)
        case _:
            body = msgspec.json.encode({member: items, **more})
    return Response(content_type=form.content_type, body=body, headers=headers)


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
