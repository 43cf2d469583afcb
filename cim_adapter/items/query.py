"""Parameters that say which items are asked for: by a URL, or by the options of a command."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from cim_adapter import instants
from cim_adapter.items.members import CARRIED, LONGEST


class UnusableParameter(Exception):
    """A parameter that is not known, or whose value cannot be used."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


class Parameters:
    """Pairs of a name and a value. Raises UnusableParameter for what is not ``known`` or cannot be read."""

    def __init__(self, pairs: Iterable[tuple[str, str]], known: Collection[str]) -> None:
        self._carried = re.compile(f"{CARRIED}*")
        self._pairs = list(pairs)
        for name, _ in self._pairs:
            if name not in known:
                raise UnusableParameter(name[:80], f"no such parameter; these are: {', '.join(known)}")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may be repeated."""
        found = tuple(value for given, value in self._pairs if given == name)
        most = 4_000 if name == "cursor" else LONGEST
        for value in found:
            if not value or len(value) > most or not self._carried.fullmatch(value):
                raise UnusableParameter(name, f"found {value[:80]!r}; expected 1 to {most} characters")
        return found

    def one(self, name: str) -> str | None:
        """The value of a parameter that is given once."""
        found = self.all(name)
        if len(found) > 1:
            raise UnusableParameter(name, f"found {len(found)} values; expected one")
        return found[0] if found else None

    def words(self, name: str, possible: Collection[str]) -> frozenset[str]:
        """Values out of a list. (A ``+`` in a URL is a space, so ``Q1+Q2`` may come as ``Q1 Q2``.)"""
        found = frozenset(value.replace(" ", "+") for value in self.all(name))
        for value in found - set(possible):
            raise UnusableParameter(name, f"found {value!r}; expected one of {', '.join(possible)}")
        return found

    def moment(self, name: str) -> str | None:
        """A date and time with its offset. (A ``+`` in a URL is a space.)"""
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
            raise UnusableParameter(name, f"found {text[:80]!r}; expected {expected}") from None
        return text

    def times(self) -> tuple[str | None, str | None]:
        """The first and the last instant that ``from``, ``to`` and ``since`` leave, both included."""
        start, since = self.moment("from"), self.moment("since")
        if since is not None and (start is None or instants.instant(since) >= instants.instant(start)):
            start = instants.as_text(instants.instant(since) + 1, exact=True)
        return start, self.moment("to")
