"""A server of contract files, and of nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from cim_adapter.contract import ContractFiles, readdressed


@pytest.fixture(scope="session")
def files() -> ContractFiles:
    """The contract of this checkout."""
    return ContractFiles.locate()


@dataclass
class Site:
    """Where the files are served, and what was asked for that is not there."""

    base: str
    refused: list[str] = field(default_factory=list)

    def url(self, service: str | None, *, soap12: bool = False) -> str:
        path = "/soap" if service is None else f"/soap/{service}"
        return f"{self.base}{path}?wsdl{'=soap12' if soap12 else ''}"


def contents(files: ContractFiles, site: Site, target: str) -> bytes | None:
    """The document at ``target``: ``<prefix>/soap[/<Service>]?wsdl[=soap12]`` or ``<prefix>/xsd/<file>``."""
    split = urlsplit(target)
    prefix = f"{urlsplit(site.base).path}/"
    if not split.path.startswith(prefix):
        return None
    path = split.path.removeprefix(prefix)
    first, _, name = path.partition("/")
    if first == "xsd":
        found = files.schema(name)
        return None if found is None else found.read_bytes()
    if first == "soap" and split.query in ("wsdl", "wsdl=soap12"):
        found = files.description(name or None, soap12=split.query == "wsdl=soap12")
        return None if found is None else readdressed(found.read_bytes(), f"{site.base}/{path}")
    return None


@pytest.fixture(params=["", "/metering/adapter"], ids=["at the root", "behind a prefix"])
def site(request: pytest.FixtureRequest, files: ContractFiles, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serves ``/soap`` and ``/xsd`` on loopback; a test that asks for anything else, anywhere, fails."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = contents(files, site, self.path)
            if content is None:
                site.refused.append(self.path)
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *args):
            """Keeps the test's output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_port}{request.param}")
        connect = socket.socket.connect

        def connect_here(self, address):
            if address != server.server_address:
                site.refused.append(str(address))
                raise ConnectionRefusedError(f"only the contract's own server may be asked, not {address}")
            return connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", connect_here)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        server.shutdown()
        thread.join()
    assert site.refused == []
