"""Whether a message agrees with itself: what its schema cannot see, and a strict reader refuses."""

from __future__ import annotations

from collections.abc import Collection

from cim_adapter.envelope import Message, Payload, Request, Shape
from cim_adapter.errors import AdapterError, Incomplete, UnknownNoun, Unrecognised
from cim_adapter.partners import Switch
from cim_adapter.tolerance.envelope import misplaced_by, root_noun
from cim_adapter.xmltree import local

_SETS = "OperationSet"


def disagreement(
    message: Message, shape: Shape, nouns: Collection[str], excused: Collection[Switch]
) -> AdapterError | None:
    """What is wrong with it, but for what is ``excused``. ``nouns`` are those that are served."""
    if shape.dialect is not None and shape.dialect.guessed and Switch.UNKNOWN_ROOT not in excused:
        return Unrecognised(
            f"the root {shape.operation} is no message; that it holds a Header is not enough for this partner"
        )
    payload, request = message.payload or Payload(), message.request or Request()
    if not payload.elements and not payload.ids and not request.filters:
        return None
    header = message.header
    noun = root_noun(None, [local(e) for e in payload.elements], [local(e) for e in request.filters])
    if noun != header.noun and noun in nouns and header.noun != _SETS:
        where = "Payload" if payload.elements else "Request"
        found = local((payload.elements or request.filters)[0])
        return UnknownNoun(f"Header/Noun is {header.noun}, but {where} holds {found}")
    switch = misplaced_by(header.verb)
    if switch is None or switch in excused or request.ids or request.filters or header.noun == _SETS:
        return None
    return Incomplete(
        f"{header.verb} names what it is about in Payload; put it into Request: mRIDs as ID, a query as Get"
        f"{header.noun}",
        code="1.6",
    )
