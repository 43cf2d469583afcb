"""``cim-adapter watch`` and ``serve`` with inboxes, as processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from lxml import etree


def wait_until(condition, within=60):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def content(messages, **options):
    return etree.tostring(messages.create(messages.meter(), **options))


@pytest.mark.parametrize("poll", [[], ["--poll", "0.1"]])
def test_files_are_taken_as_they_come(start_watch, messages, poll):
    watch = start_watch("--partner", "ACME", "--settle", "0.1", *poll)
    watch.wait_for(1)
    for name in ("a.xml", "b.xml"):
        part = watch.inbox / f"{name}.part"
        part.write_bytes(content(messages))
        part.rename(watch.inbox / name)
        watch.wait_for(len(watch.lines) + 1)
    (watch.inbox / "c.xml").write_bytes(b"no XML")
    watch.wait_for(4)
    assert watch.end() == 0
    assert watch.lines[:3] == [f"ready {watch.inbox}", "done a.xml", "done b.xml"]
    assert watch.lines[3].startswith("rejected c.xml: 1.8 ")
    assert "Traceback" not in watch.log.read_text()


def test_once(start_watch, messages):
    watch = start_watch("--once", "--settle", "0")
    assert watch.process.wait(60) == 0
    (watch.inbox / "a.xml").write_bytes(content(messages))
    watch = start_watch("--once", "--settle", "0")
    assert (watch.process.wait(60), watch.end(), watch.lines) == (0, 0, ["done a.xml"])
    (watch.inbox / "b.xml").write_bytes(b"")
    watch = start_watch("--once", "--settle", "0")
    assert watch.process.wait(60) == 1


def test_soap_captures_are_answered_in_soap(start_watch, messages, tmp_path):
    (tmp_path / "inbox").mkdir()
    for version in ("SOAP11", "SOAP12"):
        for name, body in (
            ("bad", messages.element(messages.MSG, "Order", "x")),
            ("good", messages.create(messages.meter())),
        ):
            envelope = messages.envelope(body, getattr(messages, version))
            (tmp_path / "inbox" / f"{version}-{name}.xml").write_bytes(etree.tostring(envelope))
    watch = start_watch("--once", "--settle", "0")
    assert watch.process.wait(60) == 1, watch.log.read_text()
    for version in ("SOAP11", "SOAP12"):
        for name, kind, wanted in (("bad", "rejected", "Fault"), ("good", "done", "ResponseMessage")):
            (reply,) = watch.inbox.glob(f"{kind}/*/{version}-{name}.xml.reply.xml")
            root = etree.parse(reply).getroot()
            assert root.tag == f"{{{getattr(messages, version)}}}Envelope"
            assert etree.QName(root[0][0]).localname == wanted


def test_what_is_being_written_is_left_for_the_next_time(start_watch, messages, tmp_path):
    (tmp_path / "inbox").mkdir()
    with (tmp_path / "inbox" / "a.xml").open("wb") as half:
        half.write(content(messages)[:100])
        half.flush()
        watch = start_watch("--once", "--settle", "0")
        assert watch.process.wait(60) == 0
    assert (tmp_path / "inbox" / "a.xml").stat().st_size == 100


def run(*arguments):
    command = [sys.executable, "-m", "cim_adapter", "watch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_what_cannot_be_watched_is_said(tmp_path):
    (tmp_path / "inbox").mkdir()
    for arguments, said in (
        ((tmp_path / "none",), "is no folder, and no name of an inbox in the settings"),
        ((tmp_path / "inbox", "--role", "king"), "'king' is no role; these are: "),
        ((tmp_path / "inbox", "--poll", "-1"), "inbox: Expected `float` >= 0.0 - at `$.poll`"),
        ((tmp_path / "inbox", "--partner", ""), "inbox: Expected `str` of length >= 1 - at `$.partner`"),
    ):
        done = run(*arguments, "--data", tmp_path / "data")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_two_processes_do_not_take_from_one_folder(start_watch, messages):
    first = start_watch("--settle", "0")
    first.wait_for(1)
    wait_until((first.inbox / "work" / ".lock").exists)
    second = run(first.inbox, "--once", "--data", first.data)
    assert second.returncode == 2
    assert "is watched by another process" in second.stderr


def test_the_server_watches_inboxes_in_the_same_process(tmp_path, launch_in, messages):
    """Several, each with its partner; with several workers, one of them takes files."""
    config = tmp_path / "cim_adapter.toml"
    tables = []
    for name in ("acme", "city"):
        (tmp_path / name).mkdir()
        tables.append(f'[inboxes.{name}]\nfolder = "{tmp_path / name}"\npartner = "{name}"\nsettle = 0.1\n')
    config.write_text("\n".join(tables) + f'outbox = "{tmp_path / "outbox"}"\n')
    launcher = launch_in(tmp_path)
    made = messages.meter(count=3)
    try:
        server = launcher.start("--config", str(config), "--workers", "2")
        for name in ("acme", "city"):
            (tmp_path / name / "a.xml").write_bytes(content(messages))
        (tmp_path / "acme" / "b.xml").write_bytes(etree.tostring(messages.create(made)))
        wait_until(lambda: len(list(tmp_path.glob("*/done/*/*.report.json"))) == 3)
        assert (tmp_path / "outbox" / "a.xml.reply.xml").exists()
        with server.client() as client:
            answer = messages.send(client, messages.get({"EndDevice": made["Meter"]}))
        assert messages.plain(answer.payload) == {"MeterReading": made}
        assert server.stop() == 0
        log = launcher.log.read_text()
        assert "Traceback" not in log
        assert "never" not in log
        assert "pending" not in log
    finally:
        launcher.close()


def test_the_server_says_what_is_wrong_with_inboxes(tmp_path):
    config = tmp_path / "cim_adapter.toml"
    for table, said in (
        ('folder = "x"', "inboxes: acme: Object missing required field `partner`"),
        ('folder = "x"\npartner = "a"\nrole = "king"', "inboxes: acme: 'king' is no role"),
        ('folder = "x"\npartner = "a"\noutbox = "x"', "inboxes: acme: x belongs to acme already"),
    ):
        config.write_text(f"[inboxes.acme]\n{table}\n")
        command = [sys.executable, "-m", "cim_adapter", "serve", "--config", str(config), "--port", "0"]
        done = subprocess.run(
            [*command, "--data", str(tmp_path / "data")], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert said in done.stderr


def test_an_inbox_of_the_settings_by_its_name(tmp_path, start_watch, messages):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.xml").write_bytes(content(messages))
    config = tmp_path / "cim_adapter.toml"
    config.write_text(f'[inboxes.acme]\nfolder = "{tmp_path / "inbox"}"\npartner = "ACME"\nsettle = 0\n')
    done = run("acme", "--once", "--config", config, "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (0, "done a.xml\n"), done.stderr
    (report,) = Path(tmp_path / "inbox").glob("done/*/*.report.json")
    assert '"partner": "ACME"' in report.read_text()
