"""Readings as streams: lines in and out, of any length, in bounded memory.

A stream in is taken in batches. Each is a message of its own, stored as a whole or not at all, and the first one
that is refused ends the stream. The MessageID of the first is the Idempotency-Key, that of the others has a
number behind it: sent again, mended, a stream is stored from where it was refused, and nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
from msgspec.structs import replace

from cim_adapter.errors import AdapterError
from cim_adapter.transports.rest import answers
from cim_adapter.transports.rest.exchange import Outcome
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.lines import batches
from cim_adapter.transports.rest.problem import Problem
from cim_adapter.transports.rest.reading import Reading
from cim_adapter.transports.rest.resource import Receipt, RestCall

_MOST_ERRORS = 1_000

Batch = Callable[[RestCall, bytes, int], Awaitable[tuple[Outcome, Receipt]]]
"""Takes the lines of one batch, the first one of which has this number. Raises AdapterError."""


async def take(call: RestCall, batch: Batch, *, lines: int, most_bytes: int) -> tuple[Receipt, Problem | None]:
    """What is said of all batches, and what is wrong with the one that ended the stream."""
    whole = Receipt(result="OK", message_id=call.message_id, count=0)
    if not await call.exchange.known():
        return whole, (await call.exchange.turn_away()).problem()
    number = 0
    async for first, body in batches(call.request.chunks(), lines, most_bytes):
        if not body.strip() and number:
            continue
        number += 1
        own = call if number == 1 else replace(call, message_id=f"{call.message_id}.{number}")
        try:
            outcome, receipt = await batch(own, body, first)
        except AdapterError as error:
            outcome, receipt = await call.exchange.refuse(body, error), Receipt(result="FAILED")
        if outcome.failed:
            return whole, _ended(outcome.problem(unknown=409), whole.count or 0)
        _add(whole, receipt)
    if not number:
        outcome, _ = await batch(call, b"", 1)
        return whole, outcome.problem()
    return whole, None


def _add(whole: Receipt, receipt: Receipt) -> None:
    whole.count = (whole.count or 0) + (receipt.count or 0)
    whole.errors = (*whole.errors, *receipt.errors)[:_MOST_ERRORS]
    if receipt.result != "OK":
        whole.result = receipt.result


def _ended(problem: Problem, stored: int) -> Problem:
    """The problem, and how much of the stream stands before it."""
    if not stored:
        return problem
    detail = f"{problem.detail} The {stored:,} readings of the batches before are stored; send it again, mended, "
    return replace(problem, count=stored, detail=f"{detail}under the same Idempotency-Key.")


async def told(form: Form, parts: AsyncIterator[Sequence[Reading] | Problem]) -> AsyncIterator[bytes]:
    """The lines of each part. A problem comes as the last line: the status went out long before."""
    if form is Form.CSV:
        yield answers.csv_head(Reading)
    async for part in parts:
        if isinstance(part, Problem):
            yield msgspec.json.encode(part) + b"\n"
        elif form is Form.CSV:
            yield await asyncio.to_thread(answers.csv_lines, part, Reading)
        elif part:
            yield await asyncio.to_thread(msgspec.json.Encoder().encode_lines, part)
