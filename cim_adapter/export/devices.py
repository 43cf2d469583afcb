"""Events and controls, as gets of their nouns find them, and what became of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import Error
from cim_adapter.export.source import get
from cim_adapter.items.addresses import addresses
from cim_adapter.items.control import ControlXml
from cim_adapter.items.device_query import DeviceQuery
from cim_adapter.items.event import EventXml
from cim_adapter.items.item_xml import ItemXml
from cim_adapter.items.query import Parameters
from cim_adapter.nouns.controls import query as controls
from cim_adapter.nouns.device_filter import DeviceFilter, read_filter
from cim_adapter.nouns.events import query as events
from cim_adapter.schema import reparse
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader
from cim_adapter.xmltree import adopt, move_to_namespace, namespace

_AT_ONCE = 1_000

_Told = tuple[bytes, Sequence[Error]]
"""An element as it is stored, and what its reply would say became of it."""


@dataclass(frozen=True, slots=True)
class _Items:
    """Some elements, and the items that they are."""

    items: Sequence[Any]
    elements: Sequence[etree._Element]
    empty: etree._Element

    @property
    def size(self) -> int:
        return len(self.items)

    def rows(self) -> Sequence[Any]:
        return self.items

    def document(self) -> etree._Element:
        root, own = self.empty, namespace(self.empty)
        for element in self.elements:
            if namespace(element) != own:  # a document has one revision: ours
                move_to_namespace(element, own)
            adopt(root, element)
        return root


class _Devices(ABC):
    """Items in the order of time."""

    def __init__(self, given: Parameters, items: ItemXml) -> None:
        """Raises UnusableParameter."""
        self.noun, self.unit, self.row = items.noun, items.member, items.item
        self._items = items
        self._wanted = DeviceQuery.read(given, items)

    @abstractmethod
    def _found(self, reader: Reader, wanted: DeviceFilter, errors: list[Error]) -> Iterator[_Told]:
        """What a get finds."""

    def named(self, reader: Reader) -> list[tuple[str, Identity]]:
        return addresses(reader, self._wanted.named).all(self._wanted.named)

    def total(self, reader: Reader) -> int:
        return 0

    def empty(self) -> etree._Element:
        return self._items.xml.root(self.noun)

    def batches(self, reader: Reader, errors: list[Error]) -> Iterator[_Items]:
        profile = self._wanted.as_profile(self.noun, addresses(reader, self._wanted.named))
        wanted = read_filter(get(self.noun, profile), self._items.element)
        found = self._found(reader, wanted, errors)
        while some := list(islice(found, _AT_ONCE)):
            if kept := list(self._fitting(some)):
                yield _Items([item for item, _ in kept], [element for _, element in kept], self.empty())

    def _fitting(self, found: Iterable[_Told]) -> Iterator[tuple[msgspec.Struct, etree._Element]]:
        for content, told in found:
            element = reparse(content)
            item = self._items.read(element)
            self._items.tell(item, told)
            if self._wanted.fits(item):
                yield item, element


class Events(_Devices):
    """EndDeviceEvents, by createdDateTime."""

    def __init__(self, given: Parameters, lists: CodeLists) -> None:
        super().__init__(given, EventXml(lists))

    def _found(self, reader: Reader, wanted: DeviceFilter, errors: list[Error]) -> Iterator[_Told]:
        for found, event in events.fitting(reader, wanted, errors):
            yield found.content, () if found.mark is None else (events.marked(found, event),)


class Controls(_Devices):
    """EndDeviceControls, by the start of their time."""

    def __init__(self, given: Parameters, lists: CodeLists) -> None:
        super().__init__(given, ControlXml(lists))

    def _found(self, reader: Reader, wanted: DeviceFilter, errors: list[Error]) -> Iterator[_Told]:
        found = controls.fitting(reader, "", wanted, errors)
        while some := list(islice(found, _AT_ONCE)):
            states = controls.States.of(reader, (target for _, targets in some for target in targets))
            for match, targets in some:
                yield match.found.content, list(states.tell(match, targets))
