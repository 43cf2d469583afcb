"""The connection under a stream: it is found by its addresses, waited for, and broken off."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing, suppress

import pytest

from cim_adapter.transports.connection import WINDOW, Connection
from cim_adapter.wire import Undelivered


@pytest.fixture(params=["127.0.0.1", "::1"])
def ends(request):
    """Both ends of a connection: the server's, and the client's."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with closing(socket.socket(family)) as listening:
        try:
            listening.bind((request.param, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        listening.listen()
        with closing(socket.create_connection(listening.getsockname()[:2])) as client:
            server, _ = listening.accept()
            with closing(server):
                yield server, client


def written(address):
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def found(ends, patience=30.0):
    server, client = ends
    return Connection.between(written(client.getsockname()), written(server.getsockname()), patience)


def test_it_is_the_one_between_two_addresses(ends):
    assert Connection.between("127.0.0.1:1", "127.0.0.1:2", 1) is None
    with pytest.raises(ZeroDivisionError), found(ends) as _:
        raise ZeroDivisionError
    assert ends[1].recv(10) == b""


def test_what_went_well_leaves_it_open(ends):
    with found(ends):
        pass
    ends[0].sendall(b"x")
    assert ends[1].recv(10) == b"x"


def fill(server):
    server.setblocking(False)
    given = 0
    with suppress(BlockingIOError):
        while True:
            given += server.send(b"x" * 65536)
    return given


def test_a_reader_that_reads_is_given_more(ends):
    server, client = ends
    size, times = 1 << 16, 200  # 13 MB
    server.setblocking(False)
    client.setblocking(False)

    async def run():
        loop = asyncio.get_running_loop()

        async def give():
            with found(ends) as connection:
                for _ in range(times):
                    await connection.room(size)
                    await loop.sock_sendall(server, b"x" * size)

        giving, taken = asyncio.create_task(give()), 0
        while taken < size * times:
            taken += len(await loop.sock_recv(client, 1 << 20))
        await giving

    asyncio.run(run())


@pytest.mark.parametrize("gone", [False, True])
def test_a_reader_that_does_not(ends, gone):
    server, client = ends

    async def run():
        with found(ends, patience=0.2) as connection:
            await connection.room(fill(server) + WINDOW)
            if gone:
                client.close()
            await connection.room(1)

    with pytest.raises(Undelivered, match="went away" if gone else "less than 1,048,576 bytes in 0.2 seconds"):
        asyncio.run(run())
