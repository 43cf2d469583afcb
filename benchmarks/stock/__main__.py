"""`python -m benchmarks.stock`: the WSGI application, served by Granian."""

import argparse
from pathlib import Path
from threading import Lock, Thread
from time import sleep
from urllib.request import urlopen

from granian import Granian
from granian.constants import Interfaces
from spyne import Application
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication
from sqlalchemy.orm import sessionmaker

from benchmarks.stock import NAMESPACE, controls, events, readings
from benchmarks.stock.database import database
from benchmarks.stock.operation import service

OPERATIONS = (readings.CREATE, events.CREATED, controls.CREATE)


def application(path: Path) -> WsgiApplication:
    """The WSGI application on a database file."""
    sessions = sessionmaker(database(path), expire_on_commit=False)
    writing = Lock()  # SQLite has one writer: waiting here is faster than its busy handler's sleeps
    built = Application(
        [service(operation, sessions, writing) for operation in OPERATIONS],
        tns=NAMESPACE,
        in_protocol=Soap11(validator="lxml"),
        out_protocol=Soap11(),
    )
    return WsgiApplication(built, max_content_length=64 * 1024 * 1024)


def serve(port: int, data: Path, threads: int, workers: int) -> None:
    """Granian's WSGI interface: one process, as our side has, unless told otherwise."""

    def announce() -> None:
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/?wsdl", timeout=5):
                    break
            except OSError:
                sleep(0.05)
        print(f"ready http://127.0.0.1:{port}", flush=True)

    Thread(target=announce, daemon=True).start()
    Granian(
        target="stock",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        workers=workers,
    ).serve(target_loader=lambda: application(data / "stock.db"), wrap_loader=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    serve(arguments.port, arguments.data, arguments.threads, arguments.workers)
