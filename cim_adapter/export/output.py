"""Where an export goes: standard output, or a file that is there when it is whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_BUFFER = 1_048_576


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``path`` at the end, whole and on disk, for its owner to read
    alone. Until then ``path`` is as it was, and where it fails it stays so. What is no regular file, such as a
    pipe, is written to. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb", buffering=_BUFFER) as out:
            yield out
        return
    descriptor, name = tempfile.mkstemp(prefix=".cim-adapter-export-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb", buffering=_BUFFER) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """So that the new name outlives a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
