"""200,000 attributes, on one element or spread."""

from __future__ import annotations


def test_on_one_element(fresh_target, is_fault):
    attributes = "".join(f' a{n}=""' for n in range(200_000))
    answer = fresh_target.strike(f"<a{attributes}/>".encode())
    is_fault(answer, "3.1")
    assert "attributes" in answer.said
    assert "line 1" in answer.said


def test_on_one_element_of_an_honest_envelope(fresh_target, is_fault, messages):
    body = messages.create(messages.meter())
    (meter,) = body.iter("{*}Meter")
    for n in range(300):
        meter.set(f"a{n}", "")
    is_fault(fresh_target.strike_message(body), "3.1")


def test_spread(fresh_target, is_fault):
    element = "<b" + "".join(f' a{n}=""' for n in range(200)) + "/>"
    is_fault(fresh_target.strike(f"<a>{element * 1000}</a>".encode()), "3.1")


def test_two_million(fresh_target, is_fault):
    element = "<b" + "".join(f' a{n}=""' for n in range(200)) + "/>"
    is_fault(fresh_target.strike(f"<a>{element * 10_000}</a>".encode(), times=1), "3.1")


def test_with_greater_than_signs_in_values(fresh_target, is_fault):
    attributes = "".join(f" a{n}='>'" for n in range(200_000))
    is_fault(fresh_target.strike(f"<a{attributes}/>".encode()), "3.1")
