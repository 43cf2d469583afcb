"""Archives that inflate to very much, or hold very many, or hold themselves."""

from __future__ import annotations

import gzip
import resource
import zipfile

import pytest

MEGABYTE = 1024 * 1024


def grown(work) -> int:
    """By how many bytes the peak of this process grew; what was there before does not count."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


@pytest.fixture
def bomb(tmp_path):
    blanks = b" " * MEGABYTE

    def write(name: str):
        path = tmp_path / name
        if name.endswith(".gz"):
            with gzip.open(path, "wb", compresslevel=9) as file:
                for _ in range(300):
                    file.write(blanks)
        else:
            with (
                zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
                archive.open("a.xml", "w", force_zip64=True) as file,
            ):
                for _ in range(300):
                    file.write(blanks)
        return path

    return write


@pytest.mark.parametrize("stream", [(), ("--stream",)])
@pytest.mark.parametrize("name", ["bomb.xml.gz", "bomb.zip"])
def test_it_is_not_inflated_to_the_end(validate, bomb, name, stream):
    path, done = bomb(name), []
    assert grown(lambda: done.append(validate(path, *stream))) < 150 * MEGABYTE
    assert done[0].status == 1
    assert "more than 1,000 bytes come out of each packed one" in done[0].out or "not well-formed" in done[0].out


def test_archives_in_archives_are_not_opened(validate, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b.zip", b"PK\3\4")
        archive.writestr("c.xml.gz", gzip.compress(b"<a/>"))
    done = validate(tmp_path / "a.zip")
    assert (done.status, "no XML file" in done.err) == (2, True)
