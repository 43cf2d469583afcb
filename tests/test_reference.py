"""The pages made from the code are those in docs/."""

from pathlib import Path

import pytest

from cim_adapter.reference import pages


@pytest.mark.parametrize(("name", "text"), pages().items())
def test_the_page_is_what_the_code_says(name: str, text: str) -> None:
    page = Path(__file__).parents[1] / "docs" / name
    assert page.read_text(encoding="utf-8") == text, "run: make docs"
