"""A server as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cim_adapter import Settings
from cim_adapter.access import give_key
from cim_adapter.store.store import Store, prepare
from tests.databases import fresh_database


@dataclass
class ServerProcess:
    """``cim-adapter serve`` as a process of its own. ``lines`` is what it printed; ``key`` an admin key."""

    process: subprocess.Popen[str]
    url: str
    key: str
    data: Path
    lines: list[str] = field(default_factory=list)

    def client(self, key: str | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"X-API-Key": key or self.key}, timeout=30, trust_env=False)

    def kill(self) -> None:
        """SIGKILL, as the kernel's out-of-memory killer would."""
        self.process.kill()
        self.process.wait(30)

    def stop(self, within: float = 30) -> int:
        """SIGTERM; the exit status. A server that does not stop is killed, and the test fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server did not stop within {within} s of SIGTERM")


class Launcher:
    """Runs ``cim-adapter`` on one data directory and database; servers are stopped by ``close``.

    The first server takes any port that is free, those after it the same one.
    """

    def __init__(self, home: Path, database: str = "") -> None:
        self.data = home / "data"
        self.log = home / "server.log"
        self._storage = ["--data", str(self.data), *(["--database", database] if database else [])]
        self._database = database
        self._port = 0
        self._key = ""
        self._started: list[ServerProcess] = []

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cim_adapter", *arguments, *self._storage]
        given = {**os.environ, "CIM_ADAPTER_PORT": "0", **environment}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=given)

    def start(self, *arguments: str, key: str | None = None, **environment: str) -> ServerProcess:
        """A server that is ready. ``key=""`` makes no key before it starts."""
        if key is None and not self._key:
            self._key = self._new_key()
        command = [sys.executable, "-m", "cim_adapter", "serve", "--port", str(self._port)]
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [*command, *self._storage, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environment},
            )
        server = ServerProcess(process, "", key or self._key, self.data)
        self._started.append(server)
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                server.lines.append(line.rstrip("\n"))
                if line.startswith("ready "):
                    ready.set()
            process.stdout.close()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(60), self.log.read_text()
        told = [line for line in server.lines if line.startswith("ready ")]
        assert told, self.log.read_text()
        self._port = int(told[0].rpartition(":")[2])
        server.url = f"http://127.0.0.1:{self._port}"
        return server

    def _new_key(self) -> str:
        """What ``cim-adapter key create tester --role admin --quota 0`` does, without a process of its own."""
        settings = Settings.load(flags={"data": self.data, "database": self._database})
        prepare(settings)
        with Store(settings) as store:
            return asyncio.run(give_key(store, name="tester", role="admin", quota=0))

    def close(self) -> None:
        for server in self._started:
            server.stop()


@pytest.fixture
def launcher(database: str, tmp_path: Path) -> Iterator[Launcher]:
    made = Launcher(tmp_path, database)
    yield made
    made.close()


@pytest.fixture(scope="session")
def launch_in() -> Callable[[Path], Launcher]:
    """A function that makes a launcher on SQLite in a folder; whoever asks for it closes it."""
    return Launcher


@pytest.fixture
def run_cli(launcher: Launcher) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``cim-adapter ARGUMENTS`` on the test's database."""
    return launcher.cli


@pytest.fixture
def start_server(launcher: Launcher) -> Callable[..., ServerProcess]:
    """A function that starts a server on the test's database, with more arguments if need be."""
    return launcher.start


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server()


@contextmanager
def standing(backend: str, home: Path, **environment: str) -> Iterator[ServerProcess]:
    with fresh_database(backend) as database:
        launcher = Launcher(home, database)
        try:
            yield launcher.start(**environment)
        finally:
            launcher.close()


@pytest.fixture(scope="session")
def standing_on() -> Callable[..., AbstractContextManager[ServerProcess]]:
    """``standing_on(backend, folder, **environment)``: a server for more than one test."""
    return standing


@pytest.fixture
def launch_sqlite() -> Iterator[Callable[..., ServerProcess]]:
    """A function that starts a server on SQLite in a folder, with settings, whatever database others run on."""
    with ExitStack() as running:
        yield lambda home, **environment: running.enter_context(standing("sqlite", home, **environment))


@pytest.fixture(scope="session")
def standing_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for every test that leaves it as it found it; each brings meters of its own."""
    with standing("sqlite", tmp_path_factory.mktemp("sqlite")) as server:
        yield server


@pytest.fixture(scope="session")
def standing_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with standing("postgresql", tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def standing_server(request: pytest.FixtureRequest) -> ServerProcess:
    """The standing server on each database."""
    return request.getfixturevalue(f"standing_{request.param}")
