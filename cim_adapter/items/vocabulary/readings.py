"""What a reading measures: words ⇄ ReadingType (facts/metering.md §4; grades as there).

The fields of the 18 that no word tells stay 0, which is "not applicable"; the commodity is electricity.
Several words may say one quantity (``Wh`` with multiplier 3 is ``kWh``); it comes back as the largest unit
that has a name.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from cim_adapter.codes import CodeLists, ReadingType
from cim_adapter.codes.lists import ListName
from cim_adapter.items.vocabulary.impossible import Impossible


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured, in words. ``multiplier`` is a power of ten beyond that of ``unit``."""

    reading_type: str
    unit: str
    multiplier: int = 0
    phase: str | None = None
    energy_direction: str | None = None
    interval_length: str | None = None


class _Unit(NamedTuple):
    kind: int
    unit: int
    prefix: int
    directions: str


class _Accumulation(NamedTuple):
    macro_period: int
    aggregate: int
    accumulation: int


_ELECTRICITY: Final = 1  # commodity: electricitySecondaryMetered [C2]

# measurementKind, unit and prefix [C2]: 12 energy, 37 power, 54 voltage, 4 current, 15 frequency, 38 powerFactor.
_UNITS: Final = {
    "Wh": _Unit(12, 72, 0, "through"),
    "kWh": _Unit(12, 72, 3, "through"),
    "MWh": _Unit(12, 72, 6, "through"),
    "VArh": _Unit(12, 73, 0, "quadrants"),
    "kVArh": _Unit(12, 73, 3, "quadrants"),
    "VAh": _Unit(12, 71, 0, "through"),
    "kVAh": _Unit(12, 71, 3, "through"),
    "W": _Unit(37, 38, 0, "through"),
    "kW": _Unit(37, 38, 3, "through"),
    "MW": _Unit(37, 38, 6, "through"),
    "VAr": _Unit(37, 63, 0, "quadrants"),
    "kVAr": _Unit(37, 63, 3, "quadrants"),
    "VA": _Unit(37, 61, 0, "through"),
    "kVA": _Unit(37, 61, 3, "through"),
    "V": _Unit(54, 29, 0, "none"),
    "A": _Unit(4, 5, 0, "none"),
    "Hz": _Unit(15, 33, 0, "none"),
    "PF": _Unit(38, 65, 0, "none"),
}

# flowDirection [C2]. Active and apparent quantities flow through the meter, reactive ones are of quadrants.
_DIRECTIONS: Final = {
    "through": {"forward": 1, "reverse": 19, "net": 4, "total": 20},
    "quadrants": {"Q1+Q2": 5, "Q1+Q3": 7, "Q1+Q4": 8, "Q2+Q3": 10, "Q2+Q4": 11, "Q3+Q4": 13},
    "none": {},
}

# phases [C2]. That N1 and N2, "neutral to ground", are the two legs of a split phase to their grounded
# neutral (s1N, s2N) is inferred [I]: 17 NtoGnd is one code, and cannot tell two of them.
_PHASES: Final = {
    "A": 128,
    "B": 64,
    "C": 32,
    "N": 16,
    "AN": 129,
    "BN": 65,
    "CN": 33,
    "AB": 132,
    "BC": 66,
    "CA": 40,
    "ABC": 224,
    "N1": 513,
    "N2": 257,
}

# macroPeriod, aggregate, accumulation. Delta and bulk quantity of energy [C2]; the others [I]: an interval of
# anything but energy is its average, indicated; a register of it an instantaneous value; what is billed of
# power is its maximum, of all else the average.
_ENERGY: Final = {
    "intervalData": _Accumulation(0, 0, 4),
    "registerReads": _Accumulation(0, 0, 1),
    "billingData": _Accumulation(8, 0, 1),
}
_POWER: Final = {
    "intervalData": _Accumulation(0, 2, 6),
    "registerReads": _Accumulation(0, 0, 12),
    "billingData": _Accumulation(8, 8, 6),
}
_OTHERS: Final = {**_POWER, "billingData": _Accumulation(8, 2, 6)}
_ENERGY_KIND, _POWER_KIND = 12, 37

# measuringPeriod [C2]: those that are plain intervals. Absent: the sender does not say how long.
_LENGTHS: Final = {
    "PT1M": 3,
    "PT2M": 10,
    "PT3M": 14,
    "PT5M": 6,
    "PT10M": 1,
    "PT12M": 78,
    "PT15M": 2,
    "PT20M": 31,
    "PT30M": 5,
    "PT1H": 7,
    "PT2H": 79,
    "PT3H": 83,
    "PT4H": 80,
    "PT6H": 81,
    "PT12H": 82,
    "P1D": 4,
}


