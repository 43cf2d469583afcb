from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity, Name

SERIAL = Name("4711", "MeterUniqueID", "utility")
PLACE = Name("Kitchen", "Place")


@pytest.fixture
def resolve(commit):
    """The ids of meters, made where they are not yet known; each in a transaction of its own."""

    def run(*identities, kind="Meter"):
        return [commit(lambda tx, i=i: objects.resolve(tx, kind, i)) for i in identities]

    return run


@pytest.fixture
def find(store):
    return lambda identity, kind="Meter": store.read_now(lambda reader: objects.find(reader, kind, identity))


@pytest.fixture
def known(store):
    """mRID and names of an object, as they are given back."""
    return lambda object_id: store.read_now(lambda reader: objects.identities(reader, [object_id]))[object_id]


def test_an_object_is_itself(resolve, find, known):
    identities = [Identity("m-1"), Identity(None, (SERIAL,)), Identity("m-2", (PLACE, Name("x"))), Identity("")]
    ids = resolve(*identities)
    assert resolve(*identities) == ids
    assert [find(identity) for identity in identities] == [[one] for one in ids]
    assert [known(one) for one in ids] == identities


def test_objects_of_different_kinds_differ(resolve, find):
    (meter,), (point,) = resolve(Identity("m")), resolve(Identity("m"), kind="UsagePoint")
    assert meter != point
    assert (find(Identity("m")), find(Identity("m"), "UsagePoint")) == ([meter], [point])


def test_an_object_is_found_by_mrid_and_by_as_much_of_a_name_as_is_said(resolve, find):
    (meter,) = resolve(Identity("m-1", (SERIAL, PLACE)))
    for asked in (
        Identity("m-1"),
        Identity(None, (SERIAL,)),
        Identity(None, (Name("4711", "MeterUniqueID"),)),
        Identity(None, (Name("4711"),)),
        Identity(None, (PLACE,)),
        Identity(None, (Name("Kitchen"),)),
        Identity(None, (Name("unknown"), PLACE)),
    ):
        assert find(asked) == [meter], asked


def test_nothing_else_finds_it(resolve, find):
    resolve(Identity("m-1", (SERIAL, PLACE)))
    for asked in (
        Identity("m-2"),
        Identity("4711"),
        Identity(None, (Name("m-1"),)),
        Identity(None, (Name("4711", "Place"),)),
        Identity(None, (Name("4711", "MeterUniqueID", "another utility"),)),
        Identity(None, (Name("4712", "MeterUniqueID", "utility"),)),
        Identity(),
    ):
        assert find(asked) == [], asked


def test_a_bare_name_that_fits_several_finds_them_all(resolve, find):
    ids = resolve(*(Identity(None, (Name("4711", "MeterUniqueID", who),)) for who in ("one", "two")))
    assert find(Identity(None, (Name("4711"),))) == sorted(ids)
    assert find(Identity(None, (Name("4711", "MeterUniqueID", "two"),))) == [ids[1]]


def test_an_object_learns_the_names_it_is_sent_with(resolve, find, known):
    first, same, again = resolve(
        Identity("m-1", (SERIAL,)), Identity("m-1", (PLACE,)), Identity(None, (PLACE, Name("new")))
    )
    assert first == same == again
    assert known(first) == Identity("m-1", (SERIAL, PLACE, Name("new")))
    assert find(Identity(None, (Name("new"),))) == [first]


def test_an_object_known_by_name_learns_its_mrid(resolve, find, known):
    first, same = resolve(Identity(None, (SERIAL,)), Identity("m-1", (SERIAL,)))
    assert first == same
    assert known(first) == Identity("m-1", (SERIAL,))
    assert find(Identity("m-1")) == [first]


def test_descriptions_are_kept_and_do_not_identify(resolve, known):
    described = Name("4711", "MeterUniqueID", "utility", "number on the plate", "a utility")
    first, same = resolve(Identity(None, (described,)), Identity(None, (SERIAL,)))
    assert first == same
    assert known(first).names[0] == described


