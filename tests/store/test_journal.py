from uuid import UUID

import pytest
from sqlalchemy import select, update

from cim_adapter.store import journal
from cim_adapter.store.sealing import SealError


def test_uids_are_version_7_and_sort_by_time(monkeypatch):
    now = iter([1_700_000_000_000 * 1_000_000, 1_700_000_000_001 * 1_000_000])
    monkeypatch.setattr(journal.time, "time_ns", lambda: next(now))
    first, second = UUID(journal.new_uid()), UUID(journal.new_uid())
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 == 1_700_000_000_000
    assert str(first) < str(second)


def test_uids_differ():
    assert len({journal.new_uid() for _ in range(1000)}) == 1000


def test_a_message_is_the_same_by_partner_and_message_id(entry):
    pairs = [("a", "bc"), ("ab", "c"), ("a", "b"), ("b", "a"), ("a", "b" * 100_000)]
    onces = [entry(partner=partner, message_id=message_id).once for partner, message_id in pairs]
    assert len(set(onces)) == len(pairs)
    assert max(len(key) for key, _ in onces) <= 32
    assert entry(partner="a", message_id="b").once == onces[2]
    assert entry(partner="a").once is None


def test_a_message_and_its_answer_are_read_back(commit, store, entry):
    made = entry(received=7, digest=b"digest", body=b"<request/>" * 50)
    commit(lambda tx: journal.write(tx, made, result="PARTIAL", code="2.4", reply=b"<reply/>"))
    assert store.read_now(lambda reader: journal.read(reader, made.uid)) == journal.Stored(
        uid=made.uid,
        received=7,
        digest=b"digest",
        result="PARTIAL",
        code="2.4",
        request=b"<request/>" * 50,
        reply=b"<reply/>",
    )


def test_an_unknown_uid(store):
    with pytest.raises(KeyError):
        store.read_now(lambda reader: journal.read(reader, "nobody"))


def test_only_what_was_carried_out_uses_up_its_message_id(commit, store, entry):
    cases = [("OK", None), ("PARTIAL", None), ("FAILED", None), ("OK", "uid")]
    entries = [entry(message_id=f"id-{n}") for n in range(4)]

    def write(tx):
        for made, (result, repeats) in zip(entries, cases, strict=True):
            journal.write(tx, made, result=result, code="x", reply=b"", repeats=repeats)
        return set(tx.seen)

    taken = {made.once for made in entries[:2]}
    assert commit(write) == taken
    for made in entries:
        seen = commit(lambda tx, once=made.once: once in tx.seen, once=made.once)
        assert seen is (made.once in taken)
    assert commit(lambda tx: dict(tx.seen)) == {}


def test_an_answer_moved_to_another_message_does_not_open(commit, store, journaled):
    one, other = journaled(), journaled()
    table = store.tables.journal
    reply = store.read_now(
        lambda reader: reader.select(select(table.c.reply).where(table.c.uid == one)).scalar_one()
    )
    commit(lambda tx: tx.execute(update(table).where(table.c.uid == other).values(reply=reply)))
    with pytest.raises(SealError, match=f"journal/{other}/reply was changed or moved"):
        store.read_now(lambda reader: journal.read(reader, other))
