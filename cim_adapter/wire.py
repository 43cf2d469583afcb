"""Between a transport and the pipeline: what arrives, how to undress it, how to dress the answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol

import msgspec
from lxml import etree

from cim_adapter.access import Allowance, Credentials
from cim_adapter.errors import AdapterError
from cim_adapter.nouns.registry import Content
from cim_adapter.schema import Budget, parse


class Undelivered(Exception):
    """An answer that is written while it is made did not reach its caller, who is gone or too slow: the text says
    which. A door throws it into the stream.
    """


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back: bytes, and an HTTP status for transports that have one. ``allowance``: what is left of
    the caller's quota, where it has one. ``stream`` stands for ``body`` where the answer is written while it is
    made, as it may be for an ``Arrival`` that says so; where it raises, what was written must not pass for whole.
    """

    body: bytes
    status: int = 200
    allowance: Allowance | None = None
    stream: AsyncGenerator[bytes, None] | None = None


class Wire(Protocol):
    """How one transport undresses a request and dresses its answer: the only thing it must know."""

    @property
    def name(self) -> str: ...

    def open(self, document: etree._Element) -> etree._Element:
        """The root of the message inside ``document``. Raises Fault."""

    def close(self, message: etree._Element, text: bytes) -> Answer:
        """The answer that carries ``message``. ``text``: how that is written, in UTF-8 and without declaration."""

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        """The answer that carries a FaultMessage."""


class StreamBroken(Exception):
    """The rest of a stream will not come: whoever sent it went away."""


class Interrupted(Exception):
    """The database is away, or a disk is full: what can be read again goes on where it was when it comes again."""


class Stream(Protocol):
    """A body that is too large to be held. ``source`` is what it is called where it can be read again after a
    crash, and ``digest`` then the SHA-256 of all of it.
    """

    @property
    def source(self) -> str | None: ...

    @property
    def digest(self) -> bytes | None: ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Its bytes from the beginning, some hundred kilobytes at a time. May raise StreamBroken, OSError and
        AdapterError.
        """


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a transport received it."""

    body: bytes
    credentials: Credentials
    remote: str | None
    wire: Wire
    further: bool = False
    """Another message of a request whose first one was counted: it is none of the caller's quota."""
    unrepeatable: bool = False
    """The transport sees to it that a message played again does nothing: it need not prove that it is fresh."""
    streams: bool = False
    """The transport can write an answer while it is made, and the wire closes messages as XML."""
    read: Callable[[bytes, Budget], etree._Element] = parse
    """Makes a document of the body, within the budget. Raises Fault."""
    content: Content | None = None
    """Of a door that speaks the noun's own objects: the document has no payload then."""
