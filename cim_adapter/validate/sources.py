"""Where documents come from: files, folders, patterns, standard input, and what is packed in .gz and .zip.

Nothing is written anywhere, so a name inside an archive is only a name. Folders are walked without following
links; what is no regular file is never opened.
"""

from __future__ import annotations

import glob
import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

_PACKED = (".gz", ".zip")
_FREE = 1 << 20  # bytes that may come out of however few
#: No XML gives more bytes for each packed one than this.
_RATIO = 1_000
_MOST_MEMBERS = 100_000


class Unusable(Exception):
    """A path that cannot be read; the text is for the person who gave it."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Bomb(Exception):
    """Packed data that inflates to more than any document would."""


@dataclass(frozen=True, slots=True)
class Source:
    """One document, not read yet. ``size``: bytes as stored, 0 if not known; ``once``: there is no second time."""

    name: str
    size: int
    open: Callable[[], AbstractContextManager[_Readable]]
    packed: bool = False
    once: bool = False

    def pieces(self, size: int) -> Iterator[bytes]:
        """Its bytes, ``size`` at a time. Raises one of ``UNREADABLE`` for what cannot be unpacked."""
        taken = 0
        with self.open() as file:
            while piece := file.read(size):
                taken += len(piece)
                if self.packed and taken > max(_FREE, _RATIO * self.size):
                    raise Bomb(f"more than {_RATIO:,} bytes come out of each packed one")
                yield piece


def shown(path: str | os.PathLike[str]) -> str:
    """A name for people: what is no UTF-8 and what would steer a terminal is written as \\x1b."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sources(arguments: Sequence[str], stdin: BinaryIO) -> Iterator[Source | Unusable]:
    """The documents that the arguments name, in the order of names; ``-`` is standard input."""
    for argument in arguments:
        if argument == "-":
            yield Source("(standard input)", 0, lambda: _KeptOpen(stdin), once=True)
            continue
        paths = [argument] if os.path.lexists(argument) else sorted(glob.glob(argument, recursive=True))
        if not paths:
            yield Unusable(f"{shown(argument)}: there is no such file or folder")
        for path in paths:
            yield from _of_path(path)


def _of_path(path: str) -> Iterator[Source | Unusable]:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            yield from _of_folder(path)
        elif stat.S_ISREG(mode):
            yield from _of_file(path)
        else:
            yield Unusable(f"{shown(path)}: is no regular file")
    except OSError as error:
        yield Unusable(f"{shown(path)}: {error.strerror or error}")


def _of_folder(folder: str) -> Iterator[Source | Unusable]:
    """Every XML file below, packed or not; links are not followed, and devices passed over."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _of_path(entry.path)
        elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith((".xml", *_PACKED)):
            yield from _of_file(entry.path)


def _of_file(path: str) -> Iterator[Source | Unusable]:
    name, size = shown(path), os.stat(path).st_size
    if path.lower().endswith(".zip"):
        yield from _of_zip(path, name)
    elif path.lower().endswith(".gz"):
        yield Source(name, size, lambda: _unpacked(path), packed=True)
    else:
        yield Source(name, size, lambda: _opened(path))


def _of_zip(path: str, name: str) -> Iterator[Source | Unusable]:
    try:
        with _opened(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > _MOST_MEMBERS:
                yield Unusable(f"{name}: {len(members):,} members; at most {_MOST_MEMBERS:,} are looked at")
                return
            for member in members:
                if not member.is_dir() and member.filename.lower().endswith(".xml"):
                    inside = f"{name}!{shown(member.filename)}"
                    yield Source(inside, member.compress_size, _member(archive, member), packed=True)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        yield Unusable(f"{name}: {error}")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], AbstractContextManager[_Readable]]:
    return lambda: archive.open(member)


@contextmanager
def _unpacked(path: str) -> Iterator[_Readable]:
    with _opened(path) as packed, gzip.GzipFile(fileobj=packed) as file:
        yield file


def _opened(path: str) -> BinaryIO:
    """The file, if it is still a regular one: it may have been replaced since it was looked at."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{shown(path)} is no regular file")
    return os.fdopen(descriptor, "rb")


class _KeptOpen:
    """Standard input is not ours to close."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read

    def __enter__(self) -> _KeptOpen:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave it open."""


#: What reading a source may raise.
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, Bomb)
