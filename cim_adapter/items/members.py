"""Types of members that several bodies share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec

from cim_adapter import instants

LONGEST = 250
#: Characters that XML can carry, too.
CARRIED = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]"
_WRITABLE = f"^{CARRIED}*$"
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$"
)
_MOMENT_SAID = "A date and time with its offset (RFC 3339)"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST, pattern=_WRITABLE)]
Moment = Annotated[
    str, msgspec.Meta(pattern=_MOMENT, description=_MOMENT_SAID, extra_json_schema={"format": "date-time"})
]

# The same, but checked with ``is_text`` and ``is_moment`` by whoever takes them, once for all that are alike. A
# body of thousands says the same few again and again, and msgspec would ask Python's re for each: three
# quarters of the time it takes to decode one.
CheckedText = Annotated[
    str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST, "pattern": _WRITABLE})
]
CheckedMoment = Annotated[
    str, msgspec.Meta(description=_MOMENT_SAID, extra_json_schema={"pattern": _MOMENT, "format": "date-time"})
]


def is_text(text: str) -> bool:
    """Whether it is a ``Text``."""
    return 0 < len(text) <= LONGEST and re.fullmatch(_WRITABLE, text) is not None


def is_moment(text: str) -> bool:
    """Whether it is a ``Moment`` that exists."""
    if re.fullmatch(_MOMENT, text) is None:
        return False
    try:
        instants.instant(text)
    except ValueError:
        return False
    return True


def words(listed: Iterable[str], description: str) -> msgspec.Meta:
    """A text that is one of those when it is sent. (What is told may be a name of the standard, too.)"""
    return msgspec.Meta(min_length=1, description=description, extra_json_schema={"enum": list(listed)})
