"""Carries the messages of a file to the pipeline, and brings back what is to be filed with it."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from cim_adapter import instants
from cim_adapter.access import Credentials, Identity
from cim_adapter.envelope import Result
from cim_adapter.errors import AdapterError
from cim_adapter.inboxes import Inbox
from cim_adapter.pipeline import Pipeline
from cim_adapter.schema import Catalogue
from cim_adapter.transports.files.contents import Content, Contents
from cim_adapter.transports.files.filing import Filed
from cim_adapter.transports.files.page import LARGEST, page_of
from cim_adapter.transports.files.report import Report, Told, told
from cim_adapter.transports.files.streams import FileStream
from cim_adapter.transports.files.wire import FileWire
from cim_adapter.validate.sources import shown
from cim_adapter.wire import Arrival, Interrupted

_TRIES = 3  # of what fails by a defect of ours, and is in the journal
_DEFECT = "5.3"


class Unsettled(Exception):
    """The adapter could not do it, nor even note that in the journal: it is as if the file had not been tried."""


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """A file whose messages were answered. ``reply`` is one document, or a zip archive where it was one."""

    report: Report
    filed: Filed


class Courier:
    """For one inbox. ``wire`` makes one for a file and a message in it; ``journaled`` tells whether the journal
    has a row; the XSDs of ``catalogue`` explain on a page what could not be read.
    """

    def __init__(
        self,
        inbox: Inbox,
        pipeline: Pipeline,
        wire: Callable[[str, Content], FileWire],
        journaled: Callable[[str], Awaitable[bool]],
        catalogue: Catalogue,
    ) -> None:
        self._inbox = inbox
        self._pipeline = pipeline
        self._wire = wire
        self._journaled = journaled
        self._catalogue = catalogue
        self._tries: dict[str, int] = {}
        who = Identity(name=inbox.partner, role=inbox.role, credential=f"inbox:{inbox.name}", quota=0)
        self._credentials = Credentials(identity=who)

    async def carry(self, name: str, contents: Contents) -> Carried | None:
        """What becomes of a file; None where it is to be tried once more. Raises Unsettled."""
        taken, messages, replies = instants.now(), list[Told](), list[tuple[str, bytes]]()
        wanted, unreadable = False, list[tuple[str, bytes]]()
        async for content in _each(contents):
            content, stream = await self._streamed(name, content)
            wire = self._wire(name, content)
            arrival = Arrival(
                body=content.body if stream is None else b"",
                credentials=self._credentials,
                remote=shown(name),
                wire=wire,
                read=wire.read,
            )
            if stream is None:
                answer = await self._pipeline.take(arrival)
            else:
                try:
                    answer = await self._pipeline.take_stream(arrival, stream)
                except Interrupted as error:
                    raise Unsettled(str(error)) from error
            if wire.message is None:
                raise RuntimeError("the pipeline gave no answer")
            said = told(wire.message, wire.error, wire.header, content.member)
            if said.failure == _DEFECT and not await self._is_final(name, said):
                return None
            messages.append(said)
            replies.append((f"{content.member or name}.reply.xml", answer.body))
            wanted |= wire.reply_wanted
            if said.findings and content.error is None and stream is None and len(content.body) <= LARGEST:
                unreadable.append((shown(content.member or name), content.body))
        self._tries.pop(name, None)
        carried = self._carried(name, contents, taken, messages, replies, wanted)
        if unreadable and (page := await asyncio.to_thread(page_of, unreadable, self._catalogue)):
            carried.filed.reports[".report.html"] = page
        return carried

    async def _streamed(self, name: str, content: Content) -> tuple[Content, FileStream | None]:
        """A message that is too large to be held: as a stream, and known by its digest in place of its body."""
        if content.opened is None:
            return content, None
        source = f"files/{self._inbox.name}/{shown(name)}/{content.member or ''}"
        stream = FileStream(source, content.opened)
        try:
            return msgspec.structs.replace(content, body=await stream.known_by()), stream
        except AdapterError as error:
            return msgspec.structs.replace(content, opened=None, error=error), None

    async def _is_final(self, name: str, said: Told) -> bool:
        """Whether what failed without the sender's fault is to be told: it was tried often enough."""
        if said.journal is None or not await self._journaled(said.journal):
            raise Unsettled(said.errors[0].reason if said.errors else "")
        self._tries[name] = self._tries.get(name, 0) + 1
        return self._tries[name] >= _TRIES

    def _carried(
        self,
        name: str,
        contents: Contents,
        taken: int,
        messages: list[Told],
        replies: list[tuple[str, bytes]],
        wanted: bool,
    ) -> Carried:
        done = all(said.result is not Result.FAILED for said in messages)
        report = Report(
            file=shown(name),
            inbox=self._inbox.name,
            partner=self._inbox.partner,
            role=self._inbox.role,
            taken=instants.as_text(taken),
            size=contents.size,
            outcome="done" if done else "rejected",
            messages=tuple(messages),
        )
        filed = Filed(
            file=name,
            done=done,
            reply=_zipped(replies) if contents.archive else replies[0][1],
            reply_ending=".reply.zip" if contents.archive else ".reply.xml",
            reply_wanted=wanted,
            reports={".report.json": report.as_json()},
        )
        return Carried(report=report, filed=filed)


async def _each(contents: Contents) -> AsyncIterator[Content]:
    """The messages, one after the other. What was read already is given at once: its turn must not be lost."""
    if contents.read:
        for content in contents.read:
            yield content
        return
    iterator = iter(contents)
    while (following := await asyncio.to_thread(next, iterator, None)) is not None:
        yield following


def _zipped(replies: list[tuple[str, bytes]]) -> bytes:
    """A reply for each member, under its name."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, reply in replies:
            archive.writestr(name, reply)
    return held.getvalue()
