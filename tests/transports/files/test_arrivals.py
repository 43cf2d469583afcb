"""Which files are whole, and whose turn it is, by a clock that a test moves."""

from __future__ import annotations

import os

import pytest

from cim_adapter.transports.files import arrivals as module
from cim_adapter.transports.files.arrivals import Arrivals


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def arrivals(tmp_path, clock):
    return Arrivals(tmp_path, ["*.xml"], 1.0, clock)


@pytest.fixture
def put(tmp_path):
    def write(name, content=b"x", time=1_000):
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, (time, time))
        return path

    return write


def test_a_file_rests_before_it_is_taken(arrivals, clock, put):
    put("a.xml")
    arrivals.look()
    assert (arrivals.due(10), arrivals.next_turn, arrivals.expected) == ([], 1.0, True)
    clock.now += 1
    assert arrivals.next_turn == 0.0
    assert (arrivals.due(10), arrivals.next_turn, arrivals.expected) == (["a.xml"], None, False)


def test_a_file_that_grows_rests_again(arrivals, clock, put):
    put("a.xml")
    put("b.xml")
    arrivals.look()
    put("a.xml", b"xx")
    clock.now += 1
    assert arrivals.due(10) == ["b.xml"]
    assert not arrivals.expected, "what is restless is not waited for"
    clock.now += 1
    assert arrivals.due(10) == ["a.xml"]


def test_a_file_that_was_replaced_rests_again(arrivals, clock, put):
    put("a.xml")
    arrivals.look()
    put("b.txt").rename(put("a.xml"))
    clock.now += 1
    assert arrivals.due(10) == []


def test_a_file_that_is_open_for_writing(arrivals, clock, put):
    path = put("a.xml")
    with path.open("ab"):
        arrivals.look()
        clock.now += 1
        assert arrivals.due(10) == []
    clock.now += 1
    with path.open("rb"):
        assert arrivals.due(10) == ["a.xml"]


def test_the_oldest_first_then_by_name(arrivals, clock, put):
    for name, time in (("d.xml", 1), ("b.xml", 2), ("a.xml", 3), ("c.xml", 2)):
        put(name, time=time)
    arrivals.look()
    clock.now += 1
    assert arrivals.due(3) == ["d.xml", "b.xml", "c.xml"]
    assert arrivals.due(3) == ["a.xml"]


def test_what_went_away_is_forgotten(arrivals, clock, put):
    path = put("a.xml")
    arrivals.look()
    path.unlink()
    clock.now += 1
    assert arrivals.due(10) == []
    arrivals.look()
    assert not arrivals.expected


def test_each_file_is_looked_at_twice(arrivals, clock, put, monkeypatch, tmp_path):
    looks = []
    state = module._state
    monkeypatch.setattr(module, "_state", lambda path: looks.append(path) or state(path))
    for number in range(200):
        put(f"{number}.xml")
    for _ in range(10):
        arrivals.look()
        clock.now += 0.05
    clock.now += 1
    while due := arrivals.due(7):
        for name in due:
            (tmp_path / name).unlink()
        arrivals.look()
    assert len(looks) == 400


def test_a_folder_that_is_slow_to_list_is_listed_less_often(tmp_path, clock, put, monkeypatch):
    listed = []
    scan = os.scandir

    def slow(folder):
        listed.append(folder)
        clock.now += 1
        return scan(folder)

    monkeypatch.setattr(module.os, "scandir", slow)
    arrivals = Arrivals(tmp_path, ["*.xml"], 1.0, clock)
    for _ in range(50):
        arrivals.look()
        clock.now += 1
    assert len(listed) <= 4
