"""Symbolic links in an inbox: not followed, neither as files nor as our own folders."""

import pytest
from lxml import etree


def test_a_link_to_a_file(drop, messages, tmp_path, caplog):
    secret = tmp_path / "secret.xml"
    secret.write_bytes(etree.tostring(messages.create(messages.meter())))
    (drop.folder / "link.xml").symlink_to(secret)
    (drop.folder / "loop.xml").symlink_to(drop.folder / "loop.xml")
    drop.put("good.xml", messages.create(messages.meter()))
    assert [report.line for report in drop.take()] == ["done good.xml"]
    assert (drop.folder / "link.xml").is_symlink()
    assert secret.exists()
    assert "'link.xml' is no regular file: it is left where it is" in caplog.text


def test_a_file_that_is_exchanged_for_a_link_when_it_was_taken(drop, messages, tmp_path):
    secret = tmp_path / "secret.xml"
    secret.write_bytes(b"<secret/>")
    drop.put("good.xml", messages.create(messages.meter()))
    drop.take()
    (drop.folder / "work" / "bad.xml").symlink_to(secret)
    (report,) = drop.take()
    assert report.line.startswith(
        "rejected bad.xml: 1.8 the file cannot be read: Too many levels of symbolic links"
    )
    assert secret.read_bytes() == b"<secret/>"


@pytest.mark.parametrize("name", ["work", "done", "rejected"])
def test_our_own_folders_as_links(drop, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (drop.folder / name).symlink_to(tmp_path / "elsewhere")
    drop.put("a.xml", b"")
    with pytest.raises(NotADirectoryError, match=f"{name} must be a folder of its own, and no link"):
        drop.take()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (drop.folder / "a.xml").exists()
