"""SIGKILL at random moments while files are taken: each reading is there once, and each reply is."""

from __future__ import annotations

import os
import random
import signal
import threading
import zipfile

from lxml import etree

FILES, READINGS, KILLS, SEED = 600, 4, 20, 61968


def test_each_reading_once_and_each_reply_once(start_watch, messages, readings_in, tmp_path):
    chance = random.Random(SEED)
    inbox, outbox = tmp_path / "inbox", tmp_path / "outbox"
    inbox.mkdir()
    arguments = ("--partner", "ACME", "--outbox", str(outbox), "--settle", "0")
    names = [f"{number:04}.xml" for number in range(FILES)]
    for number, name in enumerate(names):
        # Every other one without a MessageID: a repeat of it must be recognised all the same.
        header = {"MessageID": name if number % 2 else None}
        made = messages.create(messages.meter(count=READINGS), header=header)
        (inbox / name).write_bytes(b"no XML" if number % 50 == 7 else etree.tostring(made))
        os.utime(inbox / name, (number, number))
    with zipfile.ZipFile(inbox / "last.zip", "w") as archive:
        for number in range(20):
            made = messages.create(messages.meter(count=READINGS), header={"MessageID": None})
            archive.writestr(f"{number}.xml", etree.tostring(made))

    interrupted = 0
    for _ in range(KILLS):
        watch = start_watch(*arguments)
        watch.wait_for(1 + chance.randint(0, 1))
        threading.Event().wait(chance.random() / 10)  # somewhere inside a round
        watch.end(signal.SIGKILL)
        interrupted += any(not path.name.startswith(".") for path in (inbox / "work").iterdir())
    assert interrupted > KILLS / 4
    watch = start_watch("--once", *arguments)
    assert watch.process.wait(120) == 1, watch.log.read_text()

    bad = [name for number, name in enumerate(names) if number % 50 == 7]
    good = sorted({*names} - {*bad} | {"last.zip"})
    for kind, wanted in (("done", good), ("rejected", bad)):
        filed = [path.name for path in (inbox / kind).glob("*/*")]
        endings = (".reply.xml", ".reply.zip")
        assert sorted(name for name in filed if name in (*names, "last.zip")) == wanted
        assert sorted(name[:-10] for name in filed if name.endswith(endings)) == wanted
        assert sorted(name[:-12] for name in filed if name.endswith(".report.json")) == wanted
        pages = sorted(name[:-12] for name in filed if name.endswith(".report.html"))
        assert pages == (bad if kind == "rejected" else [])
        assert len(filed) == 3 * len(wanted) + len(pages)
    assert sorted(path.name[:-10] for path in outbox.iterdir()) == sorted([*names, "last.zip"])
    assert [path for path in inbox.iterdir() if path.is_file()] == []
    stored = readings_in(watch.data)
    assert len(stored) == FILES - len(bad) + 20
    assert set(stored.values()) == {(1, READINGS)}
    assert "Traceback" not in watch.log.read_text()
