"""What is exported, whatever it is and however it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from lxml import etree

from cim_adapter.envelope import Error, Header, Message, Request
from cim_adapter.store.objects import Identity
from cim_adapter.store.transaction import Reader


class Batch(Protocol):
    """Some of it: as much as is held at a time."""

    @property
    def size(self) -> int:
        """How many rows."""

    def rows(self) -> Sequence[msgspec.Struct]:
        """One for each line of a table."""

    def document(self) -> etree._Element:
        """A document of these alone."""


class Source(Protocol):
    """What was asked for. ``noun`` is what the audit trail calls it, ``unit`` what its rows are."""

    @property
    def noun(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def row(self) -> type[msgspec.Struct]: ...

    def named(self, reader: Reader) -> list[tuple[str, Identity]]:
        """What the audit trail is to name: the objects asked for, each with its kind."""

    def total(self, reader: Reader) -> int:
        """How many rows there are, at most; 0 where nobody knows."""

    def empty(self) -> etree._Element:
        """A document with nothing in it."""

    def batches(self, reader: Reader, errors: list[Error]) -> Iterator[Batch]:
        """All of it, in an order that stays the same. Errors tell of what was asked for and is not there."""


def get(noun: str, profile: etree._Element) -> Message:
    """The message that asks for what a query profile says."""
    return Message(header=Header(verb="get", noun=noun), request=Request(filters=(profile,)))
