"""The body of an HTTP request: small ones at once, large ones as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from cim_adapter.transports.rsgi import ClientGone, Request
from cim_adapter.wire import StreamBroken

_PATIENCE = 60.0  # seconds without a byte after which a sender is taken to be gone


class Upload:
    """See ``wire.Stream``. It can be read but once: ``beginning``, and then the rest or all of it."""

    source = None
    digest = None

    def __init__(self, request: Request) -> None:
        self._request = request
        self._pieces: AsyncIterator[bytes] | None = None
        self._held: list[bytes] = []
        self.whole = False
        """Whether all of it was read."""

    async def beginning(self, at_most: int) -> bytes:
        """The body, if it has at most so many bytes; else nothing, and it is not ``whole``. Raises ClientGone."""
        declared = self._request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) <= at_most:
            body = await self._request.body(at_most)
            self.whole = True
            return body
        self._pieces, size = self._request.chunks(), 0
        async for piece in self._pieces:
            self._held.append(piece)
            size += len(piece)
            if size > at_most:
                return b""
        self.whole = True
        return b"".join(self._held)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held, self._held = self._held, []
        while held:
            yield held.pop(0)
        while self._pieces is not None and not self.whole:
            try:
                yield await asyncio.wait_for(anext(self._pieces), _PATIENCE)
            except StopAsyncIteration:
                self.whole = True
            except (ClientGone, TimeoutError) as error:
                raise StreamBroken from error
