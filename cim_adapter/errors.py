"""Every error the adapter answers with, as one tree.

    AdapterError
    ├── Fault                  the message could not be read: answered with a FaultMessage
    │   ├── Unreadable         not well-formed XML, or an encoding we do not take
    │   ├── OverBudget         larger, deeper or more crowded than the budget allows
    │   ├── ForbiddenMarkup    a DOCTYPE or an entity declaration
    │   ├── Unrecognised       well-formed, but no message shape we know
    │   ├── HeaderIncomplete   the header lacks Verb or Noun
    │   ├── Invalid            breaks its XSD
    │   ├── Unauthenticated    no credential
    │   │   └── BadCredential  a credential that is not good
    │   └── OverQuota          more messages in a minute than the caller's quota
    └── Refused                the message was read and is not done: answered Result FAILED
        ├── UnknownVerb        a verb that is not one, or that the noun does not have
        ├── UnknownNoun        a noun that no handler serves
        ├── Forbidden          the caller may not do this
        ├── DuplicateMessage   a MessageID used before with other content
        ├── Replayed           a nonce used before, or too old a message
        ├── Incomplete         Header, Request or Payload lacks what is needed
        └── Failed             the work was tried and did not succeed

Each class knows its reply code (facts/envelope.md §5.7), its HTTP status and whose mistake it is.
Which of the two answers a case gets is facts/envelope.md §5.5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a document, in the words of the engineer who must mend it.

    ``line`` and ``column`` count from 1 in the body as received (0: not tied to one). ``path`` is an XPath-like
    path of prefixed or local names. ``found`` and ``expected`` are short phrases; ``advice`` says what
    to do and is empty where nothing beyond ``expected`` can be said.
    """

    line: int
    path: str
    found: str
    expected: str
    advice: str = ""
    column: int = 0

    def __str__(self) -> str:
        where = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        text = f"found {self.found}; expected {self.expected}"
        text = f"{where}: {text}" if where else text
        return printable(f"{text}. {self.advice}" if self.advice else text)


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """``text`` with a mark for each character that no XML can carry: what was found may hold any."""
    return _NO_XML.sub("\ufffd", text)


class AdapterError(Exception):
    """Something in or around a message is wrong; the text is written for the sender."""

    code: str = "5.3"
    http_status: ClassVar[int] = 500
    sender_at_fault: ClassVar[bool] = True

    def __init__(self, reason: str, findings: Sequence[Finding] = (), *, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = printable(reason)
        self.findings = tuple(findings)
        if code is not None:
            self.code = code


class Fault(AdapterError):
    """The message could not be read."""

    code = "1.8"
    http_status = 400


class Unreadable(Fault):
    """The body is not well-formed XML in UTF-8 or UTF-16."""


class OverBudget(Fault):
    """The body is larger, deeper or more crowded than the budget allows."""

    code = "3.1"
    http_status = 413


class ForbiddenMarkup(Fault):
    """The body carries a DOCTYPE or an entity declaration."""

    code = "7.7"


class Unrecognised(Fault):
    """The document element is no message shape we know."""


class HeaderIncomplete(Fault):
    """The header lacks Verb or Noun."""

    code = "1.5"


class Invalid(Fault):
    """The message breaks its XSD; the findings say where."""


class Unauthenticated(Fault):
    """No credential."""

    code = "7.2"
    http_status = 401


class BadCredential(Unauthenticated):
    """A credential was given and is not good."""

    code = "7.4"


class OverQuota(Fault):
    """The caller sent more messages in a minute than its quota: ``limit``. New ones are taken in ``wait``
    seconds.
    """

    code = "3.2"
    http_status = 429

    def __init__(self, reason: str, *, limit: int = 0, wait: int = 60, code: str | None = None) -> None:
        super().__init__(reason, code=code)
        self.limit = limit
        self.wait = wait


class Refused(AdapterError):
    """The message was understood and is not carried out."""

    http_status = 200


class UnknownVerb(Refused):
    """A verb outside the fourteen, or one that the noun does not have."""

    code = "2.9"


class UnknownNoun(Refused):
    """A noun that no handler serves."""

    code = "2.5"


class Forbidden(Refused):
    """The caller's role does not allow this verb on this noun."""

    code = "7.5"


class DuplicateMessage(Refused):
    """The MessageID was used before, with other content."""

    code = "2.15"


class Replayed(Refused):
    """The nonce was used before, or Created is too far from the present time."""

    code = "7.7"


class Incomplete(Refused):
    """Header (1.5), Request (1.6) or Payload (1.7) lacks what is needed."""

    code = "1.7"


class Failed(Refused):
    """The work was tried and did not succeed."""

    code = "5.3"
    sender_at_fault = False
