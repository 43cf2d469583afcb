"""What is raised for words that no code stands for."""

from __future__ import annotations

from collections.abc import Iterable


class Impossible(ValueError):
    """A word, or a combination of words, that has no code. ``member`` is the one to mend; ``possible`` are the
    values it may take beside the others.
    """

    def __init__(self, member: str, found: object, possible: Iterable[object], why: str = "") -> None:
        self.member = member
        self.found = found
        self.possible = tuple(str(item) for item in possible)
        listed = ", ".join(self.possible) if self.possible else "none at all"
        super().__init__(f"{member} {str(found)[:60]!r}{why and ' '}{why} has no code; possible: {listed}")
