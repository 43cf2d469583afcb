"""Which of the media types that we can give a caller likes best (RFC 9110 §12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence


def essence(media: str) -> str:
    """The media type without its parameters, lower case."""
    return media.partition(";")[0].strip().lower()


def preferred(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that ``accept`` likes best, the earlier of two that it likes alike; None where it likes none."""
    ranges = [_range(item) for item in accept.split(",") if item.strip()] or [("*/*", 1.0)]
    best = max(offers, key=lambda offer: _liking(offer, ranges), default=None)
    return best if best is not None and _liking(best, ranges) > 0 else None


def _liking(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality of the most specific range that ``offer`` is in."""
    kind = offer.partition("/")[0]
    for name in (offer, f"{kind}/*", "*/*"):
        for given, quality in ranges:
            if given == name:
                return quality
    return 0.0


def _range(item: str) -> tuple[str, float]:
    for parameter in item.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return essence(item), float(value)
            except ValueError:
                return essence(item), 0.0
    return essence(item), 1.0
