"""One message of any size on its way: cut, understood, stored part by part. See ``pipeline.bulk``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from cim_adapter.envelope import Reply
from cim_adapter.errors import AdapterError, Unreadable
from cim_adapter.pipeline.body import Body
from cim_adapter.pipeline.lines import shifted
from cim_adapter.pipeline.passage import Passage, Understood
from cim_adapter.pipeline.preparing import Flawed, prepare
from cim_adapter.pipeline.progress import Part, Progress
from cim_adapter.schema.cutting import Chunk, Head
from cim_adapter.settings import Settings
from cim_adapter.steps import finish
from cim_adapter.store import intakes, journal
from cim_adapter.store.intakes import Intake
from cim_adapter.store.transaction import DatabaseAway, Transaction
from cim_adapter.store.writer import Work
from cim_adapter.tolerance import Use, as_json
from cim_adapter.wire import Answer, Interrupted, Stream
from cim_adapter.xmltree import local

if TYPE_CHECKING:
    from cim_adapter.pipeline.bulk import Bulk

_TOGETHER = 4  # chunks in one transaction: some ten milliseconds that others wait
_BEYOND = "7.5"


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
        self._bulk = bulk
        self._passage = passage
        self._stream = stream
        self._body = Body(stream, settings, units)
        self._progress = Progress()
        self._begun = False
        self._uses: dict[str, Use] = {}
        self._line = 1
        self._numbered = 0

    async def run(self) -> Answer | bytes:
        try:
            return await self._run()
        except Exception as error:
            if self._stream.source is not None and isinstance(error, DatabaseAway):
                raise Interrupted(str(error.args[0] if error.args else error)) from error
            self._passage.entry, self._passage.whole = None, self._body.whole
            await self._abandon()
            raise

    # ------------------------------------------------------------------------------------------ the way

    async def _run(self) -> Answer | bytes:
        await self._find_before()
        opened = await self._body.open()
        if opened is None:
            return await self._body.all()
        head, first = opened
        self._set_frame(head.data + first.data + head.closing)
        known = await asyncio.to_thread(finish, self._bulk.understanding.understand(self._passage))
        if not _fits(known, head):
            return await self._body.all()
        if not self._begun:
            self._progress = Progress(line=head.lines + 1)
        try:
            return await self._take(known, head, first)
        except _Beyond as beyond:
            reply = beyond.reply
            await self._abandon()
            await self._body.drain()
            return await self._bulk.store.commit(self._bulk.settling.work(self._told(known), lambda _: reply))

    async def _take(self, known: Understood, head: Head, first: Chunk) -> Answer:
        store, once = self._bulk.store, known.entry.once
        if once is not None and await store.read(lambda reader: journal.carried_out(reader, once) is not None):
            await self._body.drain()
            return await store.commit(self._bulk.settling.work(self._told(known), _never))
        await self._begin()
        await self._store_all(known, head)
        self._set_frame(head.data + first.data + self._body.tail)
        whole = self._body.whole
        if self._stream.digest not in (None, whole.digest):
            raise Unreadable("the file was changed while it was read; write it under another name, then rename it")
        self._passage.whole = whole
        try:
            known = await asyncio.to_thread(finish, self._bulk.understanding.understand(self._passage))
        except AdapterError as error:
            raise shifted(error, lines=head.lines + first.data.count(b"\n"), to=self._line) from None
        uid, reply, ran = self._passage.uid, self._progress.reply(), False

        def end(transaction: Transaction) -> Reply:
            nonlocal ran
            intakes.finish(transaction, uid)
            ran = True
            return reply

        answer: Answer = await store.commit(self._bulk.settling.work(self._told(known), end))
        if not ran:  # somebody else took the same message meanwhile
            await self._abandon()
        return answer

    async def _store_all(self, known: Understood, head: Head) -> None:
        """Every chunk: prepared by all cores, stored in order, while the next ones are read."""
        loop, threads = asyncio.get_running_loop(), self._bulk.threads
        ready: list[Part] = []
        preparing: deque[asyncio.Future[Part]] = deque()
        storing: asyncio.Task[None] | None = None
        make_ready = partial(prepare, self._bulk.understanding, self._passage, known, head)
        begun, self._line, self._numbered = self._progress.chunks, self._progress.line, self._progress.units
        try:
            async for chunk in self._body.chunks():
                if isinstance(chunk, AdapterError):
                    while preparing:  # what is wrong before it comes first
                        await self._counted(preparing.popleft(), head)
                    raise shifted(chunk, lines=0, to=self._line)
                if chunk.index < begun:
                    continue  # it was stored before a crash
                preparing.append(loop.run_in_executor(threads, make_ready, chunk))
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
        except Flawed as flawed:
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
            self._body.resume(end=told.end, chunks=told.chunks)

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
        whole = self._body.whole
        entry = replace(
            known.entry,
            digest=whole.digest,
            size=whole.size,
            subject_count=max(self._progress.objects, known.entry.subject_count),
            warnings=as_json(tuple(uses.values())),
        )
        return replace(known, entry=entry)


def _fits(known: Understood, head: Head) -> bool:
    """Whether what was understood is what was cut."""
    payload = known.call.message.payload
    elements = payload.elements if payload is not None else ()
    return known.handler.unit == head.unit and bool(elements) and local(elements[0]) == head.local


def _never(_: Transaction) -> Reply:
    raise RuntimeError("a message that was carried out is not in the journal any more")
