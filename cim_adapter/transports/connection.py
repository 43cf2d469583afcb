"""The TCP connection under a request, for answers that are written while they are made.

Granian takes whatever it is given and keeps it until the client reads it, and it ends an answer that was given
up in the middle as if it were whole. So a stream asks the kernel how much of it has arrived, waits for slow
readers, and cuts the connection where it cannot go on.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
import sys
import time
from contextlib import suppress
from ipaddress import ip_address
from typing import Self

from cim_adapter.wire import Undelivered

WINDOW = 1024 * 1024
"""Bytes that may be on their way to a reader before more are given to the server."""

_FIRST_LOOK, _LAST_LOOK = 0.002, 0.1  # seconds between two questions to the kernel
# Of struct tcp_info (linux/tcp.h): tcpi_state is its first byte, tcpi_bytes_acked stands here since Linux 4.1.
_ACKED = struct.Struct("=120xQ")
_CLOSED = (7, 11)  # TCP_CLOSE, TCP_CLOSING


class Connection:
    """How far a stream has come on its connection. Used as a context manager, around the stream.

    ``sock`` is a handle of our own. ``patience``: seconds that a reader may take for ``WINDOW`` bytes.
    """

    def __init__(self, sock: socket.socket, patience: float) -> None:
        self._socket = sock
        self._patience = patience
        self._given = 0
        self._base = self._acknowledged() or 0

    @classmethod
    def between(cls, client: str, server: str, patience: float) -> Connection | None:
        """That of this process between two addresses, ``IP:port`` each; None where it is not found: on a system
        that does not list what is open, or when it is gone.
        """
        wanted = (_address(*client.rsplit(":", 1)), _address(*server.rsplit(":", 1)))
        try:
            numbers = [int(name) for name in os.listdir("/dev/fd")]
        except OSError:
            return None
        for number in numbers:
            with suppress(OSError):  # not ours to look at, or closed since
                if not stat.S_ISSOCK(os.fstat(number).st_mode):
                    continue
                sock = socket.socket(fileno=os.dup(number))
                try:
                    if _ends(sock) == wanted:
                        return cls(sock.dup(), patience)
                finally:
                    sock.close()
        return None

    async def room(self, size: int) -> None:
        """Wait until ``size`` more bytes may be given. Raises Undelivered: the reader is gone or too slow."""
        deadline, wait = time.monotonic() + self._patience, _FIRST_LOOK
        while (acknowledged := self._acknowledged()) is not None:
            if acknowledged - self._base >= self._given:
                # All has arrived. What HTTP and TLS add is acknowledged, too, and would add up.
                self._base, self._given = acknowledged, 0
            if self._given - (acknowledged - self._base) < WINDOW:
                break
            if time.monotonic() > deadline:
                raise Undelivered(
                    f"the caller read less than {WINDOW:,} bytes in {self._patience:g} seconds (stream_patience)"
                )
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LAST_LOOK)
        self._given += size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let go of it; where something was raised, break it off: whoever reads finds that it ended too early."""
        if kind is not None:
            with suppress(OSError):  # it is gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _acknowledged(self) -> int | None:
        """Bytes that the other end has acknowledged; None where the system does not tell. Raises Undelivered."""
        if not sys.platform.startswith("linux"):
            return None
        told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.size)
        if told[0] in _CLOSED:
            raise Undelivered("the caller went away")
        return int(_ACKED.unpack(told)[0]) if len(told) == _ACKED.size else None


def _ends(sock: socket.socket) -> tuple[tuple[str, int], tuple[str, int]] | None:
    """(peer, self) of a TCP connection; None for any other socket."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        return None
    peer, own = sock.getpeername(), sock.getsockname()
    return _address(peer[0], peer[1]), _address(own[0], own[1])


def _address(host: str, port: int | str) -> tuple[str, int]:
    address = ip_address(host.strip("[]").partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), int(port)
