"""A reading type in one line of English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cim_adapter.codes.ratio import Ratio
from cim_adapter.codes.table import CodeRow

_SPECIFIED_INTERVAL: Final = 100
_SPECIFIED_FIXED: Final = 101
_SPECIFIED_ROLLING: Final = 102
_ELECTRICITY: Final = 1
_PRIMARY_METERED: Final = 2
_MONEY: Final = 80
#: What the unit says about an energy, a power or a demand.
_NATURE: Final = {
    "W": "active",
    "Wh": "active",
    "VAr": "reactive",
    "VArh": "reactive",
    "VA": "apparent",
    "VAh": "apparent",
}
_OF_A_NATURE: Final = frozenset({"energy", "power", "demand"})


def sentence(rows: Mapping[str, CodeRow], *, harmonic: Ratio, argument: Ratio, unit: str) -> str:
    """``rows`` by label; phrases joined by commas, what is not applicable left out."""
    phrases = [_quantity(rows), *_qualities(rows, harmonic), _time(rows, argument), *_buckets(rows)]
    if argument and not _is_specified(rows):
        phrases.append(f"argument {argument}")
    phrases.extend(_unit(rows, unit))
    return ", ".join(filter(None, phrases))


def _quantity(rows: Mapping[str, CodeRow]) -> str:
    """Direction, commodity and kind: ``forward active energy``, ``natural gas volume``."""
    kind, commodity = rows["measurementKind"], rows["commodity"]
    nature = _NATURE.get(rows["unit"].name, "") if kind.name in _OF_A_NATURE else ""
    silent = commodity.number in (0, _ELECTRICITY, _PRIMARY_METERED)
    words = (
        rows["flowDirection"].words if rows["flowDirection"].number else "",
        "" if silent else commodity.words,
        nature,
        kind.words if kind.number else "quantity not specified",
    )
    return " ".join(filter(None, words))


def _qualities(rows: Mapping[str, CodeRow], harmonic: Ratio) -> Iterator[str]:
    if rows["commodity"].number == _PRIMARY_METERED:
        yield "primary-metered"
    if rows["phases"].number:
        yield rows["phases"].words
    if harmonic:
        yield harmonic.harmonic_words


def _time(rows: Mapping[str, CodeRow], argument: Ratio) -> str:
    """Periods, aggregate and accumulation: ``15-minute delta``, ``15-minute maximum (instantaneous)``."""
    period, aggregate, accumulation = rows["measuringPeriod"], rows["aggregate"], rows["accumulation"]
    words = [rows["macroPeriod"].words if rows["macroPeriod"].number else ""]
    if _is_specified(rows) and argument:
        words.append(_specified(period.number, argument))
    elif period.number:
        words.append(period.words)
    if aggregate.number:
        words.append(aggregate.words)
    if accumulation.number:
        words.append(f"({accumulation.words})" if aggregate.number else accumulation.words)
    return " ".join(filter(None, words))


def _buckets(rows: Mapping[str, CodeRow]) -> Iterator[str]:
    for label in ("tou", "cpp", "consumptionTier"):
        if rows[label].number:
            yield rows[label].words


def _unit(rows: Mapping[str, CodeRow], unit: str) -> Iterator[str]:
    """The unit; an amount of money is in its currency."""
    currency = rows["currency"]
    if currency.number == 0:
        yield unit
        return
    name = currency.name if currency.known else currency.words
    if rows["unit"].number == _MONEY:
        yield unit.replace("money", name)
    else:
        yield from (unit, name)


def _is_specified(rows: Mapping[str, CodeRow]) -> bool:
    return rows["measuringPeriod"].number in (_SPECIFIED_INTERVAL, _SPECIFIED_FIXED, _SPECIFIED_ROLLING)


def _specified(period: int, argument: Ratio) -> str:
    length = _length(argument.numerator)
    if period == _SPECIFIED_ROLLING:
        return f"{length} rolling-block ({_length(argument.denominator)} steps)"
    return f"{length} fixed-block" if period == _SPECIFIED_FIXED else length


def _length(seconds: int) -> str:
    if seconds and seconds % 60 == 0:
        return f"{seconds // 60}-minute"
    return f"{seconds}-second"
