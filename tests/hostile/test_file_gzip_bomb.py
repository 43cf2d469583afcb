"""A gzip file that inflates to far more than it weighs."""

import gzip
import resource

MEGABYTE = 1024 * 1024


def test_blanks(drop):
    inner = gzip.compress(b" " * 64 * MEGABYTE)
    drop.put("bomb.xml.gz", inner)
    drop.put("bomb-in-bomb.xml.gz", gzip.compress(inner))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bomb, nested = drop.take()
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 50 * MEGABYTE
    assert bomb.line.startswith("rejected bomb.xml.gz: 3.1 the gzip file holds more than 300 bytes for each")
    assert nested.line.startswith("rejected bomb-in-bomb.xml.gz: 1.8 ")
