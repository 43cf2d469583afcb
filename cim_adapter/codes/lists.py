"""The code lists of IEC 61968-9, read from the CSV files beside this module."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Final, Literal, get_args

from cim_adapter.codes.catalogue import Catalogue, CatalogueRow
from cim_adapter.codes.reply_codes import ReplyCodes
from cim_adapter.codes.table import CodeRow, CodeTable

#: The lists that are one table each; the name is that of the file.
ListName = Literal[
    "end_device_domain",
    "end_device_event_or_action",
    "end_device_sub_domain",
    "end_device_type",
    "reading_quality_category",
    "reading_quality_system_id",
    "reading_type_accumulation",
    "reading_type_aggregate",
    "reading_type_commodity",
    "reading_type_consumption_tier",
    "reading_type_cpp",
    "reading_type_currency",
    "reading_type_flow_direction",
    "reading_type_macro_period",
    "reading_type_measurement_kind",
    "reading_type_measuring_period",
    "reading_type_multiplier",
    "reading_type_phase_bits",
    "reading_type_phases",
    "reading_type_tou",
    "reading_type_unit",
    "reply_code_groups",
]

#: Lists that go on by counting, and what they count.
_COUNTED: Final = {
    "reading_type_tou": "time-of-use bucket",
    "reading_type_cpp": "critical-peak bucket",
    "reading_type_consumption_tier": "consumption tier",
}


class CodeLists:
    """Every list; each file is read when it is first asked for, once per instance.

    Build one and hand it on. It may be used from several threads: at worst a file is read twice.
    """

    NAMES: Final[tuple[ListName, ...]] = get_args(ListName)

    def __init__(self) -> None:
        self._tables: dict[str, CodeTable] = {}
        self._quality_sub_category: dict[int, CodeTable] = {}
        self._catalogues: dict[str, Catalogue] = {}
        self._reply_codes: ReplyCodes | None = None

    def table(self, name: ListName) -> CodeTable:
        """The list of that name."""
        table = self._tables.get(name)
        if table is None:
            table = CodeTable(_label(name), map(CodeRow.read, _rows(name)), counted=_COUNTED.get(name, ""))
            self._tables[name] = table
        return table

    def quality_sub_category(self, category: int) -> CodeTable:
        """The sub-categories of one category of reading quality; an empty list for an unknown one."""
        if not self._quality_sub_category:
            rows: dict[int, list[CodeRow]] = {}
            for row in _rows("reading_quality_sub_category"):
                rows.setdefault(int(row["category"]), []).append(CodeRow.read(row))
            self._quality_sub_category = {
                number: CodeTable("subCategory", found) for number, found in rows.items()
            }
        return self._quality_sub_category.get(category) or CodeTable("subCategory", ())

    @property
    def events(self) -> Catalogue:
        """The whole codes in use for end device events."""
        return self._catalogue("end_device_event_catalogue")

    @property
    def controls(self) -> Catalogue:
        """The whole codes in use for end device controls."""
        return self._catalogue("end_device_control_catalogue")

    @property
    def reply_codes(self) -> ReplyCodes:
        """The codes of ``Reply/Error/code``."""
        if self._reply_codes is None:
            self._reply_codes = ReplyCodes()
        return self._reply_codes

    def _catalogue(self, name: str) -> Catalogue:
        catalogue = self._catalogues.get(name)
        if catalogue is None:
            catalogue = Catalogue(CatalogueRow(**row) for row in _rows(name))
            self._catalogues[name] = catalogue
        return catalogue


def _rows(name: str) -> list[dict[str, str]]:
    text = files("cim_adapter.codes").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _label(name: str) -> str:
    """``reading_type_flow_direction`` is the list of the field flowDirection."""
    if name == "reply_code_groups":
        return "group"
    for prefix in ("reading_type_", "reading_quality_", "end_device_"):
        if name.startswith(prefix):
            first, *rest = name.removeprefix(prefix).split("_")
            return first + "".join(word.capitalize() for word in rest)
    return name
