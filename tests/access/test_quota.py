"""What a process makes of the count: who is stopped at the door, and what they are told."""

from __future__ import annotations

import pytest

from cim_adapter.access import Allowance, Identity
from cim_adapter.access.quota import Quotas
from cim_adapter.errors import OverQuota
from cim_adapter.store.quota import MINUTE

NOW = 1_700_000_000_000_000
HES = Identity(name="hes", role="partner", credential="key:a", quota=3)


def spent(quotas: Quotas, used: int, identity: Identity = HES, now: int = NOW) -> Allowance:
    charge = quotas.charge(identity, now)
    assert charge is not None
    charge.used, charge.ends = used, NOW + MINUTE
    allowance = quotas.settle(charge, now)
    quotas.check(charge, now)
    return allowance


def test_who_has_no_quota_is_not_counted():
    assert Quotas().charge(Identity(name="hes", role="partner", credential="key:a", quota=0), NOW) is None


def test_what_is_left():
    quotas = Quotas()
    assert spent(quotas, 1) == Allowance(limit=3, remaining=2, reset=60)
    assert spent(quotas, 2, now=NOW + 59_000_001) == Allowance(limit=3, remaining=1, reset=1)
    assert spent(quotas, 3) == Allowance(limit=3, remaining=0, reset=60)


def test_a_minute_that_is_used_up_is_known_at_the_door_until_it_is_over():
    quotas = Quotas()
    spent(quotas, 3)
    for now in (NOW, NOW + MINUTE - 1):
        with pytest.raises(OverQuota, match="3 messages a minute") as caught:
            quotas.charge(HES, now)
    assert (caught.value.code, caught.value.http_status, caught.value.wait) == ("3.2", 429, 1)
    assert quotas.charge(HES, NOW + MINUTE) is not None
    assert quotas.charge(Identity(name="hes", role="partner", credential="key:b", quota=3), NOW) is not None


def test_a_message_that_was_counted_beyond_the_quota():
    with pytest.raises(OverQuota, match="try again in 60 seconds"):
        spent(Quotas(), 4)
