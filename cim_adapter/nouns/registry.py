"""Handlers: plain functions, marked with the verb and noun they serve, and found by those."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any, TypeVar

import msgspec
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import Message, Reply
from cim_adapter.errors import Incomplete, UnknownNoun, UnknownVerb
from cim_adapter.schema import Catalogue
from cim_adapter.schema.cutting import Chunk, Head
from cim_adapter.settings import Settings
from cim_adapter.store.objects import Identity
from cim_adapter.store.sealing import Vault
from cim_adapter.store.transaction import Key
from cim_adapter.xmltree import local

EVERY_NOUN = "*"
"""Handlers of this noun serve every noun that has a profile and no handlers of its own. That of ``reply``
serves all: a late answer means the same, whatever it is about."""

F = TypeVar("F", bound=Callable[..., Reply])
_MARK = "__handles__"


class Content(msgspec.Struct):
    """Payloads as objects of their noun, for a door that makes and reads those itself: no element is made of
    them. ``sent`` is what stands for the payload of the request; a get leaves in ``told`` what it finds.
    """

    sent: Any = None
    told: Any = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way to a handler, or one operation of its OperationSet. ``uid`` is the message's
    row in the journal, ``partner`` who sent it.
    """

    uid: str
    partner: str
    message: Message
    vault: Vault
    settings: Settings
    codes: CodeLists
    catalogue: Catalogue
    wanted: set[tuple[str, Identity]] = msgspec.field(default_factory=set)
    """Objects that the handler will resolve: told while preparing, they are looked up in groups."""
    keys: set[Key] = msgspec.field(default_factory=set)
    """Keys that the handler will ask the transaction for: told while preparing, likewise."""
    first: int = 0
    """Where such numbers begin: not at 0 in a later chunk of a message that is taken in parts."""
    positions: Iterator[int] = msgspec.field(default_factory=count)
    """Numbers for what the message brings; the operations of a set draw from the same ones."""
    element_operation: bool = False
    """A delete that takes away the named attributes and associations alone (facts/envelope.md §5.4)."""
    streams: bool = False
    """The door can write an answer while it is made, to a caller who wants one."""
    content: Content | None = None
    """There where the door works with objects of the noun: a handler that can takes and leaves them there."""

    @property
    def payload(self) -> etree._Element:
        """The profile element of the message's noun. Raises Incomplete (1.7), UnknownNoun (2.5)."""
        return self.payloads[0]

    @property
    def payloads(self) -> tuple[etree._Element, ...]:
        """All of them: a profile whose root is one single thing may stand there several times."""
        noun = self.message.header.noun
        elements = self.message.payload.elements if self.message.payload else ()
        if not elements:
            raise Incomplete(f"Payload must hold a {noun} element for the verb {self.message.header.verb}")
        for element in elements:
            if local(element) != noun:
                raise UnknownNoun(f"Header/Noun is {noun}, but Payload holds {local(element)}")
        return elements


Quick = Callable[[Call, Head, Chunk], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """``prepare(call)`` runs outside the transaction and may take its time: decode, seal. ``run(call,
    prepared, transaction)`` runs inside; for ``get`` it is given a Reader and runs in a reader thread.
    ``element_operations``: it heeds ``Call.element_operation``; others are never called with it.

    ``unit``: the payload may be cut behind each child of this name, and the pieces be prepared and run one after
    the other. ``quick`` prepares a chunk from its bytes; None where ``prepare`` is to do it. It raises
    AdapterError for what breaks the budget alone, and is called from several threads.
    """

    verb: str
    noun: str
    prepare: Callable[[Call], Any]
    run: Callable[[Call, Any, Any], Reply]
    element_operations: bool = False
    unit: str | None = None
    quick: Quick | None = None


def handles(
    verb: str,
    noun: str,
    *,
    prepare: Callable[[Call], Any] = lambda call: call.message,
    element_operations: bool = False,
    unit: str | None = None,
    quick: Quick | None = None,
) -> Callable[[F], F]:
    """Mark ``function(call, prepared, transaction) -> Reply`` as the handler of ``verb`` and ``noun``.

    May stand several times above one function.
    """

    def mark(function: F) -> F:
        handler = Handler(
            verb=verb,
            noun=noun,
            prepare=prepare,
            run=function,
            element_operations=element_operations,
            unit=unit,
            quick=quick,
        )
        setattr(function, _MARK, (*getattr(function, _MARK, ()), handler))
        return function

    return mark


class Registry:
    """Handlers by noun and verb. Later modules win, so a user's handler takes the place of ours.

    ``profiles`` are the nouns that have an XSD.
    """

    def __init__(self, modules: Iterable[ModuleType], profiles: Iterable[str] = ()) -> None:
        self._nouns: dict[str, dict[str, Handler]] = {}
        for module in modules:
            for member in vars(module).values():
                for handler in getattr(member, _MARK, ()):
                    self._nouns.setdefault(handler.noun, {})[handler.verb] = handler
        for_all = self._nouns.pop(EVERY_NOUN, {})
        for noun in {*profiles, *self._nouns}:
            wanted = for_all if noun not in self._nouns else for_all.keys() & {"reply"}
            verbs = self._nouns.setdefault(noun, {})
            for verb in wanted:
                verbs.setdefault(verb, replace(for_all[verb], noun=noun))

    @property
    def nouns(self) -> Mapping[str, Mapping[str, Handler]]:
        return self._nouns

    @property
    def units(self) -> Mapping[str, str]:
        """At which children the payload of a noun may be cut, where one of its handlers can take it in parts."""
        found = ((noun, handler.unit) for noun, verbs in self._nouns.items() for handler in verbs.values())
        return {noun: unit for noun, unit in found if unit is not None}

    def find(self, verb: str, noun: str) -> Handler:
        """The handler. Raises UnknownNoun (2.5), or UnknownVerb (2.9) naming the verbs the noun has."""
        verbs = self._nouns.get(noun)
        if verbs is None:
            raise UnknownNoun(f"{noun!r} is no noun served here; these are: {', '.join(sorted(self._nouns))}")
        handler = verbs.get(verb)
        if handler is None:
            raise UnknownVerb(f"{noun} has no verb {verb!r}; it has: {', '.join(sorted(verbs))}")
        return handler


def built_in_modules() -> list[ModuleType]:
    """Every module of this package and those in it: a new noun is one new file or folder here."""
    package = import_module("cim_adapter.nouns")
    return [import_module(module.name) for module in pkgutil.walk_packages(package.__path__, "cim_adapter.nouns.")]