def test_where_mrid_and_name_point_to_different_objects_the_mrid_is_right(resolve, find):
    by_mrid, by_name = resolve(Identity("m-1"), Identity("m-2", (SERIAL,)))
    both = Identity("m-1", (SERIAL,))
    assert resolve(both) == [by_mrid]
    assert find(both) == [by_mrid]
    assert find(Identity("m-2")) == [by_name]


def test_different_mrids_are_different_objects_whatever_their_names(resolve, find, known):
    """A meter is exchanged and the new one gets the name of its place; or every meter is called "Main"."""
    old, new = resolve(Identity("m-1", (PLACE,)), Identity("m-2", (PLACE,)))
    assert old != new
    assert (known(old), known(new)) == (Identity("m-1", (PLACE,)), Identity("m-2", (PLACE,)))
    assert (find(Identity("m-1")), find(Identity("m-2"))) == ([old], [new])
    assert find(Identity(None, (PLACE,))) == sorted([old, new])


def test_several_unknown_objects_in_one_message(commit, find):
    identities = [Identity(f"m-{n}", (Name(f"name-{n}"),)) for n in range(5)]
    ids = commit(lambda tx: [objects.resolve(tx, "Meter", identity) for identity in identities * 2])
    assert ids[:5] == ids[5:]
    assert [find(identity) for identity in identities] == [[one] for one in ids[:5]]


def test_the_same_unknown_object_in_several_messages_of_a_group(commit_all, find):
    identity = Identity("m-1", (SERIAL,))
    ids = commit_all(*[lambda tx: objects.resolve(tx, "Meter", identity)] * 5)
    assert len(set(ids)) == 1
    assert find(identity) == ids[:1]


def test_an_object_made_by_a_message_that_failed_is_made_again(commit_all, find):
    identity = Identity("m-1", (SERIAL,))

    def fail(tx):
        objects.resolve(tx, "Meter", identity)
        raise ValueError

    _, made = commit_all(fail, lambda tx: objects.resolve(tx, "Meter", identity))
    assert find(identity) == [made]


def test_more_objects_than_a_statement_takes_values(store):
    assert store.read_now(lambda reader: objects.identities(reader, range(70_000))) == {}


def test_many_new_objects_in_one_message(commit):
    made = commit(lambda tx: [objects.resolve(tx, "Meter", Identity(f"m-{n}")) for n in range(3_000)])
    assert len(set(made)) == 3_000


names = st.builds(
    Name,
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
    st.none() | st.sampled_from(["T1", "T2"]),
).flatmap(
    lambda name: st.sampled_from([None, "A1", "A2"] if name.type else [None]).map(
        lambda authority: Name(name.name, name.type, authority)
    )
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_names_objects_have_each_is_found_by_them(store, commit, data):
    """Objects that share no whole name: each is found by its mRID alone, and by every name, maybe
    among others."""
    kind = str(uuid4())  # every example in a world of its own
    sets = data.draw(st.lists(st.lists(names, min_size=1, max_size=3, unique=True), min_size=1, max_size=4))
    taken, identities = set(), []
    for n, given_names in enumerate(sets):
        own = tuple(name for name in given_names if name not in taken)
        taken.update(own)
        identities.append(Identity(f"{n}", own))
    ids = [commit(lambda tx, i=i: objects.resolve(tx, kind, i)) for i in identities]
    assert len(set(ids)) == len(ids)

    def look(reader):
        for object_id, identity in zip(ids, identities, strict=True):
            assert objects.find(reader, kind, Identity(identity.mrid)) == [object_id]
            for name in identity.names:
                assert object_id in objects.find(reader, kind, Identity(None, (name,)))
                less = Identity(None, (Name(name.name),))
                assert object_id in objects.find(reader, kind, less) or less.names[0] in taken
        assert objects.identities(reader, ids) == dict(zip(ids, identities, strict=True))

    store.read_now(look)
