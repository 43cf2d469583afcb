"""The TLS front: takes connections of clients with a certificate, and carries them on to the HTTP server.

Granian verifies certificates of clients and tells nobody whose they were. So where ``client_ca`` is set, TLS ends
here: each connection goes on to a loopback port of Granian's, which takes none but those of ours.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from cim_adapter.access import Certificates, Certified
from cim_adapter.errors import BadCredential
from cim_adapter.ports import any_port
from cim_adapter.transports.peers import Peer, Peers

_PIECE = 65_536  # bytes carried at once, each way
_HANDSHAKE = 10.0  # seconds


class Entrance:
    """What all processes share of the front: the public socket, the loopback port of the HTTP server behind it,
    and who comes in. To be made before they are forked.
    """

    inner_host = "127.0.0.1"

    def __init__(self, host: str, port: int) -> None:
        self.listening = any_port(host, port)
        self.listening.listen(1024)
        self._held = any_port(self.inner_host)
        self.inner_port: int = self._held.getsockname()[1]
        self.peers = Peers()

    def close(self) -> None:
        self.listening.close()
        self._held.close()


class Front:
    """One process's share of the front."""

    def __init__(self, entrance: Entrance, context: ssl.SSLContext, certificates: Certificates) -> None:
        self._entrance = entrance
        self._context = context
        self._certificates = certificates
        self._server: asyncio.Server | None = None
        self._carried: set[asyncio.Task[None]] = set()
        self._log = logging.getLogger("cim_adapter.front")

    async def start(self) -> None:
        """Take connections from now on."""
        self._server = await asyncio.start_server(
            self._take,
            sock=self._entrance.listening,
            ssl=self._context,
            ssl_handshake_timeout=_HANDSHAKE,
            limit=_PIECE,
        )

    async def stop(self) -> None:
        """Take no more; what is still carried ends with the server that it goes to."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._carried):
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer.transport), socket.socket() as inner, self._entered(inner, self._peer(writer)):
            host = self._entrance.inner_host
            try:
                await asyncio.get_running_loop().sock_connect(inner, (host, self._entrance.inner_port))
                answers, requests = await asyncio.open_connection(sock=inner, limit=_PIECE)
                with closing(requests.transport):
                    await _both_ways(reader, requests, answers, writer)
            except OSError as error:  # one end is gone, and so is the other
                self._log.debug("a connection broke off: %s", error)

    @contextmanager
    def _entered(self, inner: socket.socket, peer: Peer) -> Iterator[None]:
        """The client stands under the port of ``inner``, for no longer than that is ours."""
        inner.setblocking(False)
        inner.bind((self._entrance.inner_host, 0))
        port = inner.getsockname()[1]
        self._entrance.peers.enter(port, peer)
        try:
            yield
        finally:
            self._entrance.peers.leave(port)

    def _peer(self, writer: asyncio.StreamWriter) -> Peer:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        address = writer.get_extra_info("peername")[0]
        try:
            known = self._certificates.place(certificate)
        except BadCredential as error:
            self._log.warning("%s: %s", address, error)
            return Peer(address, Certified.nobody())
        if not known.place:
            self._log.info("the client certificate of %s stands for no partner", address)
        return Peer(address, known)


async def _both_ways(
    from_client: asyncio.StreamReader,
    to_server: asyncio.StreamWriter,
    from_server: asyncio.StreamReader,
    to_client: asyncio.StreamWriter,
) -> None:
    """Until the server has said all that it has to say, or one end is gone."""
    asking = asyncio.create_task(_pump(from_client, to_server))
    try:
        await _pump(from_server, to_client)
        to_client.close()
        with suppress(OSError):  # the client need not wait for our goodbye
            await to_client.wait_closed()
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():  # TLS cannot: there the connection is closed
        writer.write_eof()
