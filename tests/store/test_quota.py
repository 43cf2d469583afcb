"""Counting against quotas: exact within a group, over groups, and over processes."""

from __future__ import annotations

import asyncio

import pytest

from cim_adapter.store.quota import MINUTE, Charge
from cim_adapter.store.store import Store
from cim_adapter.store.writer import Work

NOW = 1_700_000_000_000_000


@pytest.fixture
def spend(store):
    """Commits messages of these (counter, instant) together; returns how many were used and when it ends."""

    def run(*messages: tuple[str, int], on: Store = store, fail: bool = False) -> list[tuple[int, int]]:
        charges = [Charge(counter=counter, limit=100, now=now) for counter, now in messages]

        def work(_):
            if fail:
                raise ValueError("the message fails")

        async def main():
            works = (on.commit(Work(run=work, charge=charge)) for charge in charges)
            await asyncio.gather(*works, return_exceptions=True)

        asyncio.run(main())
        return [(charge.used, charge.ends) for charge in charges]

    return run


def test_messages_are_counted_in_their_order(spend):
    ends = NOW + MINUTE
    assert spend(("a", NOW), ("b", NOW + 1), ("a", NOW)) == [(1, ends), (1, ends + 1), (2, ends)]
    assert spend(("a", NOW + 5)) == [(3, ends)]


def test_a_minute_begins_with_its_first_message(spend):
    assert spend(("a", NOW)) == [(1, NOW + MINUTE)]
    assert spend(("a", NOW + MINUTE - 1)) == [(2, NOW + MINUTE)]
    assert spend(("a", NOW + MINUTE)) == [(1, NOW + 2 * MINUTE)]


def test_a_clock_that_is_put_back_starts_a_new_minute(spend):
    spend(("a", NOW + 2 * MINUTE))
    assert spend(("a", NOW)) == [(1, NOW + MINUTE)]


def test_a_message_that_fails_is_counted_all_the_same(spend):
    spend(("a", NOW), ("a", NOW), fail=True)
    assert spend(("a", NOW)) == [(3, NOW + MINUTE)]


def test_two_processes_count_together(settings, store, spend):
    with Store(settings) as other:
        assert [spend(("a", NOW), on=on)[0][0] for on in (store, other, store, other)] == [1, 2, 3, 4]
