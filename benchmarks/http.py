"""As much of HTTP/1.1 as a reply needs: status, Content-Length or chunks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """One complete reply."""

    status: int
    body: bytes


class ReplyReader:
    """Takes bytes as they arrive, gives a `Reply` when it is complete. One request is under way at a time."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._body_at = 0  # 0: head not complete yet
        self._status = 0
        self._length: int | None = None  # None: chunked

    def feed(self, data: bytes) -> Reply | None:
        """Raises ValueError on what is no HTTP/1.1 reply."""
        self._data += data
        if not self._body_at and not self._read_head():
            return None
        body = self._chunks() if self._length is None else self._sized(self._length)
        if body is None:
            return None
        reply = Reply(self._status, body)
        self._data.clear()
        self._body_at = 0
        return reply

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        status, *lines = bytes(self._data[:end]).split(b"\r\n")
        if not status.startswith(b"HTTP/1.1 "):
            raise ValueError(f"no HTTP/1.1 reply: {status[:80]!r}")
        self._status = int(status[9:12])
        self._length = 0
        for line in lines:
            name, _, value = line.partition(b":")
            match name.lower():
                case b"content-length":
                    self._length = int(value)
                case b"transfer-encoding":
                    self._length = None
        self._body_at = end + 4
        return True

    def _sized(self, length: int) -> bytes | None:
        end = self._body_at + length
        return bytes(self._data[self._body_at : end]) if len(self._data) >= end else None

    def _chunks(self) -> bytes | None:
        at, body = self._body_at, bytearray()
        while (line := self._data.find(b"\r\n", at)) >= 0:
            size = int(self._data[at:line].split(b";")[0], 16)
            at = line + 2 + size + 2
            if len(self._data) < at:
                return None
            if size == 0:
                return bytes(body)
            body += self._data[line + 2 : at - 2]
        return None
