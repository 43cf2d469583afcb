"""Counting messages against quotas, in the transaction that the message is settled in.

A counter's minute begins with the first message after the last minute was over, and lasts 60 seconds; so
within any such minute exactly as many messages pass as the quota says, whichever process takes them. One
statement counts all messages of a counter in a group; who has no quota costs nothing. The row stays locked
until the group commits, so two processes cannot both count the hundredth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, text

MINUTE = 60_000_000  # microseconds

# A start in the future is that of a clock which has been put back since.
_COUNT = text(
    """
    INSERT INTO quota (counter, started, used) VALUES (:counter, :now, :count)
    ON CONFLICT (counter) DO UPDATE SET
        used = CASE WHEN quota.started > :since AND quota.started < :until THEN quota.used ELSE 0 END + :count,
        started = CASE WHEN quota.started > :since AND quota.started < :until THEN quota.started ELSE :now END
    RETURNING started, used
    """
)


class Charge(msgspec.Struct, kw_only=True):
    """One message against the quota of ``counter``. The writer tells the outcome, before it runs the message:
    ``used`` messages of this minute, this one included, and the instant at which the minute ``ends``.
    """

    counter: str
    limit: int
    now: int
    used: int = 0
    ends: int = 0

    @property
    def counted(self) -> bool:
        return self.used > 0


def count(connection: Connection, charges: Iterable[Charge]) -> None:
    """Count these messages, in their order. Counters are taken in the same order everywhere, so that processes
    wait for each other and not both.
    """
    by_counter: dict[str, list[Charge]] = defaultdict(list)
    for charge in charges:
        by_counter[charge.counter].append(charge)
    for counter, own in sorted(by_counter.items()):
        now = own[-1].now
        values = {"counter": counter, "now": now, "count": len(own), "since": now - MINUTE, "until": now + MINUTE}
        started, used = connection.execute(_COUNT, values).one()
        for before, charge in enumerate(reversed(own)):
            charge.used, charge.ends = used - before, started + MINUTE
