"""xs:dateTime texts as instants.

An instant is a count of microseconds since 1970-01-01T00:00:00Z: what databases order and compare.
The text a partner wrote is kept beside it, so nothing of its offset or its digits is lost.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(text: str) -> int:
    """Microseconds since the epoch of a valid xs:dateTime.

    A dateTime without an offset is read as UTC: the standard leaves it open (facts/metering.md §1).
    ``24:00:00`` is the next day's midnight (XML Schema part 2, 3.2.7). Years outside 1 to 9999 are
    clamped: they are legal and mean "no bound". Raises ValueError for anything else.
    """
    text = text.strip()
    if text.startswith("-"):
        return -_clamp()
    if len(text) > 4 and text[4] != "-":
        return _clamp()
    day, _, clock = text.partition("T")
    if clock.startswith("24:00:00"):
        return instant(f"{day}T00:00:00{clock[8:]}") + 86_400_000_000
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def now() -> int:
    """The present instant."""
    return (datetime.now(UTC) - _EPOCH) // _MICROSECOND


def as_text(microseconds: int) -> str:
    """The instant as an xs:dateTime in UTC."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clamp() -> int:
    return 253_402_300_800_000_000  # the first instant of the year 10000
