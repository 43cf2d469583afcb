"""ReadingQualityType: what is known about the quality of a reading, in three numbers.

``system.category.subCategory`` (IEC 61968-9, facts/metering.md §6). The sub-categories of failed
validation and estimation are numbers of rules beyond the generic 0, so partners have their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from cim_adapter.codes.identifier import Field, Identifier
from cim_adapter.codes.lists import CodeLists
from cim_adapter.codes.table import CodeTable


@dataclass(frozen=True, slots=True)
class ReadingQualityType(Identifier):
    """Who assigned the quality, of which category it is, and which one of that category."""

    system_id: int = 0
    category: int = 0
    sub_category: int = 0

    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("system_id", "systemId", "reading_quality_system_id"),
        Field("category", "category", "reading_quality_category"),
        Field("sub_category", "subCategory"),
    )

    @classmethod
    def build(
        cls,
        lists: CodeLists,
        *,
        system_id: int | str = 0,
        category: int | str = 0,
        sub_category: int | str = 0,
        vendor: bool = False,
    ) -> Self:
        """A quality of names or numbers. ``vendor=True`` admits names of vendor extensions. Raises UnknownName."""
        names = {"systemId": system_id, "category": category, "subCategory": sub_category}
        return cls.from_names(lists, names, vendor=vendor)

    def describe(self) -> str:
        """One line: ``daylight saving time in effect (data collection), said by the end device``."""
        system, category, sub_category = self.rows
        said = f", said by {system.words}" if self.system_id else ""
        of = "" if category.words in sub_category.words else f" ({category.words})"
        return f"{sub_category.words}{of}{said}"

    @classmethod
    def _table(cls, lists: CodeLists, place: Field, before: Iterable[int]) -> CodeTable | None:
        if place.attribute == "sub_category":
            _, category, *_ = before
            return lists.quality_sub_category(category)
        return Identifier._table(lists, place, before)
