import asyncio
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from cim_adapter.store import journal, objects
from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.objects import Identity
from cim_adapter.store.store import Store
from cim_adapter.store.writer import Work, Writer


@pytest.fixture
def add():
    """A work that hands a row of the table ``vault_key`` to the group."""

    def work(name, error=None):
        def run(tx):
            tx.add(tx.tables.vault_key, {"name": name, "sealed": b"x"})
            if error:
                raise error
            return name

        return run

    return work


@pytest.fixture
def execute():
    """A work that inserts at once, behind its savepoint, and adds one row more."""

    def work(name, error=None):
        def run(tx):
            tx.execute(insert(tx.tables.vault_key).values(name=name, sealed=b"x"))
            tx.add(tx.tables.vault_key, {"name": f"{name}+", "sealed": b"x"})
            if error:
                raise error
            return name

        return run

    return work


@pytest.fixture
def names(store: Store):
    def read() -> set[str]:
        table = store.tables.vault_key
        return set(store.read_now(lambda reader: reader.select(select(table.c.name)).scalars().all())) - {"index"}

    return read


def test_results_arrive(commit_all, add, names):
    assert commit_all(add("a"), add("b")) == ["a", "b"]
    assert names() == {"a", "b"}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_a_failing_message_is_undone_alone(commit_all, add, execute, names, order):
    failure = ValueError("not this one")
    works = [add("a"), add("bad", failure), execute("worse", failure), execute("b")]
    results = commit_all(*(works[n] for n in order))
    assert [results[order.index(n)] for n in range(4)] == ["a", failure, failure, "b"]
    assert names() == {"a", "b", "b+"}


def test_one_message_that_the_database_refuses_leaves_the_others(commit_all, add, execute, names):
    first, double, last = commit_all(add("a"), add("a"), execute("b"))
    assert (first, last) == ("a", "b")
    assert isinstance(double, IntegrityError)
    assert names() == {"a", "b", "b+"}


def test_a_message_sees_what_those_before_it_added(commit_all, add):
    def count(tx):
        return tx.select(select(func.count()).where(tx.tables.vault_key.c.name == "a")).scalar_one()

    assert commit_all(add("a"), count) == ["a", 1]


def test_a_message_does_not_see_what_a_failed_one_did(commit_all, execute):
    def count(tx):
        return tx.select(select(func.count()).select_from(tx.tables.vault_key)).scalar_one()

    failed, counted = commit_all(execute("a", ValueError()), count)
    assert isinstance(failed, ValueError)
    assert counted == 1  # the index key


def test_a_row_may_refer_to_one_that_the_message_adds_later(commit, entry, store):
    """Handlers store what a journal row owns before the pipeline writes that row."""
    made, table = entry(), store.tables.erasure

    def work(tx):
        meter = objects.resolve(tx, "Meter", Identity("m-1"))
        row = {"journal_uid": made.uid, "object_id": meter, "before": 1, "start": 0, "end": 1}
        tx.add(table, row)
        tx.select(select(table)).all()
        journal.write(tx, made, result="OK", code="0.0", reply=b"")

    commit(work)
    assert store.read_now(lambda reader: len(reader.select(select(table)).all())) == 1


def test_work_may_be_prepared_by_the_writer(store, add, names):
    failure = ValueError("cannot be prepared")

    def steps(outcome):
        yield
        if outcome is failure:
            raise failure
        yield
        return outcome

    async def main():
        outcomes = (Work(run=add("a")), failure, "nothing to commit", Work(run=add("b")))
        tasks = [asyncio.create_task(store.writer.prepare_and_commit(steps(outcome))) for outcome in outcomes]
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert asyncio.run(main()) == ["a", failure, "nothing to commit", "b"]
    assert names() == {"a", "b"}


# ------------------------------------------------------------------------------- ids and once keys


def test_ids_are_remembered_when_they_are_committed(commit):
    commit(lambda tx: tx.remember_id("meter", 7))
    assert commit(lambda tx: tx.known_id("meter")) == 7


def test_ids_of_a_failed_message_are_forgotten(commit_all, commit):
    def learn(tx):
        tx.remember_id("meter", 7)
        raise ValueError

    _, within = commit_all(learn, lambda tx: tx.known_id("meter"))
    assert within is None
    assert commit(lambda tx: tx.known_id("meter")) is None


