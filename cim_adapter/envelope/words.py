"""Putting failures into the words of a Reply: codes, levels and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from cim_adapter.codes import ReplyCodes
from cim_adapter.envelope.message import ID, Error, Message, Reply, Result
from cim_adapter.errors import AdapterError


class ReplyWords:
    """Makes Reply parts that say what they mean, by the code table."""

    def __init__(self, codes: ReplyCodes) -> None:
        self._codes = codes

    def failure(self, error: AdapterError, own_id: ID | None = None, message: Message | None = None) -> Reply:
        """Result FAILED with one Error for each finding, or one for the whole.

        ``own_id`` is what the operator finds the message by; ``message`` gives the partner's MessageID.
        """
        level = self._codes[error.code].level
        message_id = message.header.message_id if message else None
        related = ID(value=message_id) if message_id else None
        errors: Sequence[Error] = [
            Error(code=error.code, level=level, reason=str(finding), details=error.reason, related_id=related)
            for finding in error.findings
        ] or [Error(code=error.code, level=level, reason=error.reason, related_id=related)]
        return Reply(result=Result.FAILED, errors=tuple(errors), ids=(own_id,) if own_id else ())

    def complete(self, reply: Reply) -> Reply:
        """Every Error with a level and a reason: those of its code, where the handler gave none."""
        if reply.plain or all(error.level and error.reason for error in reply.errors):
            return reply
        return replace(reply, errors=self.complete_errors(reply.errors))

    def complete_errors(self, errors: Iterable[Error]) -> tuple[Error, ...]:
        """Each with a level and a reason."""
        return tuple(map(self._complete, errors))

    def _complete(self, error: Error) -> Error:
        row = self._codes[error.code]
        return replace(error, level=error.level or row.level, reason=error.reason or row.meaning or None)
