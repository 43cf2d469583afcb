"""A body of any size as it comes: hashed, counted, and cut into chunks; or held whole, where it cannot be cut."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping

from cim_adapter.errors import AdapterError, OverBudget
from cim_adapter.pipeline.passage import Whole
from cim_adapter.schema.cutting import Chunk, Cutter, Head
from cim_adapter.schema.encoding import Transcoder
from cim_adapter.settings import Settings
from cim_adapter.wire import Stream


class Body:
    """One body, which is read once: ``open``, then ``chunks`` or ``all``."""

    def __init__(self, stream: Stream, settings: Settings, units: Mapping[str, str]) -> None:
        size, self._most = settings.bulk_part_bytes, settings.max_bytes
        self._pieces = _gathered(stream, size)
        self._cutter = Cutter(units, size=size, most=self._most)
        self._transcoder = Transcoder()
        self._hash = hashlib.sha256()
        self._size = 0
        self._opening: list[bytes] = []
        self._first: list[Chunk] = []
        self.tail = b""
        """What stands behind the last unit, once all chunks are cut."""

    @property
    def whole(self) -> Whole:
        """What was read of it; at the end that is all."""
        return Whole(self._hash.digest(), self._size)

    def resume(self, *, end: int, chunks: int) -> None:
        """So many chunks, which end at ``end`` bytes, were taken before: none but the first is cut again."""
        self._cutter.resume(end=end, index=chunks)

    async def open(self) -> tuple[Head, Chunk] | None:
        """The head and the first chunk; None for a body that cannot be cut."""
        while not self._first and not self._cutter.unfit:
            piece = await anext(self._pieces, None)
            if piece is None:
                return None
            self._opening.append(piece)
            self._first = await asyncio.to_thread(self._cut, piece)
            if self._transcoder.transparent:
                self._opening.clear()  # the cutter holds it all
        head = self._cutter.head
        return (head, self._first[0]) if head is not None and self._first else None

    async def chunks(self) -> AsyncIterator[Chunk | AdapterError]:
        """The chunks; at the end what keeps more from being cut, with lines from the end of the last one."""
        self._opening.clear()
        first, self._first = self._first, []
        for chunk in first:
            yield chunk
        try:
            async for piece in self._pieces:
                for chunk in await asyncio.to_thread(self._cut, piece):
                    yield chunk
            chunks, self.tail = await asyncio.to_thread(self._cut_last)
            for chunk in chunks:
                yield chunk
        except AdapterError as error:
            yield error

    async def drain(self) -> None:
        """Read what is left, for its hash alone."""
        async for piece in self._pieces:
            self._hash.update(piece)
            self._size += len(piece)

    async def all(self) -> bytes:
        """The whole body. Raises OverBudget."""
        opening = self._read()
        size = sum(map(len, opening))
        async for piece in self._pieces:
            opening.append(piece)
            size += len(piece)
            if size > self._most:
                raise OverBudget(
                    f"The body has more than {self._most:,} bytes (setting max_bytes), and only MeterReadings "
                    "that are created or changed may have more. Send it in several messages."
                )
        return b"".join(opening)

    def _read(self) -> list[bytes]:
        """All that was read, in pieces. It is never held twice: it may be as large as ``max_bytes``."""
        held, head = self._cutter.give_up(), self._cutter.head
        opening, chunks = self._opening, self._first
        self._opening, self._first = [], []
        if not self._transcoder.transparent:
            return opening
        return [*([] if head is None else [head.data]), *(chunk.data for chunk in chunks), held]

    def _cut(self, piece: bytes) -> list[Chunk]:
        self._hash.update(piece)
        self._size += len(piece)
        return self._cutter.feed(self._transcoder.feed(piece))

    def _cut_last(self) -> tuple[list[Chunk], bytes]:
        chunks = self._cutter.feed(self._transcoder.feed(b"", last=True))
        more, tail = self._cutter.close()
        return [*chunks, *more], tail


async def _gathered(stream: Stream, size: int) -> AsyncIterator[bytes]:
    """The stream in pieces of ``size`` bytes, or more where it has larger ones."""
    held, length = list[bytes](), 0
    async for piece in stream:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)
