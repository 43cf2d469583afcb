"""Answers in several parts (facts/envelope.md §5.1, "Multi-part reply"), for any handler of a get.

A part is PARTIAL with 0.1 where more follows and with 0.2 where it is the last. ``Reply/ID`` with the
idType ``continuation`` says where to go on: the caller repeats the request with that value in its Option
``continuation``, under a MessageID of its own and the same CorrelationID. An Option ``partSize`` asks for
smaller parts than the configured ones.

The value is the handler's own place, sealed and bound to the partner and to the request: no one else can
use it, nor for another question, and nothing can be read from it. Nothing of it is kept here, so a caller
may stop anywhere, go on after a restart, at another process, or ask for a part again.

A handler prepares with ``asked_for``, takes what the part holds with ``cut``, and answers with ``as_part``, or
with ``streams.answer``, which can tell all parts as one (Option ``stream``). What is wrong with the request itself
is told in the first part.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from cim_adapter.envelope import ID, Error, Payload, Reply, Request, Result
from cim_adapter.errors import Refused
from cim_adapter.nouns.registry import Call
from cim_adapter.store.sealing import SealError
from cim_adapter.xmltree import canonical

_NAME = "continuation"
_SIZE = "partSize"
_STREAM = "stream"
_PIECE = 1_000  # objects or readings that a stream tells at once, for few are to be held

F = TypeVar("F")
P = TypeVar("P")
T = TypeVar("T")


class Asked(msgspec.Struct, Generic[F, P], frozen=True):
    """What a get asks for, and which part of the answer: the one at ``place`` (None: the first), of ``size``
    objects or readings at most. ``streamed``: all of it is to be told in one reply, piece by piece, of which each
    has this size. ``found`` is what ``once`` found out for all of these.
    """

    filter: F
    place: P | None
    size: int
    streamed: bool = False
    found: dict[str, Any] = {}

    @property
    def is_first(self) -> bool:
        return self.place is None

    def once(self, what: str, find: Callable[[], T]) -> T:
        """What the request means by something, found out once for an answer: it may name thousands of objects."""
        if what not in self.found:
            self.found[what] = find()
        found: T = self.found[what]
        return found


def asked_for(call: Call, wanted: F, place: type[P], *, at_most: int) -> Asked[F, P]:
    """What ``call`` asks for. ``place`` is the type of what the handler gives to ``as_part``; ``at_most`` is
    how much a part holds.

    Raises Refused: 2.15 for what is no continuation of this request, 1.6 for an Option with a value that is none.
    """
    given = _option(call, _NAME)
    at = None if given is None else _opened(call, given, place)
    if _is_streamed(call):
        return Asked(wanted, at, min(at_most, _PIECE), streamed=True)
    return Asked(wanted, at, _part_size(call, at_most))


def cut(items: Iterable[T], size: int, weight: Callable[[T], int] = lambda _: 1) -> tuple[list[T], bool]:
    """The first of ``items``, as many as weigh ``size`` together, but one at least; and whether there are more.

    No more of them are taken than are told, and one.
    """
    taken: list[T] = []
    total = 0
    for item in items:
        total += weight(item)
        if taken and total > size:
            return taken, True
        taken.append(item)
    return taken, False


def _option(call: Call, wanted: str) -> str | None:
    options = call.message.request.options if call.message.request else ()
    return next((value or "" for name, value in options if name == wanted), None)


def _part_size(call: Call, at_most: int) -> int:
    given = _option(call, _SIZE)
    if given is None:
        return at_most
    if not (given.isascii() and given.isdigit() and int(given[:18]) > 0):
        raise Refused(
            f"Option {_SIZE} is {given[:20]!r}; it is how many objects or readings a part has, 1 or more",
            code="1.6",
        )
    return min(int(given[:18]), at_most)


def _is_streamed(call: Call) -> bool:
    """Whether a stream is wanted: by the request, else by what is agreed with the partner, else by the operator.
    Who speaks of parts gets parts.
    """
    given = _option(call, _STREAM)
    wanted = (call.settings.partners.answers_of(call.partner) or call.settings.large_answers) == "stream"
    if given is not None:
        if given.strip() not in ("true", "1", "false", "0"):
            raise Refused(f"Option {_STREAM} is {given[:20]!r}; it is true or false", code="1.6")
        wanted = given.strip() in ("true", "1")
    return wanted and call.streams and _option(call, _NAME) is None and _option(call, _SIZE) is None


def _opened(call: Call, given: str, place: type[P]) -> P:
    try:
        return msgspec.msgpack.decode(
            call.vault.open(base64.urlsafe_b64decode(given), _bound_to(call)), type=place
        )
    except (SealError, binascii.Error, ValueError, msgspec.DecodeError) as error:  # or of an earlier release
        raise Refused(
            "the Option continuation does not go on with this request. Repeat the request that was answered in "
            "part, with the value of Reply/ID of idType continuation; without this Option it starts anew",
            code="2.15",
        ) from error


def as_part(call: Call, asked: Asked[Any, P], reply: Reply, following: P | None) -> Reply:
    """``reply`` as the part that was asked for; itself where it is the whole answer. ``following`` is the place
    of the next part, None in the last.
    """
    if asked.is_first and following is None:
        return reply
    errors = reply.remarks
    if following is None:
        told = Error(code="0.2", reason="the last part of this answer")
        return Reply(result=Result.PARTIAL, errors=(told, *errors), ids=reply.ids, payload=reply.payload)
    place = msgspec.msgpack.encode(following)
    token = base64.urlsafe_b64encode(call.vault.seal(place, _bound_to(call))).decode()
    told = Error(
        code="0.1",
        reason="more follows: repeat this request with an Option named continuation, whose value is that of "
        "Reply/ID of idType continuation",
    )
    further = ID(value=token, id_type=_NAME, kind="other")
    return Reply(result=Result.PARTIAL, errors=(told, *errors), ids=(*reply.ids, further), payload=reply.payload)


def _bound_to(call: Call) -> str:
    """Who asks, and for what: the same for every part of one answer."""
    header, request = call.message.header, call.message.request or Request()
    options = [option for option in request.options if option[0] != _NAME]
    plain = [header.noun, request.start_time, request.end_time, options, request.ids]
    asked = hashlib.sha256(msgspec.json.encode(plain))
    payload = call.message.payload or Payload()
    for element in (*request.filters, *payload.elements):
        asked.update(canonical(element))
    return f"continuation/{call.partner}/{asked.hexdigest()}"
