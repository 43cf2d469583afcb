"""Checking documents in this process, and the command as its users call it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cim_adapter.schema import Catalogue
from cim_adapter.validate.document import Inspector, Rules
from cim_adapter.validate.remark import Checked
from tests.validate.mutations import MUTATIONS
from tests.validate.running import validate  # noqa: F401  # a fixture


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mutation" in metafunc.fixturenames:
        metafunc.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)


@pytest.fixture(scope="session")
def mutations():
    return MUTATIONS


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
