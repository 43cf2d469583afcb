"""The parameters of a URL, and pages of what they find."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from cim_adapter.items.query import Parameters, UnusableParameter
from cim_adapter.items.tokens import of_token
from cim_adapter.transports.rest.problem import RestError

T = TypeVar("T")

DEFAULT_LIMIT = 1_000
MOST = 100_000
PAGING = ("limit", "cursor")


class Query(Parameters):
    """The parameters of one request. Raises RestError (400) or UnusableParameter for what is not known or cannot
    be read.
    """

    def __init__(self, text: str, known: Collection[str]) -> None:
        try:
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
        except (ValueError, UnicodeDecodeError) as error:
            raise RestError(400, f"the query cannot be read: {error}", code="1.6") from None
        super().__init__(pairs, known)

    def number(self, name: str, least: int, most: int) -> int | None:
        """A whole number."""
        text = self.one(name)
        if text is None:
            return None
        try:
            found = int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else None
        except ValueError:
            found = None
        if found is None or not least <= found <= most:
            raise UnusableParameter(name, f"found {text[:80]!r}; expected {least} to {most}")
        return found

    def limit(self) -> int:
        """How many items a page has at most."""
        return self.number("limit", 1, MOST) or DEFAULT_LIMIT

    def cursor(self, kind: type[T]) -> T | None:
        """Where the last page ended; None for the first one. Raises UnusableParameter for one we never gave."""
        text = self.one("cursor")
        if text is None:
            return None
        found: T | None = of_token(text, kind)
        if found is None:
            raise UnusableParameter("cursor", "expected the cursor of a Link or of nextCursor")
        return found

    def link(self, url: str, cursor: str | None) -> tuple[str, str]:
        """The header that says where the first page is, and the next one."""
        kept = [(name, value) for name, value in self._pairs if name != "cursor"]
        links = [_link(url, kept, "first")]
        if cursor is not None:
            links.append(_link(url, [*kept, ("cursor", cursor)], "next"))
        return "link", ", ".join(links)


def _link(url: str, pairs: Iterable[tuple[str, str]], relation: str) -> str:
    text = urlencode(list(pairs))
    return f'<{url}{"?" if text else ""}{text}>; rel="{relation}"'
