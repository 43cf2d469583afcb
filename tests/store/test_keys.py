"""Transaction.has: which keys are taken, asked for a whole group at once."""

import pytest
from sqlalchemy import event

from cim_adapter.store import controls, device_events, objects
from cim_adapter.store.controls import Control
from cim_adapter.store.writer import Work


@pytest.fixture
def add(store, journaled):
    """A function of a transaction that stores a control of this mRID for one meter."""
    uid = journaled()

    def make(mrid):
        def run(transaction):
            meter = objects.resolve(transaction, "Meter", objects.Identity("m-1"))
            control = Control(
                position=0,
                partner="cis",
                mrid=mrid,
                keys=(controls.mrid_key(mrid),),
                type="3.31.0.23",
                start=0,
                end=None,
                sealed=store.vault.seal(b"<x/>", controls.control_row(uid, 0)),
            )
            controls.add(transaction, uid, objects.new_id(), control, [(meter, None)], now=0)
            return transaction.has(controls.mrid_key(mrid))

        return run

    return make


def has(mrid):
    return lambda transaction: transaction.has(controls.mrid_key(mrid))


def fail(run):
    def then(transaction):
        run(transaction)
        raise ValueError("no")

    return then


def test_what_is_committed_is_known(commit, add):
    key = controls.mrid_key("c-1")
    assert commit(has("c-1"), keys={key}) is False
    assert commit(add("c-1"), keys={key}) is True
    assert commit(has("c-1"), keys={key}) is True
    assert commit(has("c-1")) is True  # also where nobody said that it would be asked


def test_a_later_message_of_the_group_knows_what_an_earlier_one_added(commit_all, add):
    keys = {controls.mrid_key("c-1")}
    works = [Work(run=run, keys=keys) for run in (has("c-1"), add("c-1"), has("c-1"))]
    assert commit_all(*works) == [False, True, True]


def test_what_a_failed_message_added_is_not_known(commit_all, add):
    keys = {controls.mrid_key("c-1")}
    works = [Work(run=run, keys=keys) for run in (fail(add("c-1")), has("c-1"), add("c-1"))]
    failed, *rest = commit_all(*works)
    assert isinstance(failed, ValueError)
    assert rest == [False, True]


def test_what_an_undone_part_added_is_not_known(commit, add):
    def run(transaction):
        transaction.begin_part()
        add("c-1")(transaction)
        transaction.undo_part()
        return transaction.has(controls.mrid_key("c-1"))

    assert commit(run, keys={controls.mrid_key("c-1")}) is False
    assert commit(has("c-1")) is False


def test_the_database_is_asked_once_a_column_for_all_keys_of_a_group(store, commit_all):
    statements = []

    def watch(connection):
        if connection.dialect.name == "sqlite":  # asked through its driver
            connection.connection.driver_connection.set_trace_callback(statements.append)

    event.listen(store._writing, "begin", watch)
    event.listen(store._writing, "before_cursor_execute", lambda *given: statements.append(given[2]))
    keys = [{controls.mrid_key(f"c-{n}"), device_events.mrid_key(f"e-{n}")} for n in range(20)]
    assert commit_all(*(Work(run=has(f"c-{n}"), keys=keys[n]) for n in range(20))) == [False] * 20
    asked = [text for text in statements if "mrid_key" in text]
    assert len(asked) == 2  # one for each column


def test_more_keys_than_fit_one_statement(commit, add):
    commit(add("c-700"))
    keys = {controls.mrid_key(f"c-{n}") for n in range(1200)}
    found = commit(lambda tx: [n for n in range(1200) if tx.has(controls.mrid_key(f"c-{n}"))], keys=keys)
    assert found == [700]
