"""From a file to the messages in it: one as it is, one in gzip, or the members of a zip archive.

What is in a file is told by its first bytes, not by its name. Nothing is ever unpacked to the disk, and what
comes out of an archive is bounded before and while it comes out.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from cim_adapter.envelope import inflated
from cim_adapter.errors import AdapterError, OverBudget, Unreadable

_GZIP, _ZIPS = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_PIECE = 1024 * 1024
_FREE = 1024 * 1024  # bytes that may come out of however few
_END, _END_SIZE = b"PK\x05\x06", 22  # of the central directory, and how long that record is at least
_ITS_OWN = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP, errno.ENXIO)
"""Errors of opening that are one file's own, and not its folder's."""
_PER_MEMBER = 512  # bytes of the central directory; a name takes 80


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """``bulk_bytes`` above which a message is a stream, ``ratio`` that bytes may inflate to, ``max_members``."""

    bulk_bytes: int
    ratio: int
    max_members: int


Opened = Callable[[], AbstractContextManager[Iterator[bytes]]]
"""Reads a message from its beginning. The pieces may raise AdapterError and OSError."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``error``: why it cannot be read; ``body`` is then what there is, for the journal. ``opened``
    opens it anew in place of ``body`` where that is too large to be held.
    """

    body: bytes = b""
    member: str | None = None
    error: AdapterError | None = None
    opened: Opened | None = None


class Contents:
    """An opened file. ``archive``: it is a zip archive; ``plain``: it is one message, as it is; ``read``: what
    was read at once. Use it as a context manager. Raises OSError where there
    is no file any more.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._refusal: AdapterError | None = None
        self._file: BinaryIO | None = None
        self.size = 0
        self.archive = False
        self.plain = False
        self.read: tuple[Content, ...] = ()
        try:
            self._file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
        except OSError as error:
            if error.errno not in _ITS_OWN:
                raise
            self._refusal = Unreadable(f"the file cannot be read: {error.strerror}")
            return
        status = os.fstat(self._file.fileno())
        self.size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            self._refusal = Unreadable("this is no regular file")
        else:
            head = self._file.read(4)
            self._file.seek(0)
            self.archive, self.plain = head.startswith(_ZIPS), not head.startswith((*_ZIPS, _GZIP))

    def __enter__(self) -> Contents:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read_at_once(self) -> None:
        """Have all of it in ``read``: for small ones that are plain."""
        self.read = tuple(self)

    def __iter__(self) -> Iterator[Content]:
        """The messages in their order; what is wrong with one is said of it, and never raised."""
        if self._refusal is not None or self._file is None:
            yield Content(error=self._refusal)
        elif self.archive:
            yield from self._members(self._file)
        else:
            yield self._single(self._file)

    def _single(self, file: BinaryIO) -> Content:
        held = bytearray()
        try:
            for piece in self._pieces(file):
                held += piece
                if len(held) > self._limits.bulk_bytes:
                    return Content(opened=partial(self._again, self._pieces))
        except AdapterError as error:
            file.seek(0)
            return Content(body=file.read(self._limits.bulk_bytes), error=error)
        return Content(body=bytes(held))

    def _pieces(self, file: BinaryIO) -> Iterator[bytes]:
        file.seek(0)
        pieces = iter(lambda: file.read(_PIECE), b"")
        return pieces if self.plain else inflated(pieces, ratio=self._limits.ratio, what="the gzip file")

    @contextmanager
    def _again(self, pieces: Callable[[BinaryIO], Iterator[bytes]]) -> Iterator[Iterator[bytes]]:
        """A message of this file once more, from its beginning."""
        if self._file is None:
            raise ValueError("there is no file to be read")
        yield pieces(self._file)

    def _members(self, file: BinaryIO) -> Iterator[Content]:
        try:
            self._check_directory(file)
            with zipfile.ZipFile(file) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
                self._check_members(members)
                for member in members:
                    yield self._member(archive, member)
        except (AdapterError, zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            damaged = Unreadable(f"the zip archive is damaged: {error}")
            file.seek(0)
            body = file.read(self._limits.bulk_bytes)
            yield Content(body=body, error=error if isinstance(error, AdapterError) else damaged)

    def _check_directory(self, file: BinaryIO) -> None:
        """Before anything is made of it: a list of millions of members would take the memory."""
        file.seek(max(self.size - _END_SIZE - 0xFFFF, 0))
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_SIZE:
            raise Unreadable("the zip archive is cut off: it has no directory")
        (length,) = struct.unpack_from("<I", tail, at + 12)
        if length > self._limits.max_members * _PER_MEMBER:
            raise self._too_many()

    def _check_members(self, members: list[zipfile.ZipInfo]) -> None:
        if len(members) > self._limits.max_members:
            raise self._too_many()
        if not members:
            raise Unreadable("the zip archive is empty")
        seen: set[str] = set()
        for member in members:
            if reason := _wrong_with(member):
                raise Unreadable(f"the zip archive has a member {member.filename[:80]!r}: {reason}")
            if member.filename in seen:
                raise Unreadable(f"the zip archive has {member.filename[:80]!r} twice; give each its own name")
            seen.add(member.filename)
        if sum(member.file_size for member in members) > max(_FREE, self._limits.ratio * self.size):
            raise OverBudget(
                f"the zip archive holds more than {self._limits.ratio} bytes for each of its own; send several"
            )

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Content:
        if member.file_size > self._limits.bulk_bytes:
            pieces = partial(_of_member, archive, member)
            return Content(member=member.filename, opened=partial(self._again, pieces))
        try:
            with archive.open(member) as opened:
                return Content(member=member.filename, body=opened.read(member.file_size))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as found:
            return Content(member=member.filename, error=_damaged(member, found))

    def _too_many(self) -> OverBudget:
        return OverBudget(f"the zip archive has more than {self._limits.max_members:,} members; send several")


def _of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, _: BinaryIO) -> Iterator[bytes]:
    try:
        with archive.open(member) as opened:
            while piece := opened.read(_PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError) as found:
        raise _damaged(member, found) from found


def _damaged(member: zipfile.ZipInfo, found: Exception) -> Unreadable:
    return Unreadable(f"{member.filename[:80]} in the zip archive is damaged: {found}")


def _wrong_with(member: zipfile.ZipInfo) -> str:
    """Why a member is not taken; nothing where it is."""
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        return "its name leads out of the archive"
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        return "it is no regular file"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "its compression is not read here; use deflate"
    return ""
