"""What a GET of /meter-readings asks for."""

from __future__ import annotations

import msgspec

from cim_adapter import instants
from cim_adapter.transports.rest.problem import RestError
from cim_adapter.transports.rest.query import PAGING, Query
from cim_adapter.transports.rest.vocabulary import QualityWords, Quantity, ReadingWords


class ReadingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a GET asks for."""

    meters: tuple[str, ...] = ()
    usage_points: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    parts: dict[str, frozenset[str]] = {}
    qualities: frozenset[str] = frozenset()
    start: str | None = None
    end: str | None = None

    NAMES = (
        *("meter", "usagePoint", "readingType", "unit", "phase", "energyDirection", "intervalLength", "quality"),
        *("from", "to", "since", *PAGING),
    )

    @classmethod
    def read(cls, query: Query) -> ReadingQuery:
        """What the parameters say. Raises RestError."""
        types = query.all("readingType")
        codes = tuple(item for item in types if "." in item)
        for item in types:
            if item not in (*codes, *ReadingWords.TYPES):
                possible = f"18 numbers joined by dots, or one of {', '.join(ReadingWords.TYPES)}"
                raise RestError.parameter("readingType", f"found {item[:80]!r}; expected {possible}")
        parts = {
            "reading_type": frozenset(types) - set(codes),
            "unit": query.words("unit", ReadingWords.UNITS),
            "phase": query.words("phase", ReadingWords.PHASES),
            "energy_direction": query.words("energyDirection", ReadingWords.DIRECTIONS),
            "interval_length": query.words("intervalLength", ReadingWords.LENGTHS),
        }
        start, since = query.moment("from"), query.moment("since")
        if since is not None and (start is None or instants.instant(since) >= instants.instant(start)):
            start = instants.as_text(instants.instant(since) + 1, exact=True)
        return cls(
            meters=query.all("meter"),
            usage_points=query.all("usagePoint"),
            codes=codes,
            parts={name: words for name, words in parts.items() if words},
            qualities=query.words("quality", QualityWords.WORDS),
            start=start,
            end=query.moment("to"),
        )

    def fits(self, quantity: Quantity) -> bool:
        """Whether a quantity is asked for, by each of its parts."""
        return all(getattr(quantity, name) in words for name, words in self.parts.items())
