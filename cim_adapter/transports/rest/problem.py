"""Errors as problem documents (RFC 9457), in JSON or XML, with the reply code and each place that is wrong."""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec
from lxml import etree

from cim_adapter.errors import AdapterError
from cim_adapter.transports.rest.forms import Form
from cim_adapter.transports.rsgi import CHALLENGES, Response

_NAMESPACE = "urn:ietf:rfc:7807"  # RFC 9457 Appendix B keeps it
_POSITION = re.compile(r"\[([0-9]{1,9})\]$")


class Offence(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that is wrong. ``pointer`` is where in the body (RFC 6901), ``line`` on which line of NDJSON,
    counted from 1, ``parameter`` which one of the query, ``object`` the mRID or name it is about.
    """

    detail: str
    code: str
    pointer: str | None = None
    line: int | None = None
    parameter: str | None = None
    object: str | None = None
    object_type: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong. ``code`` is the reply code of IEC 61968-9, ``instance`` the message in the journal. Of a
    stream ``count`` is how many items were stored before it went wrong.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    count: int | None = None
    errors: tuple[Offence, ...] = ()

    @classmethod
    def of(
        cls,
        status: int,
        code: str,
        detail: str,
        *,
        instance: str | None = None,
        errors: tuple[Offence, ...] = (),
    ) -> Problem:
        """A problem of the type of its reply code."""
        return cls(
            type=f"urn:iec61968:reply-code:{code}",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            code=code,
            instance=instance and f"urn:uuid:{instance}",
            errors=errors,
        )

    def response(self, form: Form, *headers: tuple[str, str]) -> Response:
        """The document in the family of ``form``."""
        headers = (*headers, *CHALLENGES) if self.status == HTTPStatus.UNAUTHORIZED else headers
        if form is Form.XML:
            body, media = _xml(self), "application/problem+xml"
        else:
            body, media = msgspec.json.encode(self), "application/problem+json"
        return Response(status=self.status, content_type=media, body=body, headers=headers)


class RestError(Exception):
    """A request that is not even a message: answered with ``problem`` and not journaled."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "1.8",
        errors: tuple[Offence, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.problem = Problem.of(status, code, detail, errors=errors)
        self.headers = headers

    @classmethod
    def parameter(cls, name: str, detail: str) -> RestError:
        """A parameter of the query that cannot be used."""
        return cls(
            400, f"{name}: {detail}", code="1.6", errors=(Offence(detail=detail, code="1.6", parameter=name),)
        )


def offences(error: AdapterError) -> tuple[Offence, ...]:
    """What the findings of ``error`` say. Their paths are pointers into the body."""
    return tuple(
        Offence(
            detail=f"found {finding.found}; expected {finding.expected}"
            + (f". {finding.advice}" if finding.advice else ""),
            code=error.code,
            pointer=as_pointer(finding.path),
            line=finding.line if finding.line and finding.path.startswith("/") else None,
        )
        for finding in error.findings
    )


def as_pointer(path: str) -> str:
    """Where in the JSON of a profile something stands that an XSD is broken by: ``MeterConfig/Meter[2]/type``
    is ``/Meter/1/type``. A pointer is itself.
    """
    if not path or path.startswith("/"):
        return path
    steps = [_POSITION.sub(lambda found: f"/{int(found[1]) - 1}", step) for step in path.split("/")[1:]]
    return "".join(f"/{step}" for step in steps)


def _xml(problem: Problem) -> bytes:
    root = etree.Element(f"{{{_NAMESPACE}}}problem", nsmap={"p": _NAMESPACE})
    for name, value in msgspec.to_builtins(problem).items():
        if name == "errors":
            listed = etree.SubElement(root, f"{{{_NAMESPACE}}}errors")
            for item in value:
                _members(etree.SubElement(listed, f"{{{_NAMESPACE}}}i"), item)
        else:
            _members(root, {name: value})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _members(parent: etree._Element, members: dict[str, object]) -> None:
    for name, value in members.items():
        etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = str(value)
