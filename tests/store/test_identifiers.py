"""Keys of identifiers: equal for equal ones alone, in their order where that can be."""

from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.store.identifiers import ordered_key

A_UUID = "01a20639-f1ae-7939-9241-7a968c8096aa"


def test_a_uuid_is_its_own_key():
    assert ordered_key(A_UUID) == UUID(A_UUID).bytes


@pytest.mark.parametrize(
    "other",
    [
        A_UUID.upper(),
        A_UUID.replace("-", ""),
        A_UUID.replace("-", " "),
        f"{{{A_UUID}}}",
        A_UUID[:-1] + "-",
        A_UUID[:-1] + "g",
        A_UUID[:9] + "-" + A_UUID[10:],
        "-" + A_UUID[1:],
        " " + A_UUID[1:],
    ],
)
def test_what_is_written_otherwise_is_another_identifier(other):
    assert ordered_key(other) == sha256(other.encode()).digest()[:16]


def test_what_is_short_is_its_own_key():
    assert ordered_key("EVT-00000000123") == b"EVT-00000000123"
    assert ordered_key("EVT-000000000123") == sha256(b"EVT-000000000123").digest()[:16]


def test_keys_keep_the_order_of_uuids_and_of_counts():
    uuids = sorted(str(uuid4()) for _ in range(50))
    assert sorted(map(ordered_key, uuids)) == list(map(ordered_key, uuids))
    counts = [f"EVT-{count:08}" for count in range(50)]
    assert sorted(map(ordered_key, counts)) == list(map(ordered_key, counts))


_TEXTS = st.one_of(st.text(), st.uuids().map(str), st.uuids().map(lambda uuid: str(uuid).upper()))


@given(_TEXTS, _TEXTS)
def test_only_equal_identifiers_have_equal_keys(one, other):
    assert (ordered_key(one) == ordered_key(other)) == (one == other)
    assert len(ordered_key(one)) <= 16
