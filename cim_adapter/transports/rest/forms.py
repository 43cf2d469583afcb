"""The forms in which REST takes and gives bodies."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from cim_adapter.transports.accept import essence, preferred


class Form(StrEnum):
    """A form; the value is its media type."""

    JSON = "application/json"
    XML = "application/xml"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"

    @classmethod
    def sent(cls, content_type: str) -> Form | None:
        """The form of a Content-Type; None for one that we do not take."""
        name = essence(content_type)
        if name == cls.JSON or name.endswith("+json"):
            return cls.JSON
        if name in (cls.XML, "text/xml"):
            return cls.XML
        return cls.NDJSON if name in (cls.NDJSON, "application/ndjson") else None

    @classmethod
    def wanted(cls, accept: str, offers: Sequence[Form]) -> Form | None:
        """The form that ``accept`` likes best; None where it likes none of ``offers``."""
        found = preferred(accept, [*offers, "application/ndjson"] if cls.NDJSON in offers else offers)
        return cls.NDJSON if found == "application/ndjson" else None if found is None else cls(found)

    @property
    def content_type(self) -> str:
        return f"{self.value}; charset=utf-8" if self in (Form.XML, Form.CSV) else self.value
