"""Items into bodies: JSON, XML, NDJSON, CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cim_adapter.items.rows import builtins, csv_head, csv_lines
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
