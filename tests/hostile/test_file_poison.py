"""Files that break what takes them: the queue goes on, and they end where an operator finds them."""

import pytest
from lxml import etree

from cim_adapter.transports.files.courier import Courier

POISON = [
    b"",
    b"\0" * 1000,
    b"<a>" * 10_000,
    b"<!DOCTYPE a><a/>",
    b"\xff\xfe<\0a\0",
    b"<a/>" * 2,
    b"PK\x03\x04",
    b"\x1f\x8b",
]


@pytest.fixture
def fill(drop, messages):
    """Put a dozen good files, and others among them."""

    def put(*poison):
        for number in range(12):
            drop.put(f"good-{number:02}.xml", messages.create(messages.meter()))
            if number < len(poison):
                drop.put(f"poison-{number:02}.xml", poison[number])

    return put


def test_between_good_ones(drop, fill):
    fill(*POISON)
    reports = drop.take()
    assert [report.outcome for report in reports] == ["done", "rejected"] * len(POISON) + ["done"] * 4
    assert len(drop.stored()) == 12


def test_a_defect_of_ours(drop, fill, messages, monkeypatch):
    """What raises where nothing should is tried three times; then the file is rejected, with a reply code."""
    fill(etree.tostring(messages.create(messages.meter(name="poison"))))
    understanding = drop.adapter.pipeline._understanding
    real, tries = understanding.understand, []

    def understand(passage):
        if b"poison" in passage.arrival.body:
            tries.append(passage)
            raise ZeroDivisionError
        return real(passage)

    monkeypatch.setattr(understanding, "understand", understand)
    reports = drop.take()
    assert sorted(report.outcome for report in reports) == ["done"] * 12 + ["rejected"]
    assert reports[-1].file == "poison-00.xml"
    assert len(tries) == 3
    assert reports[-1].messages[0].failure == "5.3"
    assert "ZeroDivisionError" not in str(reports)


def test_a_defect_outside_the_pipeline(drop, fill, messages, monkeypatch, caplog):
    """It stays in work, behind all others, and is tried again when there is nothing else to do."""
    real = Courier.carry

    async def carry(self, name, contents):
        if name.startswith("poison"):
            raise ZeroDivisionError
        return await real(self, name, contents)

    fill(etree.tostring(messages.create(messages.meter())))
    with monkeypatch.context() as patch:
        patch.setattr(Courier, "carry", carry)
        assert [report.outcome for report in drop.take()] == ["done"] * 12
    assert (drop.folder / "work" / "poison-00.xml").exists()
    assert "ZeroDivisionError" in caplog.text
    assert [report.line for report in drop.take()] == ["done poison-00.xml"]


def test_what_ends_the_process(new_drop, messages, monkeypatch, tmp_path):
    """Whoever is alone with it when it dies again knows: it is put behind all others, and not lost."""
    real = Courier.carry

    async def carry(self, name, contents):
        if name == "poison.xml":
            raise SystemExit("killed")
        return await real(self, name, contents)

    monkeypatch.setattr(Courier, "carry", carry)
    drop = new_drop()
    for name in ("a.xml", "poison.xml", "b.xml", "c.xml"):
        drop.put(name, messages.create(messages.meter(), header={"MessageID": name}))
    for number in range(4):
        with pytest.raises(SystemExit):
            drop.take()
        drop.put(f"later-{number}.xml", messages.create(messages.meter()))
    assert [path.name for path in drop.filed()] == [
        "a.xml",
        "b.xml",
        "c.xml",
        "later-0.xml",
        "later-1.xml",
        "later-2.xml",
    ]
    assert (drop.folder / "work" / "poison.xml").exists()
    monkeypatch.undo()
    assert {report.line for report in drop.take()} == {"done later-3.xml", "done poison.xml"}
    assert set(drop.stored().values()) == {(1, 1)}
