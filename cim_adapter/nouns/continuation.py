"""Answers in several parts (facts/envelope.md §5.1, "Multi-part reply"), for any handler of a get.

A part is PARTIAL with 0.1 where more follows and with 0.2 where it is the last. ``Reply/ID`` with the
idType ``continuation`` says where to go on: the caller repeats the request with that value in its Option
``continuation``, under a MessageID of its own and the same CorrelationID.

The value is the handler's own bytes, sealed and bound to the partner and to the request: no one else can
use it, nor for another question, and nothing can be read from it. Nothing of it is kept here, so a caller
may stop anywhere, go on after a restart, at another process, or ask for a part again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

import msgspec
from lxml import etree

from cim_adapter.envelope import ID, Error, Payload, Reply, Request, Result
from cim_adapter.errors import Refused
from cim_adapter.nouns.registry import Call
from cim_adapter.store.sealing import SealError

_NAME = "continuation"


def read_continuation(call: Call) -> bytes | None:
    """Where the caller wants to go on: what the handler gave to ``as_part``; None for a first part.

    Raises Refused (2.15) for what is no continuation of this request.
    """
    request = call.message.request or Request()
    given = next((value for name, value in request.options if name == _NAME), None)
    if given is None:
        return None
    try:
        return call.vault.open(base64.urlsafe_b64decode(given), _bound_to(call))
    except (SealError, binascii.Error, ValueError) as error:
        raise Refused(
            "the Option continuation does not go on with this request. Repeat the request that was answered in "
            "part, with the value of Reply/ID of idType continuation; without this Option it starts anew",
            code="2.15",
        ) from error


def as_part(call: Call, reply: Reply, more: bytes | None) -> Reply:
    """``reply`` as one part of several; ``more`` is where the next one begins, None in the last."""
    errors = tuple(error for error in reply.errors if error.code != "0.0")
    if more is None:
        told = Error(code="0.2", reason="the last part of this answer")
        return Reply(result=Result.PARTIAL, errors=(told, *errors), ids=reply.ids, payload=reply.payload)
    token = base64.urlsafe_b64encode(call.vault.seal(more, _bound_to(call))).decode()
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
        asked.update(etree.tostring(element, method="c14n", exclusive=True, with_tail=False))
    return f"continuation/{call.partner}/{asked.hexdigest()}"
