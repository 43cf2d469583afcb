"""Links, devices and pipes where files are expected; names that are no text."""

from __future__ import annotations

import os
import socket

import pytest

GOOD = b'<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"/>'


def test_links_in_a_folder_are_not_followed(validate, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.xml").write_bytes(b"<secret/>")
    (folder / "a.xml").write_bytes(GOOD)
    (folder / "link.xml").symlink_to(tmp_path / "secret.xml")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder)
    (folder / "none.xml").symlink_to(tmp_path / "none")
    done = validate(folder)
    assert (done.status, done.out.splitlines()[-1]) == (0, "1 document, 0 invalid")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_devices_are_not_read(validate, path):
    done = validate(path)
    assert (done.status, done.err) == (2, f"cim-adapter: {path}: is no regular file\n")


def test_pipes_and_sockets_are_not_waited_for(validate, tmp_path):
    os.mkfifo(tmp_path / "pipe.xml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.xml"))
        for name in ("pipe.xml", "socket.xml"):
            done = validate(tmp_path / name)
            assert (done.status, "is no regular file" in done.err) == (2, True)
        (tmp_path / "a.xml").write_bytes(GOOD)
        assert validate(tmp_path).out.splitlines()[-1] == "1 document, 0 invalid"


def test_names_that_are_no_text_are_shown_as_text(validate, tmp_path):
    folder = os.fsencode(tmp_path)
    names = (b"caf\xe9.xml", b"a\x1b[31mred.xml", b"two\nlines.xml", "\u202etxt.xml".encode())
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(GOOD)
    for form in ("text", "json", "junit", "html"):
        done = validate(tmp_path, "--format", form)
        assert done.status == 0
        done.out.encode()
        assert not {"\x1b", "\u202e"} & set(done.out)
    shown = validate(tmp_path).out
    assert "caf\\xe9.xml: valid" in shown
    assert "two\\nlines.xml: valid" in shown


def test_a_file_that_may_not_be_read(validate, tmp_path, monkeypatch):
    (tmp_path / "a.xml").write_bytes(GOOD)
    real = os.open

    def forbidding(path, *more, **others):
        if str(path).endswith("a.xml"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *more, **others)

    monkeypatch.setattr(os, "open", forbidding)
    done = validate(tmp_path / "a.xml")
    assert done.status == 1
    assert "Permission denied" in done.out
