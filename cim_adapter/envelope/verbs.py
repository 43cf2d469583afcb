"""The fourteen verbs of IEC 61968-100 (facts/envelope.md §1.2, §1.4)."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    """Imperative verbs ask, past-tense verbs tell (events), ``reply`` answers."""

    CANCEL = "cancel"
    CANCELED = "canceled"
    CHANGE = "change"
    CHANGED = "changed"
    CREATE = "create"
    CREATED = "created"
    CLOSE = "close"
    CLOSED = "closed"
    DELETE = "delete"
    DELETED = "deleted"
    GET = "get"
    REPLY = "reply"
    EXECUTE = "execute"
    EXECUTED = "executed"

    @property
    def is_event(self) -> bool:
        """Past tense: something has happened; the message tells of it."""
        return self is not Verb.REPLY and self.value.endswith("d")

    @property
    def reads_only(self) -> bool:
        """``get`` changes nothing, so its handler runs on a reader connection."""
        return self is Verb.GET

    @classmethod
    def knows(cls, text: str) -> bool:
        """Whether ``text`` is one of the fourteen. (``in`` raises for other texts before Python 3.12.)"""
        return text in cls._value2member_map_
