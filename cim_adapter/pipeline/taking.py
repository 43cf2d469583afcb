"""One message of any size on its way: cut, understood, stored part by part. See ``pipeline.bulk``."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from cim_adapter.envelope import Reply
from cim_adapter.errors import AdapterError, Finding, Invalid, OverBudget, Unreadable
from cim_adapter.nouns.registry import Call, Handler
from cim_adapter.pipeline.lines import shifted
from cim_adapter.pipeline.passage import Passage, Understood, Whole
from cim_adapter.pipeline.progress import Part, Progress
from cim_adapter.schema.cutting import Chunk, Cutter, Head
from cim_adapter.schema.encoding import Transcoder
from cim_adapter.schema.faults import line_of
from cim_adapter.settings import Settings
from cim_adapter.store import intakes, journal
from cim_adapter.store.intakes import Intake
from cim_adapter.store.transaction import DatabaseAway, Transaction
from cim_adapter.store.writer import Work
from cim_adapter.tolerance import Use, as_json
from cim_adapter.wire import Answer, Interrupted, Stream
from cim_adapter.xmltree import children, local

if TYPE_CHECKING:
    from cim_adapter.pipeline.bulk import Bulk

_TOGETHER = 4  # chunks in one transaction: some ten milliseconds that others wait
_NUMBERS = 24  # bits for the numbers within a chunk: it has no more elements
_BEYOND = "7.5"


class _Flawed(Exception):
    """What is wrong with a chunk, in a document in which ``lines`` line feeds stand before it."""

    def __init__(self, error: AdapterError, lines: int) -> None:
        super().__init__()
        self.error = error
        self.lines = lines


class _Beyond(Exception):
    """The caller may not reach all that the message names."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class Taking:
    """One message on its way."""

    def __init__(
        self, bulk: Bulk, passage: Passage, stream: Stream, settings: Settings, units: Mapping[str, str]
    ) -> None:
        size, self._most = settings.bulk_part_bytes, settings.max_bytes
        self._bulk = bulk
        self._passage = passage
        self._stream = stream
        self._pieces = _gathered(stream, size)
        self._cutter = Cutter(units, size=size, most=self._most)
        self._transcoder = Transcoder()
        self._hash = hashlib.sha256()
        self._size = 0
        self._progress = Progress()
        self._begun = False
        self._uses: dict[str, Use] = {}
        self._tail = b""
        self._line = 1
        self._numbered = 0

    async def run(self) -> Answer | bytes:
        try:
            return await self._run()
        except Exception as error:
            if self._stream.source is not None and isinstance(error, DatabaseAway):
                raise Interrupted(str(error.args[0] if error.args else error)) from error
            self._passage.entry, self._passage.whole = None, Whole(self._hash.digest(), self._size)
            await self._abandon()
            raise

    # ------------------------------------------------------------------------------------------ the way

    async def _run(self) -> Answer | bytes:
        await self._find_before()
        opening: list[bytes] = []
        chunks: list[Chunk] = []
        while not chunks and not self._cutter.unfit:
            piece = await anext(self._pieces, None)
            if piece is None:
                return b"".join(self._read(opening, chunks))
            opening.append(piece)
            chunks = await asyncio.to_thread(self._cut, piece)
            if self._transcoder.transparent:
                opening.clear()  # the cutter holds it all
        head = self._cutter.head
        if head is None or not chunks:
            return await self._all(opening, chunks)
        self._set_frame(head.data + chunks[0].data + head.closing)
        known = await asyncio.to_thread(self._bulk.understanding.understand, self._passage)
        if not _fits(known, head):
            return await self._all(opening, chunks)
        opening.clear()
        if not self._begun:
            self._progress = Progress(line=head.lines + 1)
        try:
            return await self._take(known, head, chunks)
        except _Beyond as beyond:
            reply = beyond.reply
            await self._abandon()
            await self._drain()
            return await self._bulk.store.commit(self._bulk.settling.work(self._told(known), lambda _: reply))

    async def _take(self, known: Understood, head: Head, chunks: Sequence[Chunk]) -> Answer:
        store, once = self._bulk.store, known.entry.once
        first = chunks[0]
        if once is not None and await store.read(lambda reader: journal.carried_out(reader, once) is not None):
            await self._drain()
            return await store.commit(self._bulk.settling.work(self._told(known), _never))
        await self._begin()
        await self._store_all(known, head, chunks)
        self._set_frame(head.data + first.data + self._tail)
        if self._stream.digest not in (None, self._hash.digest()):
            raise Unreadable("the file was changed while it was read; write it under another name, then rename it")
        self._passage.whole = Whole(self._hash.digest(), self._size)
        try:
            known = await asyncio.to_thread(self._bulk.understanding.understand, self._passage)
        except AdapterError as error:
            raise shifted(error, lines=head.lines + first.data.count(b"\n"), to=self._line) from None
        uid, reply, ran = self._passage.uid, self._progress.reply(), False

        def finish(transaction: Transaction) -> Reply:
            nonlocal ran
            intakes.finish(transaction, uid)
            ran = True
            return reply

        answer: Answer = await store.commit(self._bulk.settling.work(self._told(known), finish))
        if not ran:  # somebody else took the same message meanwhile
            await self._abandon()
        return answer

    async def _store_all(self, known: Understood, head: Head, chunks: Sequence[Chunk]) -> None:
        """Every chunk: prepared by all cores, stored in order, while the next ones are read."""
        loop, threads = asyncio.get_running_loop(), self._bulk.threads
        ready: list[Part] = []
        preparing: deque[asyncio.Future[Part]] = deque()
        storing: asyncio.Task[None] | None = None
        prepare = partial(self._prepare, known, head)
        begun, self._line, self._numbered = self._progress.chunks, self._progress.line, self._progress.units
        try:
            async for chunk in self._chunks(chunks):
                if isinstance(chunk, AdapterError):
                    while preparing:  # what is wrong before it comes first
                        await self._counted(preparing.popleft(), head)
                    raise shifted(chunk, lines=0, to=self._line)
                if chunk.index < begun:
                    continue  # it was stored before a crash
                preparing.append(loop.run_in_executor(threads, prepare, chunk))
                if len(preparing) > self._bulk.cores + 1:
                    ready.append(await self._counted(preparing.popleft(), head))
                if len(ready) >= _TOGETHER:
                    storing = await self._next(storing, known, ready)
                    ready = []
            while preparing:
                ready.append(await self._counted(preparing.popleft(), head))
            storing = await self._next(storing, known, ready)
            await storing
        finally:
            for future in preparing:
                future.cancel()
            if storing is not None:
                await asyncio.wait([storing])

    async def _counted(self, preparing: asyncio.Future[Part], head: Head) -> Part:
        """The next part. Raises AdapterError with the lines and positions of the whole."""
        try:
            part = await preparing
        except _Flawed as flawed:
            unit = (head.unit, self._numbered)
            raise shifted(flawed.error, lines=flawed.lines, to=self._line, numbered=unit) from None
        self._line += part.lines
        self._numbered += part.units
        return part

    async def _next(
        self, storing: asyncio.Task[None] | None, known: Understood, parts: list[Part]
    ) -> asyncio.Task[None]:
        if storing is not None:
            await storing
        return asyncio.create_task(self._keep(known, parts))

    async def _chunks(self, first: Sequence[Chunk]) -> AsyncIterator[Chunk | AdapterError]:
        """The chunks; at the end what keeps more from being cut, with lines from the end of the last one."""
        for chunk in first:
            yield chunk
        try:
            async for piece in self._pieces:
                for chunk in await asyncio.to_thread(self._cut, piece):
                    yield chunk
            chunks, self._tail = await asyncio.to_thread(self._cut_last)
            for chunk in chunks:
                yield chunk
        except AdapterError as error:
            yield error

    def _cut(self, piece: bytes) -> list[Chunk]:
        self._hash.update(piece)
        self._size += len(piece)
        return self._cutter.feed(self._transcoder.feed(piece))

    def _cut_last(self) -> tuple[list[Chunk], bytes]:
        chunks = self._cutter.feed(self._transcoder.feed(b"", last=True))
        more, tail = self._cutter.close()
        return [*chunks, *more], tail

    # --------------------------------------------------------------------------------------- the parts

    def _prepare(self, known: Understood, head: Head, chunk: Chunk) -> Part:
        """A chunk, made ready. Raises _Flawed."""
        first, handler = chunk.index << _NUMBERS, known.handler
        call = replace(known.call, wanted=set(), keys=set(), first=first, positions=count(first))
        try:
            prepared = None if handler.quick is None else handler.quick(call, head, chunk)
        except AdapterError as error:
            raise _Flawed(error, 0) from None
        uses: tuple[Use, ...] = ()
        if prepared is None:
            call, handler, prepared, uses = self._understood(known, head, chunk)
        return Part(
            end=chunk.end,
            units=chunk.data.count(b"</" + head.prefix + head.unit.encode() + b">"),
            lines=chunk.data.count(b"\n"),
            call=call,
            handler=handler,
            prepared=prepared,
            uses=uses,
        )

    def _understood(
        self, known: Understood, head: Head, chunk: Chunk
    ) -> tuple[Call, Handler, Any, tuple[Use, ...]]:
        """A chunk as a message of its own, and what was let pass in it. Raises _Flawed."""
        body = head.data + chunk.data + head.closing
        passage = Passage(
            replace(self._passage.arrival, body=body),
            self._passage.identity,
            uid=known.call.uid,
            first=chunk.index << _NUMBERS,
        )
        try:
            call, handler, prepared = self._bulk.understanding.prepare(passage)
            if chunk.index:
                _forbid_others(call, head)
        except AdapterError as error:
            raise _Flawed(error, head.lines) from None
        return call, handler, prepared, passage.uses

    async def _keep(self, known: Understood, parts: Sequence[Part]) -> None:
        """Store some parts, and how far that is."""
        uid, progress = self._passage.uid, self._progress

        def run(transaction: Transaction) -> Progress:
            after = progress
            for part in parts:
                own = replace(known, call=part.call, handler=part.handler, prepared=part.prepared)
                reply = own.run(transaction)
                if known.scopes and any(error.code == _BEYOND for error in reply.errors):
                    raise _Beyond(reply)
                after = after.after(part, reply)
            intakes.advance(transaction, uid, msgspec.msgpack.encode(after))
            return after

        wanted = set().union(*(part.call.wanted for part in parts))
        self._progress = await self._bulk.store.commit(Work(run=run, wanted=wanted, fleeting=True))
        for use in (use for part in parts for use in part.uses):
            self._uses.setdefault(use.switch, use)

    # -------------------------------------------------------------------------------------- the intake

    async def _find_before(self) -> None:
        """Where the same source was begun before, go on there."""
        source = self._stream.source
        if source is None:
            return
        before = await self._bulk.store.read(lambda reader: intakes.of_source(reader, source))
        if before is None:
            return
        if before.digest != self._stream.digest:
            await self._bulk.give_up(before.uid)
            return
        self._begun = True
        self._passage.uid, self._passage.received = before.uid, before.received
        self._progress = told = msgspec.msgpack.decode(before.progress, type=Progress)
        if told.chunks:
            self._cutter.resume(end=told.end, index=told.chunks)

    async def _begin(self) -> None:
        if self._begun:
            return
        intake = Intake(
            uid=self._passage.uid,
            received=self._passage.received,
            source=self._stream.source,
            digest=self._stream.digest,
            progress=msgspec.msgpack.encode(self._progress),
        )
        await self._bulk.store.commit(lambda transaction: intakes.begin(transaction, intake))
        self._begun = True

    async def _abandon(self) -> None:
        if self._begun:
            await self._bulk.give_up(self._passage.uid)

    # ------------------------------------------------------------------------------------- the message

    def _set_frame(self, body: bytes) -> None:
        self._passage.arrival = replace(self._passage.arrival, body=body)

    def _told(self, known: Understood) -> Understood:
        """``known``, with what the journal is to be told of the whole."""
        uses = {use.switch: use for use in self._passage.uses} | self._uses
        entry = replace(
            known.entry,
            digest=self._hash.digest(),
            size=self._size,
            subject_count=max(self._progress.objects, known.entry.subject_count),
            warnings=as_json(tuple(uses.values())),
        )
        return replace(known, entry=entry)

    async def _drain(self) -> None:
        async for piece in self._pieces:
            self._hash.update(piece)
            self._size += len(piece)

    async def _all(self, opening: list[bytes], chunks: Sequence[Chunk]) -> bytes:
        """The whole body. Raises OverBudget."""
        opening = self._read(opening, chunks)
        size = sum(map(len, opening))
        async for piece in self._pieces:
            opening.append(piece)
            size += len(piece)
            if size > self._most:
                raise OverBudget(
                    f"The body has more than {self._most:,} bytes (setting max_bytes), and only MeterReadings "
                    "that are created or changed may have more. Send it in several messages."
                )
        return b"".join(opening)

    def _read(self, opening: list[bytes], chunks: Sequence[Chunk]) -> list[bytes]:
        """All that was read, in pieces. It is never held twice: it may be as large as ``max_bytes``."""
        held, head = self._cutter.give_up(), self._cutter.head
        if not self._transcoder.transparent:
            return opening
        return [*([] if head is None else [head.data]), *(chunk.data for chunk in chunks), held]


