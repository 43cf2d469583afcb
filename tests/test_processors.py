"""Threads and processors. Each test works in threads of its own: what they set dies with them."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cim_adapter.processors import Processors

ALL = os.sched_getaffinity(0)


def in_a_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(30)


def test_a_thread_and_those_that_it_starts_keep_to_one():
    def work():
        found = []
        Processors().keep_to_one(0)
        child = threading.Thread(target=lambda: found.append(os.sched_getaffinity(0)))
        child.start()
        child.join(30)
        return os.sched_getaffinity(0), *found

    own, childs = in_a_thread(work)
    assert own == childs == {min(ALL)}
    assert os.sched_getaffinity(0) == ALL, "others stay as they are"


@pytest.mark.parametrize("number", [0, 1, len(ALL), 10**6, 2**32 - 1])
def test_they_are_counted_round(number):
    def work():
        Processors().keep_to_one(number)
        return os.sched_getaffinity(0)

    assert in_a_thread(work) == {sorted(ALL)[number % len(ALL)]}


def test_all_of_them_again():
    def work():
        processors = Processors()
        processors.keep_to_one(0)
        processors.use_all()
        return os.sched_getaffinity(0)

    assert in_a_thread(work) == ALL
    assert len(Processors()) == len(ALL)


def test_a_system_without_the_notion(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    processors = Processors()
    processors.keep_to_one(0)
    processors.use_all()
    assert len(processors) == os.cpu_count()
