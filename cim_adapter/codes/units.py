"""Multiplier and unit, together: ``kWh`` is multiplier 3 and unit 72, and back."""

from __future__ import annotations

from typing import Final

from cim_adapter.codes.lists import CodeLists
from cim_adapter.codes.table import CodeRow, UnknownName

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_unit(text: str, lists: CodeLists, *, vendor: bool = False) -> tuple[int, int]:
    """Multiplier and unit numbers of a unit's name or alias, with or without a prefix.

    A text that is a unit by itself is read so: ``min`` is the minute, ``Pa`` the pascal, ``m`` the metre.
    Raises UnknownName.
    """
    units, multipliers = lists.table("reading_type_unit"), lists.table("reading_type_multiplier")
    if units.find(text) is None:
        for row in multipliers:
            for prefix in filter(None, (row.symbol, row.name if row.number else "", *row.aliases)):
                unit = units.find(text.removeprefix(prefix)) if text.startswith(prefix) else None
                if unit is not None and unit.number and (vendor or not unit.vendor):
                    return row.number, unit.number
    try:
        return 0, units.number(text, vendor=vendor)
    except UnknownName as error:
        raise UnknownName(f"{error} (a prefix may stand in front: kWh, MVAr)") from None


def join_unit(multiplier: CodeRow, unit: CodeRow) -> str:
    """``kWh``; ``10³ m³`` where a prefix would be taken to the power too; empty for no unit at all."""
    symbol = unit.symbol if unit.known else unit.words
    if multiplier.number == 0:
        return symbol
    word = symbol == unit.words and len(symbol) > 3
    plain = unit.known and not word and symbol.isascii() and symbol.replace("/", "").isalnum()
    if multiplier.known and (plain or symbol in ("Ω", "°C")):
        return f"{multiplier.symbol}{symbol}"
    return f"10{str(multiplier.number).translate(_SUPERSCRIPT)} {symbol}".rstrip()


def fitting_units(kind: str) -> tuple[str, ...]:
    """The names of the units that a measurement kind is measured in; empty where nothing is ruled out.

    From the dimensions of the quantities; only for kinds whose dimension leaves no doubt.
    """
    energy = ("Wh", "VAh", "VArh", "J", "Btu", "therm", "Q", "Qh", "Q45h", "Q60h")
    power = ("W", "VA", "VAr", "Q", "Q45", "Q60", "BtuPerh")
    metric = ("m3", "m3Uncompensated", "m3Compensated", "l", "lUncompensated", "lCompensated")
    volume = (*metric, "ft3", "ft3Compensated", "ft3Uncompensated", "USGal", "ImperialGal", "cubicYard")
    kinds = {
        "energy": energy,
        "power": power,
        "demand": (*power, *energy, "A", "m3Perh", "ft3Perh", "lPerh"),
        "voltage": ("V",),
        "dcVoltage": ("V",),
        "acVoltagePeak": ("V",),
        "acVoltagePeakToPeak": ("V",),
        "batteryVoltage": ("V",),
        "current": ("A",),
        "frequency": ("Hz",),
        "temperature": ("degC", "K", "degreesFahrenheit"),
        "volume": volume,
    }
    return kinds.get(kind, ())