async def _gathered(stream: Stream, size: int) -> AsyncIterator[bytes]:
    """The stream in pieces of ``size`` bytes, or more where it has larger ones."""
    held, length = list[bytes](), 0
    async for piece in stream:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held, length = [], 0
    if held:
        yield b"".join(held)


def _fits(known: Understood, head: Head) -> bool:
    """Whether what was understood is what was cut."""
    payload = known.call.message.payload
    elements = payload.elements if payload is not None else ()
    return known.handler.unit == head.unit and bool(elements) and local(elements[0]) == _name(head)


def _forbid_others(call: Call, head: Head) -> None:
    """Behind a unit only units may stand, where more of them follow. Raises Invalid."""
    for name, child in children(call.payload):
        if name != head.unit:
            finding = Finding(
                line=line_of(child),
                path=f"{_name(head)}/{name}",
                found=f"{name} between two elements {head.unit}",
                expected=f"all elements {head.unit} one after the other",
                advice=f"Write each {name} where the XSD has it.",
            )
            raise Invalid(f"{_name(head)} breaks its XSD.", [finding])


def _name(head: Head) -> str:
    return head.tag[head.tag.rfind("}") + 1 :]


def _never(_: Transaction) -> Reply:
    raise RuntimeError("a message that was carried out is not in the journal any more")
