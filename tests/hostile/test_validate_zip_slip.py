"""Names in archives that lead elsewhere, or pretend to: they are only shown."""

from __future__ import annotations

import zipfile

NAMES = ("../../escaped.xml", "/escaped.xml", "..\\escaped.xml", "a\x1b[2J.xml", "a\nb.xml", "C:escaped.xml")


def test_nothing_is_written_and_nothing_else_is_read(validate, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    with zipfile.ZipFile(inner / "a.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(zipfile.ZipInfo(name), b"<a/>")
    before = sorted(tmp_path.rglob("*"))
    for form in ("text", "json", "junit", "html"):
        done = validate(inner / "a.zip", "--format", form)
        assert done.status == 1
        assert "\x1b" not in done.out
    assert sorted(tmp_path.rglob("*")) == before
    assert validate(inner / "a.zip").out.count(": invalid") == len(NAMES)


def test_a_member_under_a_password_is_told(validate, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.xml", b"<a/>")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[6] |= 1  # the flag of the local header: encrypted
    data[data.rindex(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    done = validate(tmp_path / "a.zip")
    assert done.status == 1
    assert "encrypted" in done.out
