import asyncio
import base64
from dataclasses import replace

import pytest

from cim_adapter import Settings
from cim_adapter.access import Access, ApiKeys, Credentials, Identity, new_key
from cim_adapter.errors import BadCredential, Forbidden, Unauthenticated
from cim_adapter.store import api_keys


def basic(text):
    return Credentials(authorization=f"Basic {base64.b64encode(text).decode()}")


# ------------------------------------------------------------------------------------ credentials


@pytest.mark.parametrize(
    ("credentials", "key"),
    [
        (Credentials(), None),
        (Credentials(api_key="", authorization=""), None),
        (Credentials(api_key="k"), "k"),
        (basic(b"user:k"), "k"),
        (basic(b":k"), "k"),
        (basic(b"user:k:with:colons"), "k:with:colons"),
        (basic("müller:k".encode()), "k"),
        (Credentials(authorization=f"bAsIc  {base64.b64encode(b'u:k').decode()} "), "k"),
        (Credentials(api_key="k", authorization="Bearer x"), "k"),
    ],
)
def test_where_a_key_stands(credentials, key):
    assert credentials.key() == key


@pytest.mark.parametrize("authorization", ["Digest x", "Basic =", "Basic äöü", "Basic a b", "Basic /w=="])
def test_a_header_that_carries_no_key(authorization):
    with pytest.raises(BadCredential) as caught:
        Credentials(authorization=authorization).key()
    assert caught.value.code == "7.4"


@pytest.mark.parametrize(
    ("credentials", "token"),
    [
        (Credentials(authorization="Bearer a.b.c"), "a.b.c"),
        (Credentials(authorization="bEARER   a.b.c "), "a.b.c"),
        (Credentials(authorization="Bearer"), ""),
        (Credentials(authorization="Basic a.b.c"), None),
        (Credentials(api_key="k", authorization="Bearer a.b.c"), None),
        (Credentials(), None),
    ],
)
def test_where_a_token_stands(credentials, token):
    assert credentials.token() == token


# ------------------------------------------------------------------------------------------- keys


@pytest.fixture
def given(store):
    """A key that is in the store."""
    key, row = new_key(name="hes", role="partner", quota=5)
    asyncio.run(store.commit(lambda tx: api_keys.add(tx, row)))
    return key


def test_keys_are_random_and_stored_as_hashes():
    (one, row), (other, _) = (new_key(name="hes", role="partner") for _ in range(2))
    assert one != other
    assert one.startswith(f"cim_{row.id}_")
    assert len(one) - len(f"cim_{row.id}_") >= 43  # 256 bits in base64
    secret = one.split("_", 2)[2]
    assert secret.encode() not in row.digest
    assert secret not in repr(row)


def test_a_good_key_says_whose_it_is(store, given):
    access = Access(Settings(), store)
    who = Identity(name="hes", role="partner", credential=f"key:{given.split('_')[1]}", quota=5)
    assert asyncio.run(access.who(Credentials(api_key=given))) == who
    assert asyncio.run(access.who(basic(f"any:{given}".encode()))) == who


def test_the_quota_of_a_key_that_has_none_of_its_own_is_that_of_the_settings(store):
    key, row = new_key(name="hes", role="partner")
    asyncio.run(store.commit(lambda tx: api_keys.add(tx, row)))
    assert asyncio.run(Access(Settings(), store).who(Credentials(api_key=key))).quota == 100
    assert asyncio.run(Access(Settings(quota=7), store).who(Credentials(api_key=key))).quota == 7


def test_no_credential(store):
    with pytest.raises(Unauthenticated, match="X-API-Key") as caught:
        asyncio.run(Access(Settings(), store).who(Credentials()))
    assert caught.value.code == "7.2"


def test_bad_keys(store, given):
    """Also what a database could choke on; whoever sends it is a stranger, not an error of ours."""
    access = Access(Settings(), store)
    key_id = given.split("_")[1]
    for bad in (
        "x",
        "cim__",
        f"cim_{key_id}_",
        f"{given}x",
        given[:-1],
        given.upper(),
        "cim_\0_x",
        "cim_ü_x",
    ):
        with pytest.raises(BadCredential, match="not known, or was revoked"):
            asyncio.run(access.who(Credentials(api_key=bad)))


def test_open_lets_anyone_in(store):
    access = Access(Settings(open=True), store)
    assert asyncio.run(access.who(Credentials(api_key="whatever"))).role == "admin"


def test_may(store):
    access = Access(Settings(), store)
    access.may(Identity(name="hes", role="partner"), "create", "MeterReadings")
    with pytest.raises(Forbidden, match="hes has the role partner, which does not allow delete MeterReadings"):
        access.may(Identity(name="hes", role="partner"), "delete", "MeterReadings")


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def counted(store, monkeypatch):
    """How often the database was asked."""
    asked = []
    read = store.read
    monkeypatch.setattr(store, "read", lambda work: (asked.append(1), read(work))[1])
    return asked


def test_a_key_is_asked_for_once_in_a_while(store, given, counted):
    clock = Clock()
    keys = ApiKeys(store, cache_seconds=10, clock=clock)
    check = lambda: asyncio.run(keys.check(given))  # noqa: E731
    first = check()
    clock.now += 10
    assert check() == first
    assert len(counted) == 1
    clock.now += 0.001
    assert check() == first
    assert len(counted) == 2


def test_callers_who_come_together_ask_together(store, given, counted):
    keys = ApiKeys(store, cache_seconds=10, clock=Clock())

    async def check_all():
        return await asyncio.gather(*(keys.check(given) for _ in range(20)))

    assert {known.name for known in asyncio.run(check_all())} == {"hes"}
    assert len(counted) == 1


def test_a_caller_who_goes_away_takes_the_answer_from_nobody_else(store, given, counted):
    keys = ApiKeys(store, cache_seconds=10, clock=Clock())

    async def check_both():
        first, second = (asyncio.ensure_future(keys.check(given)) for _ in range(2))
        await asyncio.sleep(0)  # both wait now
        first.cancel()
        return await second

    assert asyncio.run(check_both()).name == "hes"
    assert len(counted) == 1


def test_a_revoked_key_works_until_the_cache_ends_and_not_longer(store, given):
    clock = Clock()
    keys = ApiKeys(store, cache_seconds=10, clock=clock)
    assert asyncio.run(keys.check(given)).name == "hes"
    asyncio.run(store.commit(lambda tx: api_keys.revoke(tx, "hes")))
    clock.now += 10
    assert asyncio.run(keys.check(given)) is not None
    clock.now += 0.001
    assert asyncio.run(keys.check(given)) is None


def test_a_cached_key_does_not_open_the_door_to_another_secret(store, given):
    keys = ApiKeys(store, cache_seconds=10, clock=Clock())
    assert asyncio.run(keys.check(given)) is not None
    assert asyncio.run(keys.check(f"{given}x")) is None
    assert asyncio.run(keys.check(f"{given.rpartition('_')[0]}_x")) is None


def test_unknown_keys_fill_no_memory(store):
    keys = ApiKeys(store, cache_seconds=10, clock=Clock())
    for n in range(5):
        assert asyncio.run(keys.check(f"cim_{n}_x")) is None
    assert keys._cache == {}


def test_a_key_without_quota_says_so():
    _, row = new_key(name="hes", role="admin")
    assert row.quota is None
    assert replace(row, quota=0).quota == 0
