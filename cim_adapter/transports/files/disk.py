"""Names and moves on the disk that a crash or a loss of power cannot tear."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LONGEST = 255  # bytes of a name, on every file system we know
_TOGETHER = 8  # files that are written at once


def write(path: Path, content: bytes) -> None:
    """Write a file of this name anew, and wait until it is on the disk. Raises OSError."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """``write`` each of these, several at once: syncs that wait together cost the disk hardly more than one.
    Raises OSError.
    """
    with ThreadPoolExecutor(_TOGETHER) as threads:
        for done in [threads.submit(write, *file) for file in files]:
            done.result()


def sync(folders: Iterable[Path]) -> None:
    """Wait until names that came and went are on the disk. Raises OSError."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make ``path`` where it is not. Raises NotADirectoryError for a link: it would lead us elsewhere."""
    try:
        path.mkdir()
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise NotADirectoryError(f"{path} must be a folder of its own, and no link") from None
        return
    sync([path.parent])


def free_name(name: str, endings: Iterable[str], is_free: Callable[[str], bool]) -> str:
    """``name``, or one like it, that is free with each of ``endings`` behind it, and short enough."""
    endings = tuple(endings)
    room = _LONGEST - max(len(os.fsencode(ending)) for ending in endings)
    number = 1
    while True:
        candidate = _numbered(name, number, room)
        if all(is_free(candidate + ending) for ending in endings):
            return candidate
        number += 1


def _numbered(name: str, number: int, room: int) -> str:
    """``readings.xml``, ``readings-2.xml`` and so on, cut to ``room`` bytes."""
    stem, dot, rest = name.partition(".")
    tail = os.fsencode(("" if number == 1 else f"-{number}") + dot + rest)
    head = os.fsencode(stem)
    if len(tail) > room // 2:  # all dots and no stem
        tail = tail[-(room // 2) :]
    return os.fsdecode(head[: room - len(tail)] + tail)
