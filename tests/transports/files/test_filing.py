"""Filing, with the disk or the process failing at each step: everything is there once in the end."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cim_adapter.inboxes import Inbox
from cim_adapter.transports.files import disk, moves
from cim_adapter.transports.files import filing as module
from cim_adapter.transports.files.disk import free_name, make_folder
from cim_adapter.transports.files.filing import Filed, Filing
from cim_adapter.validate.sources import shown

NAMES = ("a.xml", "b.xml")
WANTED = sorted(
    [f"inbox/done/2026-11-23/{name}{ending}" for name in NAMES for ending in ("", ".reply.xml", ".report.json")]
    + [f"outbox/{name}.reply.xml" for name in NAMES]
)


class PowerCut(Exception):
    """The process is gone."""


@pytest.fixture
def inbox(tmp_path):
    made = Inbox(folder=tmp_path / "inbox", partner="ACME", outbox=tmp_path / "outbox")
    made.folder.mkdir()
    return made


@pytest.fixture
def begin(inbox):
    """A function that makes a new Filing, as a new process does."""

    def make():
        made = Filing(inbox, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        made.prepare()
        return made

    return make


def outcome(name, done=True):
    return Filed(
        file=name,
        done=done,
        reply=b"reply",
        reply_ending=".reply.xml",
        reply_wanted=True,
        reports={".report.json": b"report"},
    )


def there(tmp_path):
    """All files, but for hidden ones."""
    files = (path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.name.startswith(".") and ".outcome" not in path.parts)


def drop(inbox):
    for number, name in enumerate(NAMES):
        (inbox.folder / name).write_text(name)
        os.utime(inbox.folder / name, (number, number))


def test_filed(begin, inbox, tmp_path):
    drop(inbox)
    filing = begin()
    assert filing.take([*NAMES, "gone.xml"]) == list(NAMES)
    assert filing.unfinished() == list(NAMES)
    filing.file([outcome(name) for name in NAMES])
    assert there(tmp_path) == WANTED
    assert filing.unfinished() == []


@pytest.mark.parametrize("error", [PowerCut, OSError])
def test_torn_at_each_step(begin, inbox, tmp_path, monkeypatch, error):
    """Every write, rename and sync fails once, and the whole is begun anew; then by the same process, too."""
    steps = 0
    for failing in range(1000):
        count = 0

        def step(real, failing=failing):
            def run(*arguments, **keywords):
                nonlocal count
                count += 1
                if count == failing + 1:
                    raise error("now")
                return real(*arguments, **keywords)

            return run

        with monkeypatch.context() as patch:
            for place, name in ((module, "sync"), (module, "write_all"), (moves, "sync"), (moves, "write")):
                patch.setattr(place, name, step(getattr(disk, name)))
            patch.setattr(Path, "rename", step(Path.rename))
            patch.setattr(Path, "unlink", step(Path.unlink))
            drop(inbox)
            filing = begin()
            try:
                filing.take(NAMES)
                filing.file([outcome(name) for name in NAMES])
                steps = failing
            except error:
                pass
        if error is PowerCut:
            filing = begin()
        filing.take([name for name in NAMES if (inbox.folder / name).exists()])
        left = filing.unfinished()
        filing.file([outcome(name) for name in (left if error is PowerCut else NAMES)])
        assert there(tmp_path) == WANTED, failing
        assert filing.unfinished() == []
        for path in [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(".")]:
            path.unlink()
        if steps:
            break
    assert steps > 15


def test_what_is_there_is_never_overwritten(begin, inbox, tmp_path):
    filing = begin()
    for _ in range(3):
        drop(inbox)
        filing.take(NAMES)
        filing.file([outcome(name) for name in NAMES])
    assert {path.name for path in (inbox.folder / "done").glob("*/a*")} == {
        f"a{number}.xml{ending}" for number in ("", "-2", "-3") for ending in ("", ".reply.xml", ".report.json")
    }
    assert len(list((tmp_path / "outbox").iterdir())) == 6


def test_one_process_takes_files(begin):
    first, second = begin(), begin()
    assert first.hold()
    assert not second.hold()
    first.let_go()
    assert second.hold()
    second.let_go()


def test_folders_that_are_links_are_not_gone_through(inbox, begin, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (inbox.folder / "done").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError, match="no link"):
        begin()
    with pytest.raises(NotADirectoryError):
        make_folder(inbox.folder / "done")


def test_names():
    assert free_name("a.b.xml", ["", ".x"], lambda name: name not in ("a.b.xml.x", "a-2.b.xml")) == "a-3.b.xml"
    long = free_name("ä" * 127 + ".xml", ["", ".report.json"], lambda _: True)
    assert len(os.fsencode(long + ".report.json")) <= 255
    assert long.endswith(".xml")
    assert len(os.fsencode(free_name("." * 255, [".report.json"], lambda _: True))) <= 243
    assert shown("a\udcff\n\x1bé") == r"a\xff\n\x1bé"
