"""Parameters of a query, and pages of what it finds."""

from __future__ import annotations

import base64
import re
from binascii import b2a_base64
from collections.abc import Collection, Iterable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from cim_adapter import instants
from cim_adapter.transports.rest.members import CARRIED, LONGEST
from cim_adapter.transports.rest.problem import RestError

T = TypeVar("T")

DEFAULT_LIMIT = 1_000
MOST = 100_000
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
PAGING = ("limit", "cursor")


class Query:
    """The parameters of one request. Raises RestError (400) for what is not known or cannot be read."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._carried = re.compile(f"{CARRIED}*")
        try:
            self._pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
        except (ValueError, UnicodeDecodeError) as error:
            raise RestError(400, f"the query cannot be read: {error}", code="1.6") from None
        for name, _ in self._pairs:
            if name not in known:
                raise RestError.parameter(name[:80], f"no such parameter; these are: {', '.join(known)}")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated."""
        found = tuple(value for given, value in self._pairs if given == name)
        most = 4_000 if name == "cursor" else LONGEST
        for value in found:
            if not value or len(value) > most or not self._carried.fullmatch(value):
                raise RestError.parameter(name, f"found {value[:80]!r}; expected 1 to {most} characters")
        return found

    def one(self, name: str) -> str | None:
        """The value of a parameter that is given once."""
        found = self.all(name)
        if len(found) > 1:
            raise RestError.parameter(name, f"found {len(found)} values; expected one")
        return found[0] if found else None

    def words(self, name: str, possible: Collection[str]) -> frozenset[str]:
        """Values out of a list. (A ``+`` in a query is a space, so ``Q1+Q2`` comes as ``Q1 Q2``.)"""
        found = frozenset(value.replace(" ", "+") for value in self.all(name))
        for value in found - set(possible):
            raise RestError.parameter(name, f"found {value!r}; expected one of {', '.join(possible)}")
        return found

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
            raise RestError.parameter(name, f"found {text[:80]!r}; expected {least} to {most}")
        return found

    def moment(self, name: str) -> str | None:
        """A date and time with its offset. (A ``+`` in a query is a space.)"""
        text = self.one(name)
        if text is None:
            return None
        text = text.replace(" ", "+")
        try:
            instants.instant(text)
            if "T" not in text or not (text.endswith("Z") or text[-6] in "+-"):
                raise ValueError
            if len(text.rpartition("T")[2]) < len("00:00:00Z"):
                raise ValueError
        except (ValueError, IndexError):
            expected = "a date and time with its offset, such as 2026-03-01T00:00:00Z"
            raise RestError.parameter(name, f"found {text[:80]!r}; expected {expected}") from None
        return text

    def limit(self) -> int:
        """How many items a page has at most."""
        return self.number("limit", 1, MOST) or DEFAULT_LIMIT

    def cursor(self, kind: type[T]) -> T | None:
        """Where the last page ended; None for the first one. Raises RestError for one that we never gave."""
        text = self.one("cursor")
        if text is None:
            return None
        found: T | None = of_token(text, kind)
        if found is None:
            raise RestError.parameter("cursor", "expected the cursor of a Link or of nextCursor")
        return found

    def link(self, url: str, cursor: str | None) -> tuple[str, str]:
        """The header that says where the first page is, and the next one."""
        kept = [(name, value) for name, value in self._pairs if name != "cursor"]
        links = [_link(url, kept, "first")]
        if cursor is not None:
            links.append(_link(url, [*kept, ("cursor", cursor)], "next"))
        return "link", ", ".join(links)


def as_token(key: Any) -> str:
    """A place in the order of answers as a text for a URL: an id, or the cursor of the next page."""
    text = b2a_base64(msgspec.msgpack.encode(key), newline=False)
    return text.translate(_URL_SAFE).rstrip(b"=").decode()


def of_token(text: str, kind: Any) -> Any:
    """The place of type ``kind`` that ``as_token`` made a text of; None for a text that it never made."""
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        return None


def _link(url: str, pairs: Iterable[tuple[str, str]], relation: str) -> str:
    text = urlencode(list(pairs))
    return f'<{url}{"?" if text else ""}{text}>; rel="{relation}"'
