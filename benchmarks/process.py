"""A server as a process: start it, wait until it is ready, watch what it uses, stop it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


class Server:
    """A context: inside it the server answers. It must print a line `ready http://…` when it does.

    Its output goes to a file in `folder` and is shown if it does not start.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        patience: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._log = folder / "server.log"
        self._patience = patience

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )
        deadline = monotonic() + self._patience
        while not any(line.startswith("ready http") for line in self.output().splitlines()):
            if self._process.poll() is not None or monotonic() > deadline:
                self._kill()
                raise RuntimeError(f"the server did not start:\n{self.output()[-4_000:]}")
            sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired as expired:
            self._kill()
            raise RuntimeError("the server did not stop within 30 s of SIGTERM") from expired

    def output(self) -> str:
        """Everything the server printed so far."""
        return self._log.read_text(errors="replace")

    def cpu_seconds(self) -> float:
        """User and system time of the whole process tree so far, children that ended included."""
        return sum(sum(map(int, fields[11:15])) for fields in map(_stat, self._tree()) if fields) / _TICKS

    def peak_memory(self) -> int:
        """Bytes: the peak resident sizes (VmHWM) of the processes of the tree, added up."""
        return sum(map(_peak, self._tree()))

    def _kill(self) -> None:
        for pid in self._tree():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _tree(self) -> list[int]:
        parents = {
            int(entry.name): _stat(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()
        }
        tree = [self._process.pid]
        for pid in tree:  # grows while it is read
            tree += [child for child, fields in parents.items() if fields and int(fields[1]) == pid]
        return tree


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command: [0] state, [1] parent, [11..14] times; [] if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