def test_ids_of_a_group_that_was_rolled_back_are_forgotten(commit_all, commit, add):
    def learn(tx):
        tx.remember_id("meter", 7)
        tx.add(tx.tables.vault_key, {"name": "index", "sealed": b"already there"})

    commit_all(learn)
    assert commit(lambda tx: tx.known_id("meter")) is None


def test_the_cache_of_ids_is_bounded(settings, store):
    async def main():
        for n in range(11):
            await writer.commit(Work(run=lambda tx, n=n: tx.remember_id(n, n + 1)))
        return await writer.commit(Work(run=lambda tx: [n for n in range(11) if tx.known_id(n)]))

    engine = writing_engine(database_url(settings.database, settings.data))
    writer = Writer(engine, store.tables, store.vault, batch=10, delay=0, known=10)
    try:
        assert asyncio.run(main()) == [10]
    finally:
        writer.close()
        engine.dispose()


def test_a_once_key_is_seen_within_the_group_and_after(commit_all, commit, entry):
    made = entry(message_id="m")
    once = made.once

    def write(tx):
        journal.write(tx, made, result="OK", code="0.0", reply=b"")
        return made.uid

    ask = Work(run=lambda tx: tx.seen.get(once), once=once)
    assert commit_all(Work(run=write, once=once), ask) == [made.uid, made.uid]
    assert commit(lambda tx: tx.seen.get(once), once=once) == made.uid
    assert commit(lambda tx: tx.seen.get(once)) is None  # asked for no key


def test_a_once_key_of_a_message_that_failed_after_all_is_not_seen(commit_all, entry):
    made = entry(message_id="m")
    once = made.once

    def write(tx):
        journal.write(tx, made, result="OK", code="0.0", reply=b"")
        raise ValueError("the answer could not be dressed")

    _, seen = commit_all(Work(run=write, once=once), Work(run=lambda tx: tx.seen.get(once), once=once))
    assert seen is None


# --------------------------------------------------------------------------------- many, and ends


def test_five_hundred_at_once(store, add, names):
    async def main():
        return await asyncio.gather(*(store.commit(add(str(n))) for n in range(500)))

    expected = [str(n) for n in range(500)]
    assert asyncio.run(main()) == expected
    assert names() == set(expected)


def test_closing_commits_what_waits(settings, store, add, names):
    async def main():
        other = Store(settings)
        tasks = [asyncio.create_task(other.commit(add(str(n)))) for n in range(20)]
        await asyncio.sleep(0)
        await asyncio.to_thread(other.close)
        with pytest.raises(RuntimeError, match="closed"):
            await other.commit(add("late"))
        return await asyncio.gather(*tasks)

    assert len(asyncio.run(main())) == 20
    assert len(names()) == 20


def test_a_caller_who_goes_away_harms_nobody(store, add, names):
    async def main():
        gone = asyncio.create_task(store.commit(add("gone")))
        await asyncio.sleep(0)
        gone.cancel()
        return await store.commit(add("here"))

    assert asyncio.run(main()) == "here"
    assert names() == {"gone", "here"}


@pytest.fixture
def abandoned(store: Store) -> Iterator[threading.Event]:
    """The writer is at work for an event loop that is gone by the time it answers."""
    free, taken = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    def work(_):
        taken.set()
        free.wait(30)

    task = loop.create_task(store.commit(work))
    loop.run_until_complete(asyncio.sleep(0))
    assert taken.wait(30)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
    yield free
    free.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_event_loop_that_goes_away_harms_nobody(store, abandoned, add):
    async def main():
        waiting = asyncio.create_task(store.commit(add("here")))
        await asyncio.sleep(0)
        abandoned.set()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(main()) == "here"


def test_the_writer_survives_a_connection_that_is_cut(backend, store, commit, add, names):
    if backend != "postgresql":
        pytest.skip("SQLite has no connection to cut")
    pid = commit(lambda tx: tx.select(text("select pg_backend_pid()")).scalar_one())
    assert store.read_now(lambda reader: reader.select(text(f"select pg_terminate_backend({pid})")).scalar_one())
    assert commit(add("a")) == "a"
    assert names() == {"a"}
