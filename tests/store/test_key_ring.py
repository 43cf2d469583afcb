"""Where data keys come from, and what is done to the file they stand in."""

import base64
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cim_adapter import Settings
from cim_adapter.store import key_ring
from cim_adapter.store.key_ring import KeyRing
from cim_adapter.store.sealing import DataKey, SealError

TEXTS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(2)]
IDS = [DataKey.from_text(text).id for text in TEXTS]


def load(path):
    """The one key in a file."""
    (key,) = KeyRing(Settings(data_key_file=path)).load()
    return key


def ids(**settings):
    return [key.id for key in KeyRing(Settings(**settings)).load()]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"short"])
def test_a_key_file_that_holds_no_key(tmp_path, content):
    (tmp_path / "data.key").write_bytes(content)
    with pytest.raises(SealError):
        load(tmp_path / "data.key")


def test_a_new_key_is_for_its_owner_alone_and_stays(tmp_path):
    path = tmp_path / "data.key"
    made = load(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path).id == made.id
    assert base64.b64decode(path.read_text()).hex() not in repr(vars(made))


def test_processes_that_start_at_once_agree_on_one_key(tmp_path):
    start = Barrier(8)

    def make(number):
        start.wait()
        return [load(tmp_path / f"{n}.key").id for n in range(20)]

    with ThreadPoolExecutor(8) as pool:
        assert len({tuple(ids) for ids in pool.map(make, range(8))}) == 1


def test_nobody_sees_a_key_file_that_is_not_yet_written(tmp_path, monkeypatch):
    """One process is stopped while it makes its key; another starts in that very moment."""
    path, others, random = tmp_path / "data.key", [], os.urandom

    def interrupted(size):
        monkeypatch.setattr(key_ring.os, "urandom", random)
        others.append(load(path).id)
        return random(size)

    monkeypatch.setattr(key_ring.os, "urandom", interrupted)
    assert [load(path).id] == others == [load(path).id]


# ------------------------------------------------------------------------------- more than one key


@pytest.mark.parametrize("text", [" ".join(TEXTS), ",".join(TEXTS), f"{TEXTS[0]}\n\n {TEXTS[1]}\n"])
def test_several_keys_in_a_setting_or_a_file(tmp_path, text):
    (tmp_path / "data.key").write_text(text)
    assert ids(data_key=text) == ids(data=tmp_path) == IDS


def test_a_key_is_added_behind_the_others_and_one_is_kept(tmp_path):
    ring = KeyRing(Settings(data=tmp_path))
    (old,) = ring.load()
    new = ring.add()
    assert [key.id for key in ring.load()] == [old.id, new.id]
    ring.keep(new)
    assert [key.id for key in ring.load()] == [new.id]
    assert stat.S_IMODE((tmp_path / "data.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["data.key"]


def test_a_command_prints_the_keys():
    assert ids(data_key_command=f"{sys.executable} -c \"print('{TEXTS[0]}')\"") == IDS[:1]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/no/such/command --token abc", "cannot be run: FileNotFoundError"),
        ("'", "cannot be run: ValueError"),
        (f"{sys.executable} -c \"import sys; sys.exit('abc')\"", "exit status 1"),
        (f"{sys.executable} -c pass", "no data key"),
    ],
)
def test_a_command_that_fails_says_so_and_tells_no_secret(command, said):
    with pytest.raises(SealError, match=said) as caught:
        ids(data_key_command=command)
    assert "abc" not in str(caught.value)


def test_setting_and_command_at_once():
    with pytest.raises(SealError, match="give one of them"):
        ids(data_key=TEXTS[0], data_key_command="true")
