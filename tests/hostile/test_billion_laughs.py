"""Entities that multiply: by nesting, or by one long entity often used."""

from __future__ import annotations


def test_nested(target, is_fault):
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))]
    answer = target.strike(f"<!DOCTYPE a [{''.join(lines)}]><a>&a9;</a>".encode())
    is_fault(answer, "7.7")


def test_quadratic(target, is_fault):
    answer = target.strike(f'<!DOCTYPE a [<!ENTITY b "{"x" * 20_000}">]><a>{"&b;" * 10_000}</a>'.encode())
    is_fault(answer, "7.7")


def test_parameter_entities(target, is_fault):
    body = b"""<!DOCTYPE a [<!ENTITY % b "<!ENTITY c 'd'>"> %b;]><a>&c;</a>"""
    is_fault(target.strike(body), "7.7")
