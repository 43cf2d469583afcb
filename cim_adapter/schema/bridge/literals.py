"""Simple values: what XML writes as text and JSON as a number, a boolean or a string.

A number is a number in JSON where both languages write it alike, digit by digit: ``1.50`` is. The other ways
in which XML may write one (``+1``, ``01``, ``1e3``, ``INF``, white space) stay text, and so does ``1`` for
true. So nothing is lost on the way there and back. No value ever passes through a binary float.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from cim_adapter.schema.bridge.plan import Kind

#: Digits of a number; longer ones are written as text, for many readers of JSON give up much earlier.
LONGEST_NUMBER = 300
_LONGEST_BITS = 1_000

_BOOLEANS = {"true": True, "false": False}
_PREFIXED = re.compile(r"([ \t\r\n]*)(?:([^\s{}:]+):)?([^\s{}:]+)([ \t\r\n]*)")
_CLARK = re.compile(r"([ \t\r\n]*)\{([^{}]+)\}([^\s{}:]+)([ \t\r\n]*)")


def to_literal(text: str, kind: Kind, element: etree._Element) -> Any:
    """The JSON value of ``text``; ``element`` is where it stands and knows the prefixes."""
    match kind:
        case Kind.TEXT:
            return text
        case Kind.BOOLEAN:
            return _BOOLEANS.get(text, text)
        case Kind.QNAME:
            return _clark(text, element)
        case _:
            return _number(text, kind)


def to_text(value: Any, kind: Kind, element: etree._Element) -> str | None:
    """The XML text of ``value``, or None where its type is wrong or the number has too many digits.

    ``element`` learns the namespace of a qualified name. Raises ValueError where that can be none.
    """
    if isinstance(value, str):
        return _prefixed(value, element) if kind is Kind.QNAME else value
    if isinstance(value, bool):
        return str(value).lower() if kind is Kind.BOOLEAN else None
    if kind not in (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT):
        return None
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _LONGEST_BITS else None
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if kind is Kind.FLOAT:
        return str(value)
    # xs:decimal knows no exponent, and 1e999999999 would become a gigabyte of zeros.
    return format(value, "f") if abs(value.adjusted()) <= LONGEST_NUMBER else None


def _number(text: str, kind: Kind) -> int | Decimal | str:
    if len(text) > LONGEST_NUMBER:
        return text
    found: int | Decimal
    try:
        found = int(text)
    except ValueError:
        try:
            found = Decimal(text)
        except InvalidOperation:
            return text
        if not found.is_finite() or (kind is not Kind.FLOAT and "E" in text):
            return text
    return found if str(found) == text else text


def _clark(text: str, element: etree._Element) -> str:
    """``p:name`` as ``{namespace}name``, which needs no prefix; text that is no such name stays as it is."""
    match = _PREFIXED.fullmatch(text)
    if match is None:
        return text
    before, prefix, local, after = match.groups()
    namespace = element.nsmap.get(prefix)
    return f"{before}{{{namespace}}}{local}{after}" if namespace else text


def _prefixed(value: str, element: etree._Element) -> str:
    match = _CLARK.fullmatch(value)
    if match is None:
        return value
    before, namespace, local, after = match.groups()
    return f"{before}{_prefix(namespace, element)}:{local}{after}"


def _prefix(namespace: str, element: etree._Element) -> str:
    """The prefix of ``namespace`` at ``element``, which declares it if nobody has yet."""
    for attempt in range(2):
        for prefix, uri in element.nsmap.items():
            if prefix and uri == namespace:
                return prefix
        if not attempt:  # lxml declares the namespace of an attribute, and keeps it when the attribute goes
            element.set(f"{{{namespace}}}declare", "")
            del element.attrib[f"{{{namespace}}}declare"]
    raise ValueError(f"{namespace} cannot have a prefix")
