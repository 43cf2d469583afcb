"""What is in a file, told by its bytes, and kept within bounds. Hostile ones are in tests/hostile."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from cim_adapter.errors import OverBudget, Unreadable
from cim_adapter.transports.files.contents import Contents, Limits

LIMITS = Limits(bulk_bytes=100_000, ratio=100, max_members=10)


@pytest.fixture
def read(tmp_path):
    """What a file of this content holds."""

    def contents(content: bytes):
        path = tmp_path / "file"
        path.write_bytes(content)
        with Contents(path, LIMITS) as opened:
            return list(opened)

    return contents


def zipped(*members, compression=zipfile.ZIP_DEFLATED):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


def test_plain(read):
    (content,) = read(b"<a/>")
    assert (content.body, content.member, content.error) == (b"<a/>", None, None)


def test_gzip(read):
    (content,) = read(gzip.compress(b"<a/>"))
    assert content.body == b"<a/>"


@pytest.mark.parametrize(
    "broken", [gzip.compress(b"<a/>" * 99)[:-9], gzip.compress(b"a") * 2, b"\x1f\x8bnot gzip"]
)
def test_gzip_that_is_none(read, broken):
    (content,) = read(broken)
    assert isinstance(content.error, Unreadable)
    assert content.body == broken


def test_zip(read):
    found = read(zipped(("a.xml", b"<a/>"), ("b/c.xml", b"<b/>")))
    assert [(content.member, content.body) for content in found] == [("a.xml", b"<a/>"), ("b/c.xml", b"<b/>")]


def test_zip_with_something_in_front_of_it_is_none(read):
    (content,) = read(b"x" + zipped(("a.xml", b"<a/>")))
    assert content.error is None
    assert content.member is None


def test_zip_that_is_damaged(read):
    whole = zipped(("a.xml", b"0123456789" * 50), compression=zipfile.ZIP_STORED)
    for broken, said in (
        (whole[:60], "cut off"),
        (whole.replace(b"0123456789", b"0123456780", 1), "a.xml in the zip archive is damaged: Bad CRC"),
        (whole[: whole.rindex(b"PK\x01\x02")] + whole[-22:], "damaged"),
        (zipped(), "empty"),
        (zipped(("a", b"")).replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged"),
    ):
        (content,) = read(broken)
        assert isinstance(content.error, Unreadable), said
        assert said in str(content.error)


def test_too_many_members(read):
    (content,) = read(zipped(*((f"{n}.xml", b"") for n in range(11))))
    assert isinstance(content.error, OverBudget)
    (content,) = read(zipped(*((f"{n}.xml", b"") for n in range(200))))
    assert "more than 10 members" in str(content.error)


def test_a_member_twice(read):
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = zipped(("a.xml", b"1"), ("a.xml", b"2"))
    (content,) = read(archive)
    assert "twice" in str(content.error)


def test_a_member_that_is_too_large_to_be_held_is_read_as_often_as_one_likes(tmp_path):
    periodic = bytes(n * n % 251 for n in range(100_001))
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("large.xml", periodic), ("small.xml", b"<a/>")))
    with Contents(path, LIMITS) as opened:
        messages = iter(opened)
        large = next(messages)
        for _ in range(2):
            with large.opened() as pieces:
                assert b"".join(pieces) == periodic
        (small,) = messages
    assert (large.body, small.body, small.opened) == (b"", b"<a/>", None)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_are_not_read(read, compression):
    (content,) = read(zipped(("a.xml", b"<a/>"), compression=compression))
    assert "use deflate" in str(content.error)
