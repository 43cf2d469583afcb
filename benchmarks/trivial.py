"""A server that does nothing but answer OK: its rate is the ceiling of the load generator."""

import argparse
import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.load import Plan, Result, drive
from benchmarks.messages.requests import IEC
from benchmarks.process import Server, free_port, python

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"MessageID>([^<]+)<")


def ok(message_id: bytes) -> bytes:
    """The shortest good reply."""
    body = b"<Reply><CorrelationID>" + message_id + b"</CorrelationID><Result>OK</Result></Reply>"
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Trivial(asyncio.Protocol):
    """Reads a whole request, writes what `answer` makes of its MessageID; None closes the connection."""

    def __init__(self, answer: Callable[[bytes], bytes | None] = ok) -> None:
        self._answer = answer
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are no subclass of it

    def data_received(self, data: bytes) -> None:
        self._data += data
        head = self._data.find(b"\r\n\r\n")
        length = _LENGTH.search(self._data, 0, max(head, 0))
        if length is None or len(self._data) < head + 4 + int(length[1]):
            return
        message_id = _MESSAGE_ID.search(self._data)
        answer = self._answer(message_id[1] if message_id else b"")
        self._data.clear()
        if answer is None:
            self._transport.close()
        else:
            self._transport.write(answer)


def ceiling(folder: Path, kind: str, size: int, clients: int, seconds: float) -> Result:
    """What the generator reaches when the server costs nothing."""
    port = free_port()
    plan = Plan(port, "/", IEC, kind, size, clients, seconds, warm_up=0.5)
    with Server(python("benchmarks.trivial", "--port", str(port)), folder):
        return drive(plan)


async def serve(port: int) -> None:
    """Serves until it is killed."""
    server = await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", port)
    print(f"ready http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
