"""xs:dateTime texts as instants.

An instant is a count of microseconds since 1970-01-01T00:00:00Z: what databases order and compare.
The text a partner wrote is kept beside it, so nothing of its offset or its digits is lost.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_AWAY = re.compile(r"(?:-\d{4,}|\d{5,})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
_MIDNIGHT = re.compile(r"24:00:00(?:\.0+)?(?:Z|[+-]\d\d:\d\d)?")
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def instant(text: str) -> int:
    """Microseconds since the epoch of a valid xs:dateTime.

    A dateTime without an offset is read as UTC: the standard leaves it open (facts/metering.md §1).
    ``24:00:00`` is the next day's midnight (XML Schema part 2, 3.2.7). Years outside 1 to 9999 are
    clamped: they are legal and mean "no bound". Raises ValueError for anything else.
    """
    if text[4:5] == "-":
        try:
            return _count(datetime.fromisoformat(text))
        except ValueError:
            pass  # midnight at the end of a day, white space around it, or nothing that we know
    text = text.strip()
    if text.startswith("-") or (len(text) > 4 and text[4] != "-"):
        if not _FAR_AWAY.fullmatch(text):
            raise ValueError(f"{text!r} is no xs:dateTime")
        return -_clamp() if text.startswith("-") else _clamp()
    day, _, clock = text.partition("T")
    if _MIDNIGHT.fullmatch(clock):
        return instant(f"{day}T00:00:00{clock[8:]}") + 86_400_000_000
    return _count(datetime.fromisoformat(text))


def _count(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Instants(dict[str, int]):
    """Texts as instants, each worked out once: meters read at the same times say the same texts."""

    def __missing__(self, text: str) -> int:
        found = self[text] = instant(text)
        return found


def now() -> int:
    """The present instant."""
    return time.time_ns() // 1_000


def as_text(microseconds: int, *, exact: bool = False) -> str:
    """The instant as an xs:dateTime in UTC, to the millisecond unless ``exact``; outside the years 1 to 9999
    the last one inside.
    """
    moment = _EPOCH + timedelta(microseconds=min(max(microseconds, _FIRST), _clamp() - 1))
    return moment.isoformat(timespec="microseconds" if exact else "milliseconds").replace("+00:00", "Z")


def _clamp() -> int:
    return 253_402_300_800_000_000  # the first instant of the year 10000
