"""Types of members that several bodies share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

LONGEST = 250
#: Characters that XML can carry, too.
CARRIED = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST, pattern=f"^{CARRIED}*$")]
Moment = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
        description="A date and time with its offset (RFC 3339)",
        extra_json_schema={"format": "date-time"},
    ),
]


def words(listed: Iterable[str], description: str) -> msgspec.Meta:
    """A text that is one of those when it is sent. (What is told may be a name of the standard, too.)"""
    return msgspec.Meta(min_length=1, description=description, extra_json_schema={"enum": list(listed)})
