"""Ports that a server can listen on."""

from __future__ import annotations

import errno
import socket
import time


def any_port(host: str, port: int = 0) -> socket.socket:
    """Takes a port, by default one that nobody has, and keeps others from it: whoever listens must share it, as
    Granian does.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    held = socket.socket(family, kind)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(address)
    return held


def await_port(host: str, port: int, patience: float = 5.0) -> None:
    """Raises OSError if the port stays taken. Granian shares ports, so two servers would each get half
    of the messages; and the workers of a server that was just killed need a moment to go.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    deadline = time.monotonic() + patience
    while True:
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
        time.sleep(0.05)
