"""Sealing everything anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import LargeBinary, select

from cim_adapter.store import journal, rotation
from cim_adapter.store import store as store_module
from cim_adapter.store.key_ring import KeyRing
from cim_adapter.store.objects import Identity, Name, identities, resolve
from cim_adapter.store.rotation import rotate, sealed_columns
from cim_adapter.store.sealing import SealError
from cim_adapter.store.store import Store
from cim_adapter.store.tables import Tables

#: Hashes and digests: they tell nothing without a key, and need no new one.
HASHES = {"digest", "hash", "seal", "message_key", "correlation_key", "mrid_key", "tracking_key"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Nobody waits a second."""
    monkeypatch.setattr(store_module, "LOOKS", 0.01)
    monkeypatch.setattr(rotation, "LOOKS", 0.05)


@pytest.fixture
def key_ids(store):
    """By which keys the values of the database are sealed."""

    def found() -> set[bytes]:
        def look(reader):
            return {
                bytes(value)[1:5]
                for _, column in sealed_columns(reader.tables)
                for (value,) in reader.select(select(column))
            }

        return store.read_now(look)

    return found


def test_every_column_of_bytes_is_sealed_or_a_hash():
    tables = Tables.define()
    known = {(table.name, column.name) for table, column in sealed_columns(tables)}
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary):
                assert ((table.name, column.name) in known) != (column.name in HASHES), (table.name, column.name)


def test_everything_opens_with_the_new_key_alone(settings, store, commit, journaled, key_ids, monkeypatch):
    monkeypatch.setattr(rotation, "_BATCH", 2)
    uids = [journaled(body=f"<m>{number}</m>".encode()) for number in range(5)]
    meter = Identity(None, (Name("Mr Smith's meter"),))
    number = commit(lambda tx: resolve(tx, "Meter", meter))
    (old,) = KeyRing(settings).load()
    assert key_ids() == {old.id}
    said: list[str] = []
    rotate(settings, said.append)
    (new,) = KeyRing(settings).load()
    assert new.id != old.id
    assert key_ids() == {new.id}
    assert said[-1].startswith("done")
    with Store(settings) as opened:
        for index, uid in enumerate(uids):
            stored = opened.read_now(lambda reader, uid=uid: journal.read(reader, uid))
            assert stored.request == f"<m>{index}</m>".encode()
        assert opened.read_now(lambda reader: identities(reader, [number])) == {number: meter}


def test_an_open_store_learns_of_the_new_key(settings, store, journaled, key_ids):
    before = journaled()
    rotate(settings, lambda _: None)
    (new,) = KeyRing(settings).load()
    while store.vault.key_id != new.id:
        asyncio.run(asyncio.sleep(0))
    after = journaled()
    assert key_ids() == {new.id}
    for uid in (before, after):
        assert store.read_now(lambda reader, uid=uid: journal.read(reader, uid)).request == b"<request/>"


@pytest.mark.parametrize("step", ["_reseal", "_pass"])
def test_one_that_was_broken_off_goes_on(settings, journaled, key_ids, monkeypatch, step):
    journaled()

    def fail(*_):
        raise OSError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, step, fail)
        with pytest.raises(OSError, match="power cut"):
            rotate(settings, lambda _: None)
    assert len(KeyRing(settings).load()) == 2
    with Store(settings):  # it opens in between
        pass
    rotate(settings, lambda _: None)
    (new,) = KeyRing(settings).load()
    assert key_ids() == {new.id}


def test_keys_of_a_setting_go_from_the_second_to_the_first(settings, store, journaled, key_ids):
    journaled()
    old = (settings.data / "data.key").read_text()
    new = KeyRing(replace(settings, data_key_file=settings.data / "new.key")).load()[0]
    text = f"{(settings.data / 'new.key').read_text()} {old}"
    with pytest.raises(SealError, match="start with the data key"):
        rotate(replace(settings, data_key=(settings.data / "new.key").read_text()), lambda _: None)
    (settings.data / "data.key").write_text(text)  # for the store that is open here
    rotate(replace(settings, data_key=text), lambda _: None)
    assert key_ids() == {new.id}


def test_a_server_without_the_new_key_takes_nothing_away(settings, store, journaled, key_ids, monkeypatch):
    """It goes on with the old one: what it seals is found, and the old key stays."""
    monkeypatch.setattr(rotation, "_PASSES", 3)
    monkeypatch.setattr(store._ring, "load", lambda: (_ for _ in ()).throw(SealError("no such key")))
    monkeypatch.setattr(rotation.time, "sleep", lambda _: journaled())
    with pytest.raises(SealError, match="keep coming"):
        rotate(settings, lambda _: None)
    assert len(KeyRing(settings).load()) == 2
