"""How far a message of any size is, and what brings it further."""

from __future__ import annotations

from typing import Any

import msgspec

from cim_adapter.envelope import Error, Reply, Result
from cim_adapter.nouns.registry import Call, Handler
from cim_adapter.tolerance import Use

_MOST_ERRORS = 1_000  # that are told one by one


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """How far a message is: ``chunks`` with ``units`` in them are stored, which end at ``end`` bytes, on ``line``.

    ``objects`` are those that were named; ``any_done``: something could be stored. Of the ``errors`` the first are
    kept, the rest are ``more``.
    """

    chunks: int = 0
    units: int = 0
    end: int = 0
    line: int = 1
    objects: int = 0
    any_done: bool = False
    errors: tuple[Error, ...] = ()
    more: int = 0

    def after(self, part: Part, reply: Reply) -> Progress:
        errors = tuple(error for error in reply.errors if error.code != "0.0")
        kept = (*self.errors, *errors)[:_MOST_ERRORS]
        return Progress(
            chunks=self.chunks + 1,
            units=self.units + part.units,
            end=part.end,
            line=self.line + part.lines,
            objects=self.objects + len(part.call.wanted),
            any_done=self.any_done or reply.result is not Result.FAILED,
            errors=kept,
            more=self.more + len(self.errors) + len(errors) - len(kept),
        )

    def reply(self) -> Reply:
        """To all of it."""
        errors = list(self.errors)
        if self.more:
            errors.append(
                Error(code=errors[-1].code, level="FATAL", reason=f"and {self.more:,} more could not be stored")
            )
        return Reply.of(errors, any_done=self.any_done)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk that is ready to be stored: the document up to ``end``, with so many units and line feeds in it."""

    end: int
    units: int
    lines: int
    call: Call
    handler: Handler
    prepared: Any
    uses: tuple[Use, ...] = ()
