"""Where data keys come from: a setting, a command, or a file. One key seals; while data is re-sealed with a
new one, two are open.

Which of them seals the database says, not their order: its index key is sealed with that one.
"""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cim_adapter.settings import Settings
from cim_adapter.store.sealing import DataKey, SealError

_PATIENCE = 60.0  # seconds for a command to print the keys


class KeyRing:
    """The keys that this process may use."""

    def __init__(self, settings: Settings) -> None:
        self._text = settings.data_key
        self._command = settings.data_key_command.strip()
        self._path = settings.data_key_file or settings.data / "data.key"
        if self._text and self._command:
            raise SealError("data_key and data_key_command: give one of them")

    @property
    def path(self) -> Path | None:
        """The key file, where the keys come from a file: then we may add keys to it."""
        return None if self._text or self._command else self._path

    def load(self) -> tuple[DataKey, ...]:
        """The keys, at least one, as they are now. Raises SealError."""
        if self._command:
            return _read(self._run())
        if self._text:
            return _read(self._text)
        if not self._path.exists():
            _write_new(self._path, [_new_secret()])
        return _read(self._path.read_text(encoding="ascii", errors="replace"))

    def add(self) -> DataKey:
        """Make a new key, and put it behind the others in the file."""
        secret = _new_secret()
        _replace(self._path, [*self._lines(), secret])
        return DataKey.from_text(secret)

    def keep(self, key: DataKey) -> None:
        """Take all other keys out of the file."""
        _replace(self._path, [line for line in self._lines() if DataKey.from_text(line).id == key.id])

    def _lines(self) -> list[str]:
        return self._path.read_text(encoding="ascii").split()

    def _run(self) -> str:
        """What the command prints. What it says beside that may hold secrets, and is shown to nobody."""
        name = self._command.split()[0]
        try:
            words = shlex.split(self._command)
            done = subprocess.run(  # noqa: S603  the operator's own command
                words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise SealError(f"data_key_command {name} cannot be run: {type(error).__name__}") from None
        if done.returncode:
            raise SealError(f"data_key_command {name} failed with exit status {done.returncode}")
        return done.stdout


def _read(text: str) -> tuple[DataKey, ...]:
    keys = tuple(DataKey.from_text(word) for word in text.replace(",", " ").split())
    if not keys:
        raise SealError("there is no data key where one is expected")
    return keys


def _new_secret() -> str:
    return base64.b64encode(os.urandom(32)).decode("ascii")


def _write_new(path: Path, secrets: Iterable[str]) -> None:
    """Written aside and then linked: the name appears with the whole key behind it, or not at all. Where another
    process was faster, its key is the key.
    """
    aside = _aside(path, secrets)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    _sync(path.parent)


def _replace(path: Path, secrets: Iterable[str]) -> None:
    os.replace(_aside(path, secrets), path)
    _sync(path.parent)


def _aside(path: Path, secrets: Iterable[str]) -> Path:
    """A file for its owner alone, on disk."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
        file.write("".join(f"{secret}\n" for secret in secrets))
        file.flush()
        os.fsync(file.fileno())
    return Path(file.name)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
