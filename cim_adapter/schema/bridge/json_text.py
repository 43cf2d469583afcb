"""JSON as bytes: read within a budget, written with exact decimals.

msgspec reads it, quickly; it would take the last of two members of one name without a word. So members are
counted in the bytes and in what was read, and only where the counts differ is a slower reader asked.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

from cim_adapter.errors import Finding, Invalid, OverBudget, Unreadable
from cim_adapter.schema.bridge.pointer import Path, pointer
from cim_adapter.schema.budget import MAX_DEPTH, Budget

#: Objects and arrays inside each other. An element in ordered content takes three levels.
MAX_JSON_DEPTH = 3 * MAX_DEPTH

_CONTAINERS = (dict, list)
_POSITION = re.compile(r" ?\(byte (\d+)\)$")
_ADVICE = "Send JSON (RFC 8259) in UTF-8."


class JsonText:
    """Reads and writes JSON. Safe to share between threads."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(float_hook=Decimal)
        self._encoder = msgspec.json.Encoder(decimal_format="number")

    def write(self, value: Any) -> bytes:
        """UTF-8; a Decimal is a number with its own digits."""
        return self._encoder.encode(value)

    def read(self, data: bytes, budget: Budget) -> Any:
        """dicts, lists, str, bool, None, int, and Decimal for every number with a point or an exponent.

        ``budget.max_elements`` bounds members and items. Raises OverBudget, Unreadable for what is no JSON,
        and Invalid for two members of one name.
        """
        _spend(data, budget)
        text = data.removeprefix(codecs.BOM_UTF8)
        value = self._decode(text)
        refuse_twins(text, count_members(value))
        return value

    def _decode(self, data: bytes) -> Any:
        try:
            return self._decoder.decode(data)
        except UnicodeDecodeError:
            _unreadable(data, "bytes that are not UTF-8", 0)
        except InvalidOperation:
            _unreadable(data, "a number with an exponent that no machine can hold", 0)
        except RecursionError:
            _too_deep()
        except msgspec.MsgspecError as error:  # also for an integer of more than 4,300 digits
            said = str(error)
            position = _POSITION.search(said)
            said = _POSITION.sub("", said).removeprefix("JSON is malformed: ")
            _unreadable(data, said, int(position[1]) if position else len(data))


def refuse_twins(data: bytes, members: int, at: Path = None) -> None:
    """Raises Invalid for two members of one name in ``data``, of which ``members`` were read. ``at`` is where
    ``data`` stands in the body.
    """
    if members != _most_members(data):
        _look_for_twins(data, at)


def _spend(data: bytes, budget: Budget) -> None:
    if len(data) > budget.max_bytes:
        _over(f"{len(data):,} bytes", f"at most {budget.max_bytes:,} bytes")
    values = 1 + data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > budget.max_elements:
        _over(f"up to {values:,} values", f"at most {budget.max_elements:,}")


def count_members(value: Any) -> int:
    """Count the members of all objects, level by level; raise OverBudget where the levels are too many."""
    members = 0
    level: list[Any] = [value]
    for _ in range(MAX_JSON_DEPTH):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                members += len(item)
                below += [inner for inner in item.values() if type(inner) in _CONTAINERS]
            elif type(item) is list:
                below += [inner for inner in item if type(inner) in _CONTAINERS]
        if not below:
            return members
        level = below
    _too_deep()


def _most_members(data: bytes) -> int:
    """As many members as there can be: before the colon of each stands its name, or white space.

    A text may hold such a colon, too, so this counts too many at times, and never too few.
    """
    return sum(data.count(mark) for mark in (b'":', b" :", b"\t:", b"\n:", b"\r:"))


def _look_for_twins(data: bytes, at: Path) -> None:
    """Read ``data`` with the objects as tuples of pairs, and refuse two members of one name."""
    waiting: list[tuple[Path, Any]] = [(at, json.loads(data, object_pairs_hook=tuple))]
    while waiting:
        path, value = waiting.pop()
        steps: Iterable[tuple[Any, Any]] = value if isinstance(value, tuple) else enumerate(value)
        seen = set()
        for step, inner in steps:
            if step in seen:
                finding = Finding(
                    line=0,
                    path=pointer((path, step)),
                    found="two members of this name",
                    expected="one",
                    advice="Where there may be several, they are items of one array.",
                )
                raise Invalid("The JSON has an object with two members of one name.", [finding])
            seen.add(step)
            if isinstance(inner, tuple | list):
                waiting.append(((path, step), inner))


def _unreadable(data: bytes, said: str, at: int) -> NoReturn:
    line = data.count(b"\n", 0, at) + 1
    finding = Finding(line=line, path="", found=said, expected="well-formed JSON", advice=_ADVICE)
    raise Unreadable(f"The body is not well-formed JSON: {said} (line {line}).", [finding])


def _too_deep() -> NoReturn:
    _over(f"objects and arrays more than {MAX_JSON_DEPTH} deep", f"at most {MAX_JSON_DEPTH} levels")


def _over(found: str, expected: str) -> NoReturn:
    finding = Finding(line=0, path="", found=found, expected=expected, advice="Send it in several messages.")
    raise OverBudget(f"The body has {found}; this adapter takes {expected}.", [finding])
