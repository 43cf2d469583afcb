"""What became of a file: the report that lies beside it, for whoever has to mend it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from lxml import etree

from cim_adapter.envelope import Error, Result, read_reply
from cim_adapter.errors import AdapterError, Finding
from cim_adapter.xmltree import children, local


class Flaw(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One Error of a Reply. ``object`` is what it is about."""

    code: str
    level: str | None = None
    reason: str | None = None
    details: str | None = None
    object: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Where something is wrong: see ``errors.Finding``."""

    line: int
    path: str
    found: str
    expected: str
    advice: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of one message. ``journal`` is its row, where it was refused; ``member`` its name in an
    archive.
    """

    result: Result
    member: str | None = None
    verb: str | None = None
    noun: str | None = None
    message_id: str | None = None
    journal: str | None = None
    errors: tuple[Flaw, ...] = ()
    findings: tuple[Place, ...] = ()

    @property
    def failure(self) -> str | None:
        """The reply code of what FAILED; None where it did not."""
        if self.result is not Result.FAILED:
            return None
        return self.errors[0].code if self.errors else "5.3"


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of one file. ``taken`` is when, as xs:dateTime; ``outcome``: ``done`` or ``rejected``."""

    file: str
    inbox: str
    partner: str
    role: str
    taken: str
    size: int
    outcome: str
    messages: tuple[Told, ...]

    @property
    def line(self) -> str:
        """All of it on one line: ``rejected readings.xml: 1.8 line 14, …``."""
        flaws = [flaw for said in self.messages for flaw in said.errors[:1] if said.result is not Result.OK]
        why = f": {flaws[0].code} {flaws[0].reason or ''}".rstrip() if flaws else ""
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        return f"{self.outcome} {self.file}{why}{more}"

    def as_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def told(
    message: etree._Element, error: AdapterError | None, header: Mapping[str, str], member: str | None = None
) -> Told:
    """From the answer to a message, in whatever edition it is, and what the message called itself."""
    reply = next(message.iter("{*}Reply"), None)
    result, errors, journal = _read(message if reply is None else reply)
    findings = error.findings if error is not None else ()
    return Told(
        result=result,
        member=member,
        verb=header.get("Verb"),
        noun=header.get("Noun"),
        message_id=header.get("MessageID"),
        journal=journal,
        errors=errors,
        findings=tuple(_place(finding) for finding in findings),
    )


def _read(reply: etree._Element) -> tuple[Result, tuple[Flaw, ...], str | None]:
    if any(name == "ReplyCode" for name, _ in children(reply)):
        return _read_old(reply)
    said = read_reply(reply)
    journal = next((item.value for item in said.ids if item.id_type == "journal"), None)
    return said.result, tuple(_flaw(error) for error in said.errors if error.code != "0.0"), journal


def _read_old(reply: etree._Element) -> tuple[Result, tuple[Flaw, ...], str | None]:
    """The Reply of 2008 has a code, and sentences (facts/envelope.md §2)."""
    code = next(child.text or "" for name, child in children(reply) if name == "ReplyCode")
    errors = [child.text for name, child in children(reply) if name == "Error"]
    result = Result.OK if code == "0.0" else Result.PARTIAL if code.startswith("0.") else Result.FAILED
    journal = next((child.text for child in reply if local(child) == "ID"), None)
    return result, tuple(Flaw(code=code, reason=text) for text in errors), journal


def _flaw(error: Error) -> Flaw:
    about = error.id
    named = None if about is None else " ".join(filter(None, (about.object_type, about.value)))
    return Flaw(code=error.code, level=error.level, reason=error.reason, details=error.details, object=named)


def _place(finding: Finding) -> Place:
    return Place(
        line=finding.line,
        path=finding.path,
        found=finding.found,
        expected=finding.expected,
        advice=finding.advice,
    )
