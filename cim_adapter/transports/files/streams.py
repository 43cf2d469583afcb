"""A large message of a file, read piece by piece, as often as it is asked for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator

from cim_adapter.transports.files.contents import Opened


class FileStream:
    """``source`` names the message among all that this adapter takes from files. See ``wire.Stream``."""

    def __init__(self, source: str, opened: Opened) -> None:
        self.source = source
        self.digest: bytes | None = None
        self._opened = opened

    async def known_by(self) -> bytes:
        """Its SHA-256, by which it is known after a crash: reads all of it. Raises AdapterError, OSError."""
        if self.digest is None:
            self.digest = await asyncio.to_thread(self._hash)
        return self.digest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._opened() as pieces:
            while (piece := await asyncio.to_thread(_next, pieces)) is not None:
                yield piece

    def _hash(self) -> bytes:
        digest = hashlib.sha256()
        with self._opened() as pieces:
            for piece in pieces:
                digest.update(piece)
        return digest.digest()


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
