"""Zip archives that unpack to far more than they weigh, or lie about it: stopped before anything comes out."""

import io
import resource
import struct
import zipfile

import pytest

MEGABYTE = 1024 * 1024


def zipped(*members):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return held.getvalue()


@pytest.fixture
def refused(drop):
    """The reason for which an archive is refused, with less memory than the bomb holds."""

    def take(content):
        drop.put("bomb.zip", content)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        (report,) = drop.take()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        assert grown < 50 * MEGABYTE
        assert report.outcome == "rejected"
        return report.messages[0].errors[0].code, report.line

    return take


def test_one_member_that_is_large(refused):
    code, said = refused(zipped(("a.xml", b" " * 100 * MEGABYTE)))
    assert code == "3.1"
    assert "more than 300 bytes for each of its own" in said


def test_many_members_that_are_the_same(refused):
    """Entries that overlap: a hundred names for one kernel of compressed bytes (D. Fifield, 2019)."""
    whole = zipped(("a.xml", b" " * MEGABYTE))
    at, end = whole.rindex(b"PK\x01\x02"), whole.rindex(b"PK\x05\x06")
    entry = whole[at:end]
    entries = b"".join(entry.replace(b"a.xml", f"{n:05}".encode()) for n in range(100))
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 100, 100, len(entries), at, 0)
    code, _ = refused(whole[:at] + entries + tail)
    assert code in ("3.1", "1.8")


def test_a_member_that_says_it_is_small(refused):
    """What it says is what is read of it; the rest does not come out."""
    whole = bytearray(zipped(("a.xml", b" " * 20 * MEGABYTE)))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", whole, whole.rindex(mark) + offset, 10)
    code, said = refused(bytes(whole))
    assert code == "1.8"
    assert "damaged" in said


def test_a_directory_of_a_million_members(refused):
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 30, 0)
    code, said = refused(b"PK\x03\x04" + b"\0" * 26 + b"PK\x01\x02" * 1000 + tail)
    assert code == "3.1"
    assert "more than 10,000 members" in said


def test_an_archive_in_an_archive(refused):
    """The inner one is no message, and nobody opens it."""
    code, _ = refused(zipped(("a.zip", zipped(("a.xml", b" " * MEGABYTE)))))
    assert code == "1.8"
