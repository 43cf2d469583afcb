from functools import partial

from cim_adapter.store import api_keys
from cim_adapter.store.api_keys import ApiKey


def key(key_id, name="hes", **more):
    return ApiKey(id=key_id, name=name, role="admin", digest=b"digest", quota=None, **more)


def test_an_empty_store_has_no_key(store):
    assert not store.read_now(api_keys.any_exists)
    assert store.read_now(lambda reader: api_keys.find(reader, "a")) is None


def test_a_key_is_found_by_its_id(store, commit):
    commit(lambda tx: api_keys.add(tx, key("a")))
    assert store.read_now(lambda reader: api_keys.find(reader, "a")) == key("a")
    assert store.read_now(lambda reader: api_keys.find(reader, "b")) is None
    assert store.read_now(api_keys.any_exists)


def test_every_key_of_a_partner_is_revoked(store, commit):
    for key_id, name in (("a", "hes"), ("b", "hes"), ("c", "mdm")):
        commit(partial(api_keys.add, key=key(key_id, name)))
    assert [commit(lambda tx: api_keys.revoke(tx, "hes")) for _ in range(2)] == [["a", "b"], []]
    assert [store.read_now(lambda reader, i=i: api_keys.find(reader, i)) for i in "abc"] == [
        None,
        None,
        key("c", "mdm"),
    ]
    assert store.read_now(api_keys.any_exists)  # a revoked key was a key: no first key is made again
