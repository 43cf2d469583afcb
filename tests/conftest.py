"""What most tests need, by idea; and what holds for the whole suite."""

from __future__ import annotations

import compileall
from pathlib import Path

import hypothesis
import pytest

import cim_adapter

pytest_plugins = ("tests.databases", "tests.inboxes", "tests.messages", "tests.servers")

# A slow moment of the machine is no failure; what takes too long, the benchmarks say.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once: where Python may not write bytecode, each of hundreds of processes would."""
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist comes after
        compileall.compile_dir(Path(cim_adapter.__file__).parent, quiet=2)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """gzip writes the time into what it makes, and all workers must call a test the same."""
    return f"gzipped {argname}" if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None
