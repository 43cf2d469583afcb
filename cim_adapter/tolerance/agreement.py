"""Whether a message agrees with itself: what its schema cannot see, and a strict reader refuses."""

from __future__ import annotations

from collections.abc import Collection

from cim_adapter.envelope import OPERATION_SET, Message, Shape
from cim_adapter.errors import AdapterError, Incomplete, UnknownNoun, Unrecognised
from cim_adapter.partners import Switch
from cim_adapter.tolerance.envelope import misplaced_by, root_noun
from cim_adapter.xmltree import local


def disagreement(
    message: Message, shape: Shape, nouns: Collection[str], excused: Collection[Switch]
) -> AdapterError | None:
    """What is wrong with it, but for what is ``excused``. ``nouns`` are those that are served."""
    if shape.dialect is not None and shape.dialect.guessed and Switch.UNKNOWN_ROOT not in excused:
        return Unrecognised(
            f"the root {shape.operation} is no message; that it holds a Header is not enough for this partner"
        )
    header, payload, request = message.header, message.payload, message.request
    elements = payload.elements if payload is not None else ()
    filters = request.filters if request is not None else ()
    given, switch = elements or filters, misplaced_by(header.verb)
    if header.noun == OPERATION_SET or (elements and local(elements[0]) == header.noun and switch is None):
        return None  # nearly every message
    noun = root_noun(None, map(local, elements), map(local, filters))
    if noun != header.noun and noun in nouns:
        where = "Payload" if elements else "Request"
        return UnknownNoun(f"Header/Noun is {header.noun}, but {where} holds {local(given[0])}")
    in_payload = elements or (payload is not None and payload.ids)
    in_request = filters or (request is not None and request.ids)
    if switch is None or switch in excused or in_request or not in_payload:
        return None
    return Incomplete(
        f"{header.verb} names what it is about in Payload; put it into Request: mRIDs as ID, a query as "
        f"Get{header.noun}",
        code="1.6",
    )
