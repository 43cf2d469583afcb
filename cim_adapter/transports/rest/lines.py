"""Cuts a stream of lines into batches, so that a body of any length is taken in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

from cim_adapter.errors import OverBudget


async def batches(chunks: AsyncIterator[bytes], lines: int, most_bytes: int) -> AsyncIterator[tuple[int, bytes]]:
    """(number of its first line, from 1; the lines) of each batch of ``lines`` lines; the last one has the rest.

    Where a batch ends depends on the lines alone, not on how they arrive: sent again, a stream is cut alike.
    Raises OverBudget for a batch larger than ``most_bytes``.
    """
    kept = bytearray()
    first, counted, begin = 1, 0, 0
    async for chunk in chunks:
        kept += chunk
        while (end := kept.find(b"\n", begin)) >= 0:
            counted, begin = counted + 1, end + 1
            if counted == lines:
                yield first, bytes(kept[:begin])
                del kept[:begin]
                first, counted, begin = first + lines, 0, 0
        if len(kept) > most_bytes:
            raise OverBudget(f"lines {first:,} to {first + counted:,} are larger than {most_bytes:,} bytes")
    if kept:
        yield first, bytes(kept)