class ReadingWords:
    """Looks words up in codes and codes in words."""

    TYPES: Final = tuple(_ENERGY)
    UNITS: Final = tuple(_UNITS)
    DIRECTIONS: Final = tuple(word for words in _DIRECTIONS.values() for word in words)
    PHASES: Final = tuple(_PHASES)
    LENGTHS: Final = tuple(_LENGTHS)

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._powers = frozenset(row.number for row in lists.table("reading_type_multiplier"))
        self._lengths = {number: word for word, number in _LENGTHS.items()}
        self._phases = {number: word for word, number in _PHASES.items()}
        self._directions = {number: word for words in _DIRECTIONS.values() for word, number in words.items()}

    def code(self, words: Quantity) -> ReadingType:
        """The reading type that ``words`` say. Raises Impossible for the first of them that does not fit."""
        unit = _UNITS.get(words.unit)
        if unit is None:
            raise Impossible("unit", words.unit, _UNITS)
        accumulations = _accumulations(unit.kind)
        if words.reading_type not in accumulations:
            raise Impossible("readingType", words.reading_type, accumulations)
        if unit.prefix + words.multiplier not in self._powers:
            possible = sorted(power - unit.prefix for power in self._powers)
            raise Impossible("multiplier", words.multiplier, possible, f"with unit {words.unit}")
        directions = _DIRECTIONS[unit.directions]
        if words.energy_direction is not None and words.energy_direction not in directions:
            raise Impossible("energyDirection", words.energy_direction, directions, f"with unit {words.unit}")
        if words.phase is not None and words.phase not in _PHASES:
            raise Impossible("phase", words.phase, _PHASES)
        if words.interval_length is not None:
            possible_lengths = _LENGTHS if words.reading_type == "intervalData" else {}
            if words.interval_length not in possible_lengths:
                why = f"with readingType {words.reading_type}"
                raise Impossible("intervalLength", words.interval_length, possible_lengths, why)
        accumulation = accumulations[words.reading_type]
        return ReadingType(
            macro_period=accumulation.macro_period,
            aggregate=accumulation.aggregate,
            measuring_period=_LENGTHS[words.interval_length] if words.interval_length else 0,
            accumulation=accumulation.accumulation,
            flow_direction=directions[words.energy_direction] if words.energy_direction else 0,
            commodity=_ELECTRICITY,
            measurement_kind=unit.kind,
            phases=_PHASES[words.phase] if words.phase else 0,
            multiplier=unit.prefix + words.multiplier,
            unit=unit.unit,
            lists=self._lists,
        )

    def words(self, code: ReadingType) -> Quantity:
        """What ``code`` says; the names of the standard where no word of ours does."""
        unit, multiplier = self._unit(code)
        return Quantity(
            reading_type=_reading_type(code),
            unit=unit,
            multiplier=multiplier,
            phase=self._phases.get(code.phases) or self._name("reading_type_phases", code.phases),
            energy_direction=self._directions.get(code.flow_direction)
            or self._name("reading_type_flow_direction", code.flow_direction),
            interval_length=self._lengths.get(code.measuring_period),
        )

    def _unit(self, code: ReadingType) -> tuple[str, int]:
        """The unit with the largest prefix that the power of ten has, and what is left of it."""
        same = [(unit.prefix, word) for word, unit in _UNITS.items() if unit.unit == code.unit]
        if not same:
            return code.unit_symbol, 0
        prefix, word = max((item for item in same if item[0] <= code.multiplier), default=min(same))
        return word, code.multiplier - prefix

    def _name(self, table: ListName, number: int) -> str | None:
        row = self._lists.table(table)[number]
        return (row.name or str(number)) if number else None


def _accumulations(kind: int) -> dict[str, _Accumulation]:
    return _ENERGY if kind == _ENERGY_KIND else _POWER if kind == _POWER_KIND else _OTHERS


def _reading_type(code: ReadingType) -> str:
    """The word for any code: what is of a billing period is billed, what has a period is an interval."""
    if code.macro_period == _ENERGY["billingData"].macro_period:
        return "billingData"
    averaged = (code.aggregate, code.accumulation) == _OTHERS["intervalData"][1:]
    delta = code.accumulation == _ENERGY["intervalData"].accumulation
    return "intervalData" if code.measuring_period or averaged or delta else "registerReads"
