"""Checking documents in this process, and the command as its users call it."""

from __future__ import annotations

import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cim_adapter import cli
from cim_adapter.schema import Catalogue
from cim_adapter.validate.document import Inspector, Rules
from cim_adapter.validate.remark import Checked


def _mutations():
    """The table beside this file: tests are no package, so it is loaded by its path."""
    spec = importlib.util.spec_from_file_location("mutations", Path(__file__).with_name("mutations.py"))
    module = sys.modules["mutations"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mutation" in metafunc.fixturenames:
        metafunc.parametrize("mutation", _mutations().MUTATIONS, ids=lambda mutation: mutation.name)


@pytest.fixture(scope="session")
def mutations():
    return _mutations().MUTATIONS


@dataclass
class Done:
    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue([Path(__file__).parents[2] / "xsd"])


@pytest.fixture(scope="session")
def inspect(catalogue: Catalogue) -> Callable[[str | bytes], Checked]:
    """Checks the structure of one document."""
    inspector = Inspector(Rules(catalogue=catalogue))

    def check(document: str | bytes) -> Checked:
        data = document.encode() if isinstance(document, str) else document
        return next(inspector.inspect(data, "document.xml"))

    return check


@pytest.fixture
def validate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """``cim-adapter validate`` with these arguments; ``stdin`` is what is piped in."""

    def run(*arguments: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = cli.main(["validate", *map(str, arguments)])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run
