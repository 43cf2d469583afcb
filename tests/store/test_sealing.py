import base64
import os
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter import Settings
from cim_adapter.store.engine import database_url, writing_engine
from cim_adapter.store.sealing import DataKey, Nonces, SealError, Vault, seal, unseal
from cim_adapter.store.store import Store, prepare
from cim_adapter.store.tables import Tables

KEY = DataKey(bytes(range(32)))
VAULT = Vault(KEY, b"index")
values = st.binary(max_size=600) | st.binary(min_size=1, max_size=4).map(lambda part: part * 2000)


@given(value=values, row=st.text(max_size=40))
def test_what_is_sealed_opens(value, row):
    assert VAULT.open(VAULT.seal(value, row), row) == value


@given(value=values, position=st.integers(min_value=0), flip=st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(value, position, flip):
    sealed = bytearray(VAULT.seal(value, "row"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(SealError):
        VAULT.open(bytes(sealed), "row")


@given(value=values, cut=st.integers(0, 33))
def test_a_shortened_value_is_noticed(value, cut):
    with pytest.raises(SealError):
        VAULT.open(VAULT.seal(value, "row")[:cut], "row")


def test_no_nonce_comes_twice_from_several_threads():
    nonces = Nonces()
    with ThreadPoolExecutor(8) as pool:
        drawn = [
            nonce for some in pool.map(lambda _: [nonces.next() for _ in range(1_000)], range(8)) for nonce in some
        ]
    assert len(set(drawn)) == len(drawn) == 8_000
    assert {len(nonce) for nonce in drawn} == {12}


def test_a_process_that_was_forked_has_nonces_of_its_own():
    nonces = Nonces()
    first = nonces.next()
    reader, writer = get_context("fork").Pipe(duplex=False)
    child = get_context("fork").Process(target=lambda: writer.send([nonces.next() for _ in range(3)]))
    child.start()
    theirs = reader.recv()
    child.join(30)
    ours = [nonces.next() for _ in range(3)]
    assert not {nonce[:8] for nonce in theirs} & {nonce[:8] for nonce in (first, *ours)}


def test_a_count_that_is_used_up_begins_anew():
    nonces = Nonces()
    before = nonces.next()
    nonces._series = (os.getpid(), before[:8], iter([0xFFFFFFFF, 0x100000000]))
    assert nonces.next() == before[:8] + b"\xff\xff\xff\xff"
    assert nonces.next()[:8] != before[:8]


def test_a_value_moved_to_another_row_does_not_open():
    with pytest.raises(SealError, match="journal/2/reply was changed or moved"):
        VAULT.open(VAULT.seal(b"secret", "journal/1/reply"), "journal/2/reply")


def test_another_key_is_told_from_a_changed_value():
    other = DataKey(bytes(32))
    with pytest.raises(
        SealError, match=f"sealed with the data key {KEY.id.hex()}, but the key given is {other.id.hex()}"
    ):
        unseal(other, seal(KEY, b"secret", "row"), "row")


def test_equal_values_look_different():
    assert VAULT.seal(b"secret", "row") != VAULT.seal(b"secret", "row")


def test_long_repetitive_values_are_deflated():
    assert len(VAULT.seal(b"<value>1.50</value>" * 1000, "row")) < 1000


def test_digests_depend_on_every_part_and_on_the_index_key():
    digests = {
        VAULT.digest("Meter", "name", "a"),
        VAULT.digest("UsagePoint", "name", "a"),
        VAULT.digest("Meter", "name", "b"),
        VAULT.digest("Meter", "namea"),
        Vault(KEY, b"another").digest("Meter", "name", "a"),
    }
    assert len(digests) == 5
    assert VAULT.digest("Meter", "name", "a") == Vault(DataKey(bytes(32)), b"index").digest("Meter", "name", "a")


def test_two_keys_open_and_the_later_one_seals():
    new = DataKey(bytes(32))
    vault = Vault(KEY, b"index")
    old = vault.seal(b"old", "row")
    vault.use(new, [KEY])
    assert vault.key_id == new.id
    assert vault.open(old, "row") == b"old"
    assert unseal(new, vault.seal(b"new", "row"), "row") == b"new"
    with pytest.raises(SealError, match="sealed with the data key"):
        VAULT.open(vault.seal(b"new", "row"), "row")


# ------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 32 bytes, this one has 0"),
        (base64.b64encode(bytes(31)).decode(), "has 32 bytes, this one has 31"),
        ("no base64!", "not base64"),
    ],
)
def test_a_text_that_is_no_key(text, said):
    with pytest.raises(SealError, match=said):
        DataKey.from_text(text)


def test_white_space_around_a_key_does_no_harm():
    text = base64.b64encode(bytes(range(32))).decode()
    assert DataKey.from_text(f" {text}\n").id == KEY.id


def test_a_store_does_not_open_with_another_key(settings):
    prepare(settings)
    other = Settings(data=settings.data, database=settings.database, data_key=base64.b64encode(bytes(32)).decode())
    for attempt in (Store, prepare):
        with pytest.raises(SealError, match="start with the data key this database was made with"):
            attempt(other)


def test_a_database_that_was_never_prepared(settings):
    settings.data.mkdir()
    engine = writing_engine(database_url(settings.database, settings.data))
    Tables.define().metadata.create_all(engine)
    engine.dispose()
    with pytest.raises(SealError, match="prepare it first"):
        Store(settings)
