"""Parts of a message: each is undone alone, whatever it did and whoever is in the same group."""

from __future__ import annotations

import itertools
from functools import partial

import pytest
from sqlalchemy import func, insert, select

from cim_adapter.store import objects
from cim_adapter.store.objects import Identity
from cim_adapter.store.store import Store


@pytest.fixture
def names(store: Store):
    def read() -> set[str]:
        table = store.tables.vault_key
        return set(store.read_now(lambda reader: reader.select(select(table.c.name)).scalars().all())) - {"index"}

    return read


def waits(tx, name):
    """A row that waits for the group."""
    tx.add(tx.tables.vault_key, {"name": name, "sealed": b"x"})


def runs(tx, name):
    """A row that is written at once."""
    tx.execute(insert(tx.tables.vault_key).values(name=name, sealed=b"x"))


def asks(tx, name):
    """A row that waits, until the database is asked something."""
    waits(tx, name)
    tx.select(select(func.count()).select_from(tx.tables.vault_key))


WAYS = (waits, runs, asks)


def test_a_part_is_undone_alone(commit, names):
    """Whatever each part does, and in whatever order."""

    def run(tx, prefix, ways):
        ways[0](tx, f"{prefix} before")
        tx.begin_part()
        ways[1](tx, f"{prefix} good")
        tx.begin_part()
        ways[2](tx, f"{prefix} bad")
        tx.undo_part()
        tx.begin_part()
        ways[3](tx, f"{prefix} later")

    expected = set()
    for ways in itertools.product(WAYS, repeat=4):
        prefix = "-".join(way.__name__ for way in ways)
        commit(partial(run, prefix=prefix, ways=ways))
        expected |= {f"{prefix} {part}" for part in ("before", "good", "later")}
    assert names() == expected


@pytest.mark.parametrize("way", WAYS)
def test_what_follows_an_undone_part_is_kept(commit, names, way):
    def run(tx):
        tx.begin_part()
        way(tx, "bad")
        tx.undo_part()
        way(tx, "journal")

    commit(run)
    assert names() == {"journal"}


@pytest.mark.parametrize("way", WAYS)
def test_a_message_that_fails_takes_its_parts_with_it(commit_all, names, way):
    failure = ValueError("not this one")

    def fails(tx):
        tx.begin_part()
        way(tx, "one")
        tx.begin_part()
        way(tx, "two")
        raise failure

    assert commit_all(lambda tx: way(tx, "a"), fails, lambda tx: way(tx, "b"))[1] is failure
    assert names() == {"a", "b"}


def test_an_object_of_an_undone_part_is_made_anew(commit, store):
    meter = Identity("m-1")

    def run(tx):
        tx.begin_part()
        first = objects.resolve(tx, "Meter", meter)
        tx.undo_part()
        tx.begin_part()
        return first, objects.resolve(tx, "Meter", meter)

    first, second = commit(run)
    assert first != second
    assert store.read_now(lambda reader: objects.find(reader, "Meter", meter)) == [second]


def test_an_object_of_an_earlier_part_stays_known(commit, store):
    meter = Identity("m-1")

    def run(tx):
        tx.begin_part()
        first = objects.resolve(tx, "Meter", meter)
        tx.begin_part()
        again = objects.resolve(tx, "Meter", meter)
        tx.undo_part()
        return first, again

    first, again = commit(run)
    assert first == again
    assert store.read_now(lambda reader: objects.find(reader, "Meter", meter)) == [first]


def test_there_is_nothing_to_undo_without_a_part(commit):
    with pytest.raises(RuntimeError, match="no part was begun"):
        commit(lambda tx: tx.undo_part())
