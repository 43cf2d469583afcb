"""Our side: the installed command with its defaults, nothing switched off."""

import subprocess
import sys
from pathlib import Path

from benchmarks.messages.kind import Kind

_SERVICES = {"create": "Execute", "created": "Receive"}


def _cim_adapter(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("cim-adapter")), *arguments]


def path(kind: Kind) -> str:
    """Of the service that takes this kind of message."""
    return f"/soap/{_SERVICES[kind.verb]}{kind.noun}"


def key(data: Path) -> str:
    """A key without quota, made in the data directory before the server starts there."""
    command = _cim_adapter("key", "create", "bench", "--role", "admin", "--quota", "0", "--data", str(data))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"cim-adapter key create failed: {done.stderr[-2_000:]}")
    return done.stdout.strip()


def command(port: int, data: Path) -> list[str]:
    """The server: authentication, validation, sealing, journal and durable commit are its defaults."""
    return _cim_adapter("serve", "--host", "127.0.0.1", "--port", str(port), "--data", str(data))
