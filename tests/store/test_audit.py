"""The audit trail: what is written into it, and that nothing can be done to it unnoticed."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from cim_adapter.store import audit
from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.store import Store
from cim_adapter.store.tables import Tables
from cim_adapter.store.trail import COLUMNS, Event

TABLES = Tables.define()
ROWS, HEADS = TABLES.audit, TABLES.audit_chain


def event(number: int) -> Event:
    return Event(
        received=1_700_000_000_000_000 + number,
        partner="hes",
        credential="key:abc",
        transport="soap",
        remote="192.0.2.7",
        verb="create",
        noun="MeterReadings",
        subjects=(f"Meter/{number}",),
        subject_count=1,
        result="OK",
        code="0.0",
    )


@pytest.fixture
def tell(store):
    """Tells the trail of calls, each in a group of its own."""

    def run(*numbers: int, on: Store = store) -> None:
        for number in numbers:
            asyncio.run(on.commit(lambda tx, number=number: tx.audit(event(number))))

    return run


@pytest.fixture
def found(store):
    """What is wrong with the trail; chains are called A, B, C in the order in which they began."""

    def run() -> list[str]:
        def look(reader):
            findings = list(audit.verify(reader))
            known = sorted(
                {chain for (chain,) in reader.select(select(HEADS.c.id))}
                | {int(number) for finding in findings for number in re.findall(r"\d{15,}", finding)}
            )
            return [
                re.sub(r"\d{15,}", lambda match: "ABC"[known.index(int(match[0]))], finding)
                for finding in findings
            ]

        return store.read_now(look)

    return run


@pytest.fixture
def tamper(settings, store):
    """Runs statements behind the adapter's back."""

    def run(*statements) -> None:
        engine = writing_engine(database_url(settings.database, settings.data))
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        engine.dispose()

    return run


def test_a_trail_as_it_was_written(store, tell, found):
    assert found() == []
    tell(1, 2, 3)
    assert found() == []
    rows = store.read_now(lambda reader: list(audit.export(reader)))
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert (rows[0]["verb"], rows[0]["calls"]) == ("open", 0)
    assert len({row["hash"] for row in rows}) == 4
    assert {name: rows[2][name] for name in ("partner", "subjects", "received")} == {
        "partner": "hes",
        "subjects": ["Meter/2"],
        "received": "2023-11-14T22:13:20.000Z",
    }


def test_messages_of_one_group_stand_in_their_order(store, commit_all, found):
    commit_all(*(lambda tx, number=number: tx.audit(event(number)) for number in range(30)))
    rows = store.read_now(lambda reader: list(audit.export(reader)))
    assert [row["subjects"] for row in rows[1:]] == [[f"Meter/{number}"] for number in range(30)]
    assert found() == []


def test_what_a_failed_message_told_is_forgotten(store, commit_all, found):
    def fail(tx):
        tx.audit(event(1))
        raise ValueError("the message fails")

    commit_all(fail, lambda tx: tx.audit(event(2)))
    rows = store.read_now(lambda reader: list(audit.export(reader)))
    assert [row["subjects"] for row in rows[1:]] == [["Meter/2"]]
    assert found() == []


def test_a_group_that_was_lost_leaves_no_gap(store, tell, commit_all, found):
    def clash(tx):
        tx.audit(event(2))
        for _ in range(2):
            tx.add(tx.tables.quota, {"counter": "same", "started": 1, "used": 1})

    tell(1)
    lost, _ = commit_all(clash, lambda tx: tx.audit(event(3)))
    assert isinstance(lost, IntegrityError)
    tell(4)
    rows = store.read_now(lambda reader: list(audit.export(reader)))
    assert [row["subjects"] for row in rows[1:]] == [["Meter/1"], ["Meter/3"], ["Meter/4"]]
    assert found() == []


def test_every_message_of_the_journal_is_in_the_trail(store, journaled, tamper, found):
    uid = journaled(credential="key:abc", subjects=("Meter/1",), subject_count=1)
    (_, row) = store.read_now(lambda reader: list(audit.export(reader)))
    assert (row["journal_uid"], row["partner"], row["result"], row["code"]) == (uid, "hes", "OK", "0.0")
    assert found() == []
    tamper(delete(ROWS), delete(HEADS))
    assert found() == [f"message {uid} is in the journal, and no row of the trail speaks of it"]


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "noun"])
def test_any_changed_value_is_found(tell, tamper, found, column):
    tell(1, 2, 3)
    number = column in ("received", "subject_count", "calls")
    tamper(update(ROWS).where(ROWS.c.number == 2).values({column: 5 if number else "x"}))
    assert found() == ["row 2 of chain A was changed: its hash does not fit what it says"]


def test_a_value_that_becomes_empty_or_absent_is_found(tell, tamper, found):
    tell(1, 2)
    tamper(update(ROWS).where(ROWS.c.number == 1).values(noun=None))
    tamper(update(ROWS).where(ROWS.c.number == 2).values(verb=""))
    assert len(found()) == 2


