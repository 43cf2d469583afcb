"""50,000 namespace declarations."""

from __future__ import annotations


def test_on_one_element(fresh_target, is_fault):
    declarations = "".join(f' xmlns:n{n}="u"' for n in range(50_000))
    answer = fresh_target.strike(f"<a{declarations}/>".encode())
    is_fault(answer, "3.1")
    assert "50,000 namespace declarations" in answer.said


def test_nested_and_spread(fresh_target, is_fault):
    elements = "".join(f'<b xmlns="urn:{n}"/>' for n in range(50_000))
    is_fault(fresh_target.strike(f"<a>{elements}</a>".encode()), "3.1")


def test_spread_under_the_limit(fresh_target, is_fault):
    elements = "".join(f'<b xmlns:n{n}="urn:{n}"/>' for n in range(9_000))
    is_fault(fresh_target.strike(f"<a>{elements}</a>".encode()), "1.8")
