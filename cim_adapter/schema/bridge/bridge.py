"""The bridge: XML and JSON of the same message, translated by what its XSD says."""

from __future__ import annotations

from typing import Any

from lxml import etree

from cim_adapter.schema.bridge.builder import XmlBuilder
from cim_adapter.schema.bridge.json_schema import SchemaWriter
from cim_adapter.schema.bridge.json_text import JsonText
from cim_adapter.schema.bridge.plan import GENERIC, Type
from cim_adapter.schema.bridge.plans import Plans
from cim_adapter.schema.bridge.writer import JsonWriter
from cim_adapter.schema.budget import Budget
from cim_adapter.schema.catalogue import Catalogue


class Bridge:
    """Translates every element that ``catalogue`` knows, and the others in a general form.

    Nothing is compiled until it is needed. Safe to share between threads.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._plans = Plans(catalogue)
        self._text = JsonText()

    def to_json(self, element: etree._Element, tag: str = "") -> Any:
        """What ``element`` says, as dicts, lists, str, bool, int and Decimal; its own name is not in it.

        ``tag`` is the element whose XSD describes it, where it goes by another name. The tree must be one of
        our parser, without comments. It need not be valid.
        """
        return JsonWriter(self._plans).write(element, self._type(tag or element.tag))

    def from_json(self, value: Any, tag: str) -> etree._Element:
        """The element ``tag`` that says what ``value`` says. It need not be valid: check it.

        Raises Invalid with a finding for each place that cannot be translated, OverBudget for more than 256
        levels.
        """
        return XmlBuilder(self._plans).build(tag, value, self._type(tag))

    def write(self, element: etree._Element, tag: str = "") -> bytes:
        """The JSON text of ``to_json``, in UTF-8."""
        return self._text.write(self.to_json(element, tag))

    def read(self, data: bytes, tag: str, budget: Budget) -> etree._Element:
        """The element ``tag`` that the JSON text ``data`` says. Raises as ``from_json`` does, and what
        ``JsonText.read`` raises.
        """
        return self.from_json(self._text.read(data, budget), tag)

    def knows(self, tag: str) -> bool:
        """Whether an XSD describes the element ``tag``."""
        return self._plans.root(tag) is not None

    def schema_of(self, tag: str) -> dict[str, Any] | None:
        """The JSON Schema (2020-12) of the element ``tag``; None where no XSD has it."""
        root = self._plans.root(tag)
        return None if root is None else SchemaWriter().write(root)

    def _type(self, tag: str) -> Type:
        root = self._plans.root(tag)
        return GENERIC if root is None else root.type
