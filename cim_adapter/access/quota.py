"""Quotas: how many messages a caller may send in a minute."""

from __future__ import annotations

import msgspec

from cim_adapter.access.identity import Identity
from cim_adapter.errors import OverQuota
from cim_adapter.store.quota import MINUTE, Charge

_REMEMBERED = 10_000  # callers over their quota; more than have keys


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller is told of its quota: messages a minute, how many are left, seconds until there are new
    ones.
    """

    limit: int
    remaining: int
    reset: int


class Quotas:
    """Charges messages. The count is kept in the store, for all processes; a process remembers only who has
    used up a minute, and stops them at the door until it is over.
    """

    def __init__(self) -> None:
        self._used_up: dict[str, Charge] = {}

    def charge(self, identity: Identity, now: int) -> Charge | None:
        """The charge for one message; None for a caller without quota. Raises OverQuota (3.2)."""
        if identity.quota == 0:
            return None
        before = self._used_up.get(identity.credential)
        if before is not None and before.ends - MINUTE <= now < before.ends:
            raise _over(before, now)
        return Charge(counter=identity.credential, limit=identity.quota, now=now)

    @staticmethod
    def check(charge: Charge, now: int) -> None:
        """Raises OverQuota where the minute was used up before this message was counted."""
        if charge.used > charge.limit:
            raise _over(charge, now)

    def settle(self, charge: Charge, now: int) -> Allowance:
        """What is left after this message was counted; where nothing is, that is remembered."""
        if charge.used >= charge.limit:
            if len(self._used_up) >= _REMEMBERED:
                self._used_up.clear()  # the store tells them again
            self._used_up[charge.counter] = charge
        return Allowance(
            limit=charge.limit, remaining=max(charge.limit - charge.used, 0), reset=_seconds(charge, now)
        )


def _over(charge: Charge, now: int) -> OverQuota:
    wait = _seconds(charge, now)
    return OverQuota(
        f"{charge.limit} messages a minute are the quota of this caller; try again in {wait} seconds, or ask the "
        "operator for a larger one",
        limit=charge.limit,
        wait=wait,
    )


def _seconds(charge: Charge, now: int) -> int:
    """Until there is a new minute, rounded up: 1 to 60, also for a message older than the minute."""
    return min(max(-(-(charge.ends - now) // 1_000_000), 1), 60)
