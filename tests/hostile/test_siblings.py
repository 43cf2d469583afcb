"""A million siblings."""

from __future__ import annotations

import pytest

from cim_adapter import Settings

MOST = Settings().max_elements


@pytest.mark.parametrize("sibling", ["<b/>", "<b></b>", "<!---->", "<?b?>", "<![CDATA[]]>"])
def test_a_million(fresh_target, is_fault, sibling):
    answer = fresh_target.strike(f"<a>{sibling * 1_000_000}</a>".encode(), times=3)
    is_fault(answer, "3.1")
    assert f"at most {MOST:,} elements" in answer.said


def test_as_many_as_are_taken(fresh_target, is_fault):
    answer = fresh_target.strike(b"<a>" + b"<b/>" * (MOST - 1) + b"</a>", times=3)
    is_fault(answer, "1.8")
