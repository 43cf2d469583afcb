"""What an XSD cannot see: identifiers, references, series in time, headers that contradict their messages."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.validate.semantics.agreement import Agreement
from cim_adapter.validate.semantics.references import References
from cim_adapter.validate.semantics.sense import Sense
from cim_adapter.validate.semantics.series import Series

__all__ = ["Meaning", "Sense"]


class Meaning:
    """Judges one document after the other, and remembers what must not come twice."""

    def __init__(self) -> None:
        lists = CodeLists()
        self._references = References(lists)
        self._series = Series(lists)
        self._agreement = Agreement()

    def of(self, root: etree._Element, name: str) -> Iterator[Sense]:
        """What is wrong with the meaning of the document ``name``."""
        yield from self._references.of(root)
        yield from self._series.of(root)
        yield from self._agreement.of(root, name)
