"""The command as a process: where it writes, how it ends, and what it needs."""

from __future__ import annotations

import asyncio
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from pyarrow import parquet

from cim_adapter import cli
from cim_adapter.nouns.readings import model
from cim_adapter.settings import Settings
from cim_adapter.store import journal, objects, readings
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import Kind
from cim_adapter.store.store import Store, prepare

FEW, MANY = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0", "0.0.2.4.19.1.12.0.0.0.0.0.0.0.0.3.72.0"
EACH = 1_000  # readings of a meter
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """20,000 readings of one type, 180,000 of another."""
    folder = tmp_path_factory.mktemp("export") / "data"
    settings = Settings(data=folder)
    prepare(settings)
    with Store(settings) as store:
        asyncio.run(store.commit(lambda transaction: fill(store, transaction)))
    return folder


def fill(store, transaction) -> None:
    uid = journal.new_uid()
    request = journal.seal_request(store.vault, uid, b"<request/>")
    entry = journal.Entry(
        uid=uid, received=1, transport="t", remote=None, partner="hes", digest=b"", request=request
    )
    journal.write(transaction, entry, result="OK", code="0.0", reply=b"<reply/>")
    stamps = [START + timedelta(minutes=15 * number) for number in range(EACH)]
    told = [model.Reading(f"{stamp:%Y-%m-%dT%H:%M:%SZ}", f"{n}.50") for n, stamp in enumerate(stamps)]
    start, end = (int(stamp.timestamp()) * 1_000_000 for stamp in (stamps[0], stamps[-1]))
    for number in range(200):
        code = FEW if number < 20 else MANY
        content = msgspec.msgpack.encode(model.Block(Kind.INTERVALS, code, told))
        block = readings.Block(
            kind=Kind.INTERVALS,
            position=number,
            reading_type=code,
            start=start,
            end=end,
            readings=EACH,
            sealed=store.vault.seal(content, readings.block_row(uid, number)),
        )
        meter = objects.resolve(transaction, "Meter", Identity(f"meter-{number}"))
        readings.add(transaction, uid, [block], meter_id=meter, usage_point_id=None)


def command(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "cim_adapter", "export", "readings", "--data", str(data), *options]


@pytest.mark.parametrize("form", ["jsonl", "xml"])
def test_memory_does_not_grow_with_what_is_exported(data, form):
    def peak(code: str) -> int:
        process = subprocess.Popen(
            command(data, "--reading-type", code, "--format", form, "--output", "/dev/null")
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss // 1024  # MB

    assert peak(MANY) < peak(FEW) + 20


def test_what_goes_to_standard_output_may_be_a_pipe(data):
    options = ("--reading-type", FEW, "--format", "parquet")
    done = subprocess.run(command(data, *options), capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    table = parquet.ParquetFile(io.BytesIO(done.stdout))
    assert table.metadata.num_rows == 20 * EACH


def test_a_reader_that_has_enough_ends_it_quietly(data):
    process = subprocess.Popen(command(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"id":')
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


def test_a_full_disk_under_standard_output_is_said(data):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command(data), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "cim-adapter: [Errno 28] No space left on device\n")


def test_a_disk_that_fills_up_leaves_the_file_that_was_there(data, tmp_path):
    path = tmp_path / "readings.jsonl"
    path.write_text("yesterday's")

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))

    done = subprocess.run(
        command(data, "--output", str(path)), preexec_fn=little_room, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (2, "cim-adapter: [Errno 27] File too large\n")
    assert path.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_half_written(data, tmp_path, number):
    process = subprocess.Popen(
        command(data, "--output", str(tmp_path / "x.xml")), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, "")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_for_its_owner_alone_and_takes_the_place_of_a_link(data, tmp_path):
    target, link = tmp_path / "target", tmp_path / "readings.csv"
    target.write_text("not ours")
    link.symlink_to(target)
    few = ("--data", str(data), "--meter", "meter-1")
    assert cli.main(["export", "readings", *few, "--output", str(link)]) == 0
    assert (link.is_symlink(), link.stat().st_mode & 0o777) == (False, 0o600)
    assert link.read_text().startswith("id,meterId,")  # its format is that of its name
    assert target.read_text() == "not ours"


@pytest.mark.parametrize("path", ["nowhere/readings.xml", "."])
def test_what_cannot_be_written_to_is_said(data, tmp_path, capsys, path):
    few = ("--data", str(data), "--meter", "meter-1")
    assert cli.main(["export", "readings", *few, "--output", str(tmp_path / path)]) == 2
    assert capsys.readouterr().err.startswith("cim-adapter: [Errno ")
    assert list(tmp_path.iterdir()) == []


def test_the_wrong_key_is_said(data, tmp_path, capsys):
    copy = shutil.copytree(data, tmp_path / "copy")
    prepare(Settings(data=tmp_path / "other"))
    shutil.copy(tmp_path / "other" / "data.key", copy / "data.key")
    path = tmp_path / "x"
    assert cli.main(["export", "readings", "--data", str(copy), "--output", str(path)]) == 2
    assert "start with the data key this database was made with" in capsys.readouterr().err
    assert not path.exists()


def test_where_there_is_no_database_none_is_made(tmp_path, capsys):
    data = tmp_path / "data"
    assert cli.main(["export", "journal", "--data", str(data)]) == 2
    said = capsys.readouterr().err
    assert said == f"cim-adapter: there is no database at {data / 'cim_adapter.db'}\n"
    assert not data.exists()


def test_parquet_without_pyarrow_names_the_extra(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "readings.parquet"
    assert cli.main(["export", "readings", "--data", str(data), "--output", str(path)]) == 2
    assert "pip install 'cim-adapter[parquet]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_row_groups_are_bounded(data, tmp_path, monkeypatch):
    monkeypatch.setattr("cim_adapter.export.parquet._GROUP_ROWS", 3_000)
    path = tmp_path / "readings.parquet"
    few = ("--data", str(data), "--reading-type", FEW)
    assert cli.main(["export", "readings", *few, "--output", str(path)]) == 0
    metadata = parquet.ParquetFile(path).metadata
    groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert sum(groups) == 20 * EACH
    assert max(groups) <= 3_000
