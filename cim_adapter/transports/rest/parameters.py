"""The parameters of URLs, as the OpenAPI document has them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from cim_adapter.items import parameters
from cim_adapter.items.parameters import MOMENT, TEXT, several
from cim_adapter.transports.rest.query import DEFAULT_LIMIT, MOST

#: Name → schema and meaning.
PARAMETERS: Final = MappingProxyType[str, tuple[dict[str, Any], str]](
    {
        **parameters.PARAMETERS,
        "id": (several(TEXT), "mRID or name of an object"),
        "asOf": (MOMENT, "the state at this time"),
        "messageId": (TEXT, "the MessageID, or Idempotency-Key, of the request that brought the readings"),
        "limit": (
            {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
            "how many items a page has at most",
        ),
        "cursor": ({"type": "string", "minLength": 1, "maxLength": 4000}, "where the last page ended: nextCursor"),
    }
)
