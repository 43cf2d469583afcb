"""Files that come in pieces: not taken before they are whole."""

import time

from lxml import etree


def test_pieces_with_pauses(start_watch, messages):
    """The writer has it open all the time; its pauses are longer than a file has to rest."""
    watch = start_watch("--settle", "0.05", "--poll", "0.05")
    watch.wait_for(1)
    content = etree.tostring(messages.create(messages.meter(count=50)))
    (watch.inbox / "other.xml").write_bytes(content)
    with (watch.inbox / "slow.xml").open("wb") as slow:
        for start in range(0, len(content), len(content) // 4):
            slow.write(content[start : start + len(content) // 4])
            slow.flush()
            time.sleep(0.3)  # the attack: a pause
        watch.wait_for(2)
        assert watch.lines[1:] == ["done other.xml"]
    watch.wait_for(3)
    assert watch.lines[2] == "done slow.xml"


def test_cut_off(drop, messages):
    """Whole as far as anybody can tell, and broken: the partner is told."""
    drop.put("cut.xml", etree.tostring(messages.create(messages.meter()))[:-20])
    (report,) = drop.take()
    assert report.messages[0].failure == "1.8"
    assert report.messages[0].findings[0].line == 1
