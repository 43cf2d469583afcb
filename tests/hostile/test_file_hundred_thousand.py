"""A folder of 100,000 files: the first are taken soon, and each is looked at but twice."""

import os
import time

from cim_adapter.transports.files import arrivals as module
from cim_adapter.transports.files.arrivals import Arrivals

FILES = 100_000


def test_taken_in_order(tmp_path, monkeypatch):
    (tmp_path / "0").touch()
    inbox, work = tmp_path / "inbox", tmp_path / "work"
    inbox.mkdir()
    work.mkdir()
    for number in range(FILES):
        descriptor = os.open(inbox / f"{number:06}.xml", os.O_CREAT | os.O_WRONLY)
        os.utime(descriptor, ns=(number, number))
        os.close(descriptor)
    looks, state = [], module._state
    monkeypatch.setattr(module, "_state", lambda path: looks.append(None) or state(path))
    arrivals = Arrivals(inbox, ["*.xml"], 0.0, time.monotonic)
    start = time.process_time()
    arrivals.look()
    taken = arrivals.due(32)
    first = time.process_time() - start
    for _ in range(100):
        for name in taken:
            (inbox / name).rename(work / name)
        arrivals.look()
        taken = arrivals.due(32)
    rest = time.process_time() - start - first
    assert taken == [f"{number:06}.xml" for number in range(3_200, 3_232)]
    assert len(looks) == FILES + 101 * 32
    assert first < 10, "seconds of CPU until the first were taken"
    assert rest < first, "what follows costs by what is taken, not by what lies there"