def test_one_flipped_bit_of_a_hash_is_found(store, tell, tamper, found):
    tell(1, 2, 3)
    (hash_,) = store.read_now(lambda reader: reader.select(select(ROWS.c.hash).where(ROWS.c.number == 2)).one())
    tamper(update(ROWS).where(ROWS.c.number == 2).values(hash=bytes([hash_[0] ^ 1, *hash_[1:]])))
    assert found() == ["row 2 of chain A was changed: its hash does not fit what it says"]


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ([2], "row 2 is missing"),
        ([0], "row 0 is missing"),
        ([2, 3], "rows 2 to 3 are missing"),
        ([4], "row 4 is missing"),
        ([3, 4], "rows 3 to 4 are missing"),
        ([0, 1, 2, 3, 4], "all of its 5 rows are missing"),
    ],
)
def test_removed_rows_are_named(tell, tamper, found, removed, said):
    tell(1, 2, 3, 4)
    tamper(delete(ROWS).where(ROWS.c.number.in_(removed)))
    assert found() == [f"chain A: {said}"]


def test_a_removed_row_is_found_where_the_others_close_up(tell, tamper, found):
    tell(1, 2, 3)
    tamper(
        delete(ROWS).where(ROWS.c.number == 2),
        update(ROWS).where(ROWS.c.number == 3).values(number=2),
        update(HEADS).values(number=2),
    )
    assert found() == [
        "row 2 of chain A was changed: its hash does not fit what it says",
        "chain A: its head was changed",
    ]


def test_a_swapped_pair_is_found(tell, tamper, found):
    tell(1, 2, 3, 4)
    move = lambda old, new: update(ROWS).where(ROWS.c.number == old).values(number=new)  # noqa: E731
    tamper(move(2, 9), move(3, 2), move(9, 3))
    assert found()[:2] == [
        "row 2 of chain A was changed: its hash does not fit what it says",
        "row 3 of chain A was changed: its hash does not fit what it says",
    ]


def test_a_head_that_was_changed_or_removed_is_found(tell, tamper, found):
    tell(1, 2)
    tamper(update(HEADS).values(number=1))
    assert found() == ["chain A: its head was changed"]
    tamper(delete(HEADS))
    assert found() == ["chain A: its head is missing"]


def test_rows_of_somebody_else_are_found(store, tell, tamper, found):
    tell(1)
    (row,) = store.read_now(lambda reader: list(reader.select(select(ROWS).where(ROWS.c.number == 1))))
    tamper(insert(ROWS).values({**row._mapping, "number": 2}), insert(ROWS).values({**row._mapping, "number": -1}))
    assert found() == [
        "row -1 of chain A was not written by the adapter",
        "row 2 of chain A was changed: its hash does not fit what it says",
        "row 2 of chain A and later ones were not written by the adapter",
    ]


def test_each_writer_has_a_chain_and_names_those_before_it(settings, tell, tamper, found):
    tell(1, 2)
    with Store(settings) as second:
        tell(3, on=second)
        tell(4)
        with Store(settings) as third:
            tell(5, on=third)
            tell(6, on=second)
        assert found() == []
    tamper(
        text("delete from audit where chain = (select min(id) from audit_chain)"),
        text("delete from audit_chain where id = (select min(id) from audit_chain)"),
    )
    assert found() == ["chain A is missing; it had 4 rows when row 0 of chain C was written"]


def test_a_chain_that_was_written_anew_is_found(settings, tell, tamper, found, store):
    """Whoever has an older head can put it back with its rows; what was named since shows it."""
    tell(1)
    old = store.read_now(lambda reader: list(reader.select(select(HEADS))))
    tell(2, 3)
    with Store(settings) as second:
        tell(4, on=second)
    (head,) = old
    tamper(
        delete(ROWS).where(ROWS.c.chain == head.id, ROWS.c.number > head.number),
        update(HEADS).where(HEADS.c.id == head.id).values(number=head.number, hash=head.hash, seal=head.seal),
    )
    assert found() == ["chain A: row 3 is missing, which row 0 of chain B names"]


def test_export_of_a_time(store, tell):
    tell(1, 2, 3)
    rows = store.read_now(
        lambda reader: list(audit.export(reader, since=1_700_000_000_000_002, until=1_700_000_000_000_003))
    )
    assert [row["subjects"] for row in rows] == [["Meter/2"]]


def test_more_rows_than_a_page(store, commit_all, found, monkeypatch):
    monkeypatch.setattr(audit, "_PAGE", 3)
    commit_all(*(lambda tx, number=number: tx.audit(event(number)) for number in range(10)))
    assert len(store.read_now(lambda reader: list(audit.export(reader)))) == 11
    assert found() == []
