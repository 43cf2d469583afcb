"""The command as its users call it, in this process."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cim_adapter import cli


@dataclass
class Done:
    status: int
    out: str
    err: str


@pytest.fixture
def validate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """``cim-adapter validate`` with these arguments; ``stdin`` is what is piped in."""

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = cli.main(["validate", *map(str, arguments)])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run
