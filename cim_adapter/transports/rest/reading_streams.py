"""Readings as streams: lines in and out, of any length, in bounded memory.

A stream in is taken in batches. Each is a message of its own, stored as a whole or not at all, and the first one
that is refused ends the stream. The MessageID of the first is the Idempotency-Key, that of the others has a
number behind it: sent again, mended, a stream is stored from where it was refused, and nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

import msgspec
from msgspec.structs import replace

from cim_adapter.errors import AdapterError, OverBudget
from cim_adapter.items.reading import Reading
from cim_adapter.items.rows import csv_head, csv_lines
from cim_adapter.transports.rest.exchange import Outcome
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rest.lines import batches
from cim_adapter.transports.rest.problem import Problem
from cim_adapter.transports.rest.resource import Receipt, RestCall

_MOST_ERRORS = 1_000

Batch = Callable[[RestCall, bytes, int], Awaitable[tuple[Outcome, Receipt]]]
"""Takes the lines of one batch, the first one of which has this number. Raises AdapterError."""


async def take(call: RestCall, batch: Batch, *, lines: int, most_bytes: int) -> tuple[Receipt, Problem | None]:
    """What is said of all batches, and what is wrong with the one that ended the stream.

    What is left of the stream then is read and thrown away, up to ``most_bytes``: most clients listen for an
    answer only when they have sent everything, and would find the connection closed instead.
    """
    chunks = call.request.chunks()
    whole, problem = await _take(call, batch, batches(chunks, lines, most_bytes))
    if problem is not None:
        async for chunk in chunks:
            most_bytes -= len(chunk)
            if most_bytes < 0:
                break
    return whole, problem


async def _take(
    call: RestCall, batch: Batch, cut: AsyncIterator[tuple[int, bytes]]
) -> tuple[Receipt, Problem | None]:
    whole = Receipt(result="OK", message_id=call.message_id, count=0)
    if not await call.exchange.known():
        return whole, (await call.exchange.turn_away()).problem()
    number = 0
    try:
        async for first, body in cut:
            if not body.strip() and number:
                continue
            number += 1
            own = call if number == 1 else replace(call, message_id=f"{call.message_id}.{number}")
            outcome, receipt = await _carried_out(own, batch, body, first)
            if outcome.failed:
                return whole, _ended(outcome.problem(unknown=409), whole.count or 0)
            _add(whole, receipt)
    except OverBudget as error:  # of lines without end: they are not even read
        return whole, _ended((await call.exchange.refuse(b"", error)).problem(), whole.count or 0)
    if not number:
        outcome, _ = await _carried_out(call, batch, b"", 1)
        return whole, outcome.problem()
    return whole, None


async def _carried_out(call: RestCall, batch: Batch, body: bytes, first: int) -> tuple[Outcome, Receipt]:
    try:
        return await batch(call, body, first)
    except AdapterError as error:
        return await call.exchange.refuse(body, error), Receipt(result="FAILED")


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


async def told(form: Form, parts: AsyncIterator[Sequence[Reading] | Problem]) -> AsyncGenerator[bytes, None]:
    """The lines of each part. A problem comes as the last line: the status went out long before."""
    if form is Form.CSV:
        yield csv_head(Reading)
    async for part in parts:
        if isinstance(part, Problem):
            yield msgspec.json.encode(part) + b"\n"
        elif form is Form.CSV:
            yield await asyncio.to_thread(csv_lines, part, Reading)
        elif part:
            yield await asyncio.to_thread(msgspec.json.Encoder().encode_lines, part)
