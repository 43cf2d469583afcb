"""ReadingType: what a value is, in 18 numbers (IEC 61968-9, facts/metering.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar, Final, Self

from cim_adapter.codes.identifier import Field, Identifier
from cim_adapter.codes.lists import CodeLists
from cim_adapter.codes.ratio import Ratio
from cim_adapter.codes.reading_words import sentence
from cim_adapter.codes.table import UNKNOWN, CodeRow
from cim_adapter.codes.units import join_unit, split_unit

#: Measuring periods whose length in seconds stands in the argument's numerator.
_SPECIFIED: Final = frozenset({100, 101, 102})


@dataclass(frozen=True, slots=True)
class ReadingType(Identifier):
    """The 18 numbers, in the order of the identifier; 0 is "not applicable" everywhere.

    ``multiplier`` is a power of ten and may be negative. ``currency`` is the ISO 4217 number. ``argument``
    is an index, a count, an angle, a threshold or seconds, as the kind and the measuring period have it.
    """

    macro_period: int = 0
    aggregate: int = 0
    measuring_period: int = 0
    accumulation: int = 0
    flow_direction: int = 0
    commodity: int = 0
    measurement_kind: int = 0
    interharmonic_numerator: int = 0
    interharmonic_denominator: int = 0
    argument_numerator: int = 0
    argument_denominator: int = 0
    tou: int = 0
    cpp: int = 0
    consumption_tier: int = 0
    phases: int = 0
    multiplier: int = 0
    unit: int = 0
    currency: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("macro_period", "macroPeriod", "reading_type_macro_period"),
        Field("aggregate", "aggregate", "reading_type_aggregate"),
        Field("measuring_period", "measuringPeriod", "reading_type_measuring_period"),
        Field("accumulation", "accumulation", "reading_type_accumulation"),
        Field("flow_direction", "flowDirection", "reading_type_flow_direction"),
        Field("commodity", "commodity", "reading_type_commodity"),
        Field("measurement_kind", "measurementKind", "reading_type_measurement_kind"),
        Field("interharmonic_numerator", "interharmonicNumerator", named=False),
        Field("interharmonic_denominator", "interharmonicDenominator", named=False),
        Field("argument_numerator", "argumentNumerator", named=False),
        Field("argument_denominator", "argumentDenominator", named=False),
        Field("tou", "tou", "reading_type_tou"),
        Field("cpp", "cpp", "reading_type_cpp"),
        Field("consumption_tier", "consumptionTier", "reading_type_consumption_tier"),
        Field("phases", "phases", "reading_type_phases"),
        Field("multiplier", "multiplier", "reading_type_multiplier", signed=True),
        Field("unit", "unit", "reading_type_unit"),
        Field("currency", "currency", "reading_type_currency"),
    )

    @classmethod
    def build(
        cls,
        lists: CodeLists,
        *,
        macro_period: int | str = 0,
        aggregate: int | str = 0,
        measuring_period: int | str = 0,
        accumulation: int | str = 0,
        flow_direction: int | str = 0,
        commodity: int | str = 0,
        measurement_kind: int | str = 0,
        interharmonic: str | tuple[int, int] = (0, 0),
        argument: str | tuple[int, int] = (0, 0),
        tou: int | str = 0,
        cpp: int | str = 0,
        consumption_tier: int | str = 0,
        phases: int | str = 0,
        multiplier: int | str | None = None,
        unit: int | str = 0,
        currency: int | str = 0,
        vendor: bool = False,
    ) -> Self:
        """A reading type of names, aliases or numbers.

        ``unit`` may carry its prefix (``kWh``) as long as ``multiplier`` is not given as well.
        ``measuring_period`` takes names and ISO 8601 durations (``PT15M``); ``interharmonic`` and
        ``argument`` take a pair or a name (``harmonic3``, ``n15``). ``vendor=True`` admits names of
        vendor extensions. Raises UnknownName, and MalformedCode for a number out of bounds.
        """
        if multiplier is None:
            multiplier, unit = split_unit(unit, lists, vendor=vendor) if isinstance(unit, str) else (0, unit)
        harmonic, argued = Ratio.of_harmonic(interharmonic), Ratio.of_argument(argument)
        names: dict[str, int | str] = {
            "macroPeriod": macro_period,
            "aggregate": aggregate,
            "measuringPeriod": measuring_period,
            "accumulation": accumulation,
            "flowDirection": flow_direction,
            "commodity": commodity,
            "measurementKind": measurement_kind,
            "interharmonicNumerator": harmonic.numerator,
            "interharmonicDenominator": harmonic.denominator,
            "argumentNumerator": argued.numerator,
            "argumentDenominator": argued.denominator,
            "tou": tou,
            "cpp": cpp,
            "consumptionTier": consumption_tier,
            "phases": phases,
            "multiplier": multiplier,
            "unit": unit,
            "currency": currency,
        }
        return cls.from_names(lists, names, vendor=vendor)

    @property
    def interharmonic(self) -> Ratio:
        """The multiple of the fundamental frequency."""
        return Ratio(self.interharmonic_numerator, self.interharmonic_denominator)

    @property
    def argument(self) -> Ratio:
        """The argument, as the pair it is."""
        return Ratio(self.argument_numerator, self.argument_denominator)

    @property
    def interval(self) -> timedelta | None:
        """The length of the measuring period; None where the code gives no fixed length."""
        seconds = self.lists.table("reading_type_measuring_period")[self.measuring_period].seconds
        if self.measuring_period in _SPECIFIED:
            seconds = self.argument_numerator
        return timedelta(seconds=seconds) if seconds else None

    @property
    def factor(self) -> Decimal:
        """What a value is multiplied by to stand in the plain unit: 1000 for kWh."""
        return Decimal((0, (1,), self.multiplier))

    @property
    def unit_symbol(self) -> str:
        """Multiplier and unit as written behind a value: ``kWh``, ``10³ m³``; empty for none."""
        lists = self.lists
        return join_unit(
            lists.table("reading_type_multiplier")[self.multiplier], lists.table("reading_type_unit")[self.unit]
        )

    def describe(self) -> str:
        """One line: ``forward active energy, 15-minute delta, kWh``."""
        rows = {place.label: row for place, row in zip(self.FIELDS, self.rows, strict=True)}
        return sentence(rows, harmonic=self.interharmonic, argument=self.argument, unit=self.unit_symbol)

    def _row(self, place: Field) -> CodeRow:
        row = Identifier._row(self, place)
        if place.label.startswith("interharmonic"):
            ratio = self.interharmonic
            return _half(row.number, ratio, ratio.harmonic_name, ratio.harmonic_words)
        if place.label.startswith("argument"):
            return _half(row.number, self.argument, self.argument.argument_name, f"argument {self.argument}")
        if place.label == "phases" and not row.known:
            return self._phases_by_bits(row)
        return row

    def _phases_by_bits(self, row: CodeRow) -> CodeRow:
        """A set of phases outside the list still says, by its bits, which conductors it is about."""
        bits = self.lists.table("reading_type_phase_bits")
        found = [bit for bit in bits if row.number & bit.number]
        if sum(bit.number for bit in found) != row.number:
            return row
        words = ", ".join(bit.words for bit in sorted(found, key=lambda bit: (bit.number < 16, -bit.number)))
        return CodeRow(row.number, "", words, f"Not in the list; by its bits: {words}", UNKNOWN)


def _half(number: int, ratio: Ratio, name: str, words: str) -> CodeRow:
    """The row of a numerator or a denominator: it speaks for the pair."""
    if not ratio:
        return CodeRow(number, name, "none", "Not applicable", "confirmed")
    if not ratio.known:
        return CodeRow(number, "", words, "A number over zero", UNKNOWN)
    return CodeRow(number, name, words, words[:1].upper() + words[1:], "confirmed")
