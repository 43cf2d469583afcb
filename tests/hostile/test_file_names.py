"""Names that are no UTF-8, hold control characters, are as long as can be, or are like those of our own files."""

import json
import os

import pytest

NAMES = [
    b"\xff\xfe\x80.xml",
    b"new\nline\x1b[31m.xml",
    b"a" * 251 + b".xml",
    "ß".encode() * 125 + b".xml",
    b"a.xml.report.json.xml",
    b"-rf .xml",
    b"%s{}$(date)`id`.xml",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_taken_as_any_other(new_drop, messages, name, tmp_path):
    drop = new_drop(outbox=str(tmp_path / "outbox"))
    drop.put(os.fsdecode(name), messages.create(messages.meter(), header={"MessageID": None}))
    (report,) = drop.take()
    assert report.outcome == "done"
    assert report.file.isprintable()
    assert "\n" not in report.line
    filed = [os.fsencode(path.name) for path in (drop.folder / "done").glob("*/*")]
    assert len(filed) == 3
    if len(name) < 200:
        assert sorted(filed) == sorted([name, name + b".reply.xml", name + b".report.json"])
    (written,) = (drop.folder / "done").glob("*/*.report.json")
    json.loads(written.read_text("utf-8"))
    assert len(list((tmp_path / "outbox").iterdir())) == 1
