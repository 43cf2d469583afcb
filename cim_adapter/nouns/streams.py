"""Answers a get with one reply of any size, for every noun that can answer in parts: the parts are asked for one
after the other, each in a snapshot of its own, and told as one.

What parts hold may have several places in a message, so they are gone through several times; then nothing of them
need be kept. The first pass tells what Reply says of each object, for that stands before the payload, and sees
what there is: which roots, and which elements in them. Every further pass tells elements of one name, for an XSD
may want all of these before those of another. So the whole is as if it had been made at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from lxml import etree
from msgspec import structs

from cim_adapter.envelope import Piece, Reply
from cim_adapter.nouns.continuation import Asked, as_part
from cim_adapter.nouns.passes import Progress, Survey
from cim_adapter.nouns.registry import Call
from cim_adapter.store.transaction import Reader

F = TypeVar("F")
P = TypeVar("P")

Part = Callable[[Reader, Asked[F, P]], tuple[Reply, P | None]]
"""The part of an answer that is asked for, and where the next one begins. Of its objects it says Errors or IDs,
not both: all Errors of a Reply stand before its IDs.
"""


def _nowhere(_: Any) -> None:
    return None


def _never(_: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Generic[F, P]):
    """Where an answer comes from, part by part.

    ``told`` answers in the passes that tell the payload (None: as ``part`` does). These begin at ``begin`` of
    where the second part began. ``apart``: whether a root is a document of its own. ``is_definition``: whether
    elements of this name are there to be referred to by others. ``is_plain`` is asked of what has several parts:
    whether Reply says nothing of each object, and the payload has one place for all. Then one pass does.
    """

    part: Part[F, P]
    told: Part[F, P] | None = None
    begin: Callable[[P], P | None] = _nowhere
    apart: Callable[[etree._Element], bool] = _never
    is_definition: Callable[[str], bool] = _never
    is_plain: Callable[[], bool] = lambda: False


def answer(call: Call, asked: Asked[F, P], reader: Reader, source: Source[F, P]) -> Reply:
    """The reply to a get: whole, or the part that was asked for, or the beginning of a stream."""
    asked = structs.replace(asked, found={})
    reply, following = source.part(reader, asked)
    if following is None or not asked.streamed:
        return as_part(call, asked, reply, following)
    return _Stream(call, asked, source, Survey(source.apart)).begun(reply, following)


@dataclass(frozen=True, slots=True)
class _Stream(Generic[F, P]):
    """One answer. However much it tells, it keeps no more of it than the survey."""

    call: Call
    asked: Asked[F, P]
    source: Source[F, P]
    survey: Survey

    def begun(self, first: Reply, following: P) -> Reply:
        """The reply whose first part this is."""
        self.survey.note(first)
        if self.source.is_plain():
            return structs.replace(first, payload=(), piece=self._told(first, following, self._passes()))
        further = partial(self._look, following, self.source.begin(following))
        return structs.replace(first, errors=first.remarks, payload=(), piece=Piece(following=further))

    def _look(self, place: P, begin: P | None, reader: Reader) -> Piece:
        """The first pass, from this place on."""
        reply, following = self.source.part(reader, self._at(place))
        self.survey.note(reply)
        further: Callable[[Reader], Piece] = (
            partial(self._tell, begin, begin, self._passes())
            if following is None
            else partial(self._look, following, begin)
        )
        if not reply.payload:  # all of it is gone meanwhile, which is no error of the answer
            return Piece(following=further)
        return Piece(errors=reply.remarks, ids=reply.ids, following=further)

    def _tell(self, place: P | None, begin: P | None, passes: tuple[Progress, ...], reader: Reader) -> Piece:
        """The first of these passes, from this place on."""
        part = self.source.told or self.source.part
        reply, following = part(reader, self._at(place))
        return self._told(reply, following, passes, begin)

    def _told(
        self, reply: Reply, following: P | None, passes: tuple[Progress, ...], begin: P | None = None
    ) -> Piece:
        """What this pass has to tell of a part."""
        this, *later = passes
        elements, count = this.of(reply)
        further: Callable[[Reader], Piece] | None = None
        if following is not None:
            further = partial(self._tell, following, begin, passes)
        else:
            this.end()
            if later:
                further = partial(self._tell, begin, begin, tuple(later))
        return Piece(
            elements=elements,
            whole=this.tells.tag is None,
            one_document=self.survey.one_document,
            count=count,
            following=further,
        )

    def _passes(self) -> tuple[Progress, ...]:
        return tuple(
            Progress(found, self.survey, self.source.is_definition)
            for found in self.survey.passes(self.call.catalogue.order)
        )

    def _at(self, place: P | None) -> Asked[F, P]:
        return structs.replace(self.asked, place=place)
