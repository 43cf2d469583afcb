"""Links hold for spans of time, and are seen from both sides."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cim_adapter import instants
from cim_adapter.store import links, objects
from cim_adapter.store.links import Member
from cim_adapter.store.objects import Identity

END = 2**62


@pytest.fixture
def member(commit):
    """An object as one end of a link."""
    return lambda mrid, kind="Meter": Member(commit(lambda tx: objects.resolve(tx, kind, Identity(mrid))), kind)


@pytest.fixture
def join(commit, journaled):
    def run(one, other, at, **message):
        uid = journaled(**message)
        commit(lambda tx: links.join(tx, uid, [links.pair(one, other)], at))
        return uid

    return run


@pytest.fixture
def part(commit, journaled):
    """Ends whatever links the two from an instant on."""

    def run(one, other, at):
        uid = journaled()

        def work(tx):
            found = links.links(tx, [one.id], window=(at, END))
            links.part(tx, uid, [link for link in found if link.other == other], at)

        commit(work)

    return run


@pytest.fixture
def linked(store):
    return lambda *members, at=None: store.read_now(
        lambda reader: links.linked(reader, [member.id for member in members], at)
    )


@pytest.fixture
def found(store):
    """(from, to, start, end) of what is found."""

    def run(*members, **wanted):
        read = store.read_now(lambda reader: links.links(reader, [member.id for member in members], **wanted))
        return [(link.one, link.other, link.start, link.end) for link in read]

    return run


def test_a_link_holds_from_its_start_until_before_its_end(member, join, part, linked):
    meter, point = member("m"), member("p", "UsagePoint")
    join(meter, point, 10)
    part(meter, point, 20)
    assert [linked(meter, at=at) for at in (9, 10, 19, 20)] == [set(), {point.id}, {point.id}, set()]
    assert [linked(point, at=at) for at in (9, 10, 19, 20)] == [set(), {meter.id}, {meter.id}, set()]


def test_without_an_instant_now_is_meant(member, join, linked):
    meter, past, coming = member("m"), member("p", "UsagePoint"), member("c", "Customer")
    join(meter, past, instants.now() - 1)
    join(meter, coming, instants.now() + 3_600_000_000)
    assert linked(meter) == {past.id}


def test_a_link_is_told_as_seen_from_the_object_asked_for(member, join, found):
    meter, point = member("m"), member("p", "UsagePoint")
    join(meter, point, 10)
    assert found(meter) == [(meter, point, 10, None)]
    assert found(point) == [(point, meter, 10, None)]
    assert sorted(found(meter, point)) == sorted([(meter, point, 10, None), (point, meter, 10, None)])


def test_links_are_narrowed_by_kind_and_window(member, join, part, found):
    meter, point, customer = member("m"), member("p", "UsagePoint"), member("c", "Customer")
    join(meter, point, 10)
    join(meter, customer, 30)
    part(meter, point, 20)
    assert [other for _, other, _, _ in found(meter)] == [point, customer]
    assert [other for _, other, _, _ in found(meter, kinds=["Customer"])] == [customer]
    for window, expected in {
        (0, 9): [],
        (0, 10): [point],
        (19, 19): [point],
        (20, 29): [],
        (0, 30): [point, customer],
    }.items():
        assert [other for _, other, _, _ in found(meter, window=window)] == expected, window


def test_a_link_that_has_not_begun_does_not_come_to_be(member, join, part, found, linked):
    meter, point = member("m"), member("p", "UsagePoint")
    join(meter, point, 10)
    part(meter, point, 5)
    assert found(meter) == found(meter, window=(0, END)) == []
    assert linked(meter, at=10) == set()


def test_the_links_of_a_message_are_those_of_its_partner(store, member, join):
    meter, point = member("m"), member("p", "UsagePoint")
    join(meter, point, 10, message_id="id-1")

    def of(partner, message_id):
        return store.read_now(
            lambda reader: [link.start for link in links.of_message(reader, partner, message_id)]
        )

    assert (of("hes", "id-1"), of("mdm", "id-1"), of("hes", "id-2")) == ([10], [], [])


def test_more_objects_than_one_statement_takes(member, join, linked):
    meter, point = member("m"), member("p", "UsagePoint")
    join(meter, point, 10)
    many = [Member(n, "Meter") for n in range(1, 1200)]
    assert linked(*many, meter, at=10) == {point.id}


LAST = 12
PAIRS = ("ab", "ac", "bc")


@hypothesis_settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from(PAIRS), st.integers(0, LAST)), max_size=8))
def test_joined_and_parted_in_any_order(member, join, part, linked, found, steps):
    """The model: for each pair the set of instants at which it is linked."""
    example = uuid4()  # objects that no other example has
    named = {name: member(f"{name} of {example}", name) for name in "abc"}
    model: dict[str, set[int]] = {pair: set() for pair in PAIRS}
    for joins, (one, other), at in steps:
        (join if joins else part)(named[one], named[other], at)
        future = set(range(at, LAST + 1))
        model[one + other] = model[one + other] | future if joins else model[one + other] - future
    for at in range(LAST + 1):
        pairs = [pair for pair in PAIRS if at in model[pair]]
        for name in "abc":
            expected = {named[other].id for pair in pairs if name in pair for other in pair if other != name}
            assert linked(named[name], at=at) == expected
    for (one, other), held in ((pair, model[pair]) for pair in PAIRS):
        spans = [(start, end) for _, _, start, end in found(named[one], kinds=[other])]
        covered = [at for start, end in spans for at in range(start, LAST + 1 if end is None else end)]
        assert sorted(covered) == sorted(held), "no instant is held by two links of a pair"
