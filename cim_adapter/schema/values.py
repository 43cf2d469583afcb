"""Values that a simple type does not take, and what their writers most probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from cim_adapter.schema.model import Values

_OLD_VERBS = {"update": "change", "updated": "changed", "show": "reply"}
_TRUE, _FALSE = frozenset({"true", "yes", "y", "on", "t"}), frozenset({"false", "no", "n", "off", "f"})
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ]+(\d\d:\d\d)(:\d\d)?([.,]\d+)?\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)[Tt]?(\d\d)(\d\d)(\d\d)(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}) +(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d+)[.,]0+", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[ '\u00a0\u202f]\d{3})+(?:\.\d+)?", re.ASCII)
_NUMBERS = frozenset({"decimal", "float", "double"})
_WHOLES = frozenset({"integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger"})


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the one of ``names`` that was probably meant, letter case aside; empty if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower()[:200], list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else ""


def meant(value: str, takes: Values) -> str:
    """Return the value that ``value`` most probably stands for, in the form the type takes; empty if none."""
    text = value.strip()
    if takes.enumeration:
        old = _OLD_VERBS.get(text.lower(), "")
        return old if old in takes.enumeration else nearest(text, takes.enumeration)
    kind = takes.type_name.partition(":")[2] or takes.type_name
    if kind == "dateTime":
        return _date_time(text)
    if kind == "boolean":
        return "true" if text.lower() in _TRUE else "false" if text.lower() in _FALSE else ""
    if kind in _WHOLES:
        whole = _WHOLE.fullmatch(text)
        return whole[1] if whole else ""
    return _number(text) if kind in _NUMBERS else ""


def _date_time(text: str) -> str:
    """Forms that leave no doubt which day is meant. An offset that is not there is not made up."""
    iso, compact, day_first = _ISO.fullmatch(text), _COMPACT.fullmatch(text), _DAY_FIRST.fullmatch(text)
    if iso:
        day, minute, second, fraction, zone = iso.groups()
        made = f"{day}T{minute}{second or ':00'}{(fraction or '').replace(',', '.')}"
    elif compact:
        year, month, date, hour, minute, second, zone = compact.groups()
        made = f"{year}-{month}-{date}T{hour}:{minute}:{second}"
    elif day_first:
        date, month, year, hour, minute, second = day_first.groups()
        made, zone = f"{year}-{month:0>2}-{date:0>2}T{hour:0>2}:{minute}:{second or '00'}", ""
    else:
        return ""
    made += _zone(zone or "")
    return made if _exists(made) else ""


def _zone(text: str) -> str:
    if text.upper() in ("Z", "UTC", "GMT"):
        return "Z"
    digits = text.replace(":", "")
    return f"{digits[:3]}:{digits[3:] or '00'}" if digits else ""


def _exists(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> str:
    if _DECIMAL.fullmatch(text):
        return text.replace(",", ".")
    return re.sub(r"[ '\u00a0\u202f]", "", text) if _GROUPED.fullmatch(text) else ""
