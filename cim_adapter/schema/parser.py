"""The one hardened parser. Nothing else in the adapter parses a body, and nobody parses one twice."""

from __future__ import annotations

import re

from lxml import etree

from cim_adapter.errors import Fault, Finding, OverBudget, Unreadable
from cim_adapter.schema.budget import MAX_DEPTH, MAX_TEXT_BYTES, Budget, spend

# libxml2's numbers (xmlerror.h) with what the sender can do about each.
_ADVICE = {
    4: "Send an XML document; the body must begin with a start tag.",
    5: "Send one document element, and nothing after it.",
    9: "Remove the control character; XML 1.0 has no way to write it.",
    23: "Write &amp; for an ampersand in text.",
    26: "Only &amp; &lt; &gt; &quot; &apos; exist; write any other character itself, in UTF-8.",
    38: "Write &lt; for a less-than sign in an attribute value.",
    64: "Remove whatever stands before <?xml.",
    68: "Write &amp; for an ampersand and &lt; for a less-than sign in text.",
    76: "Close each element with its own name, innermost first.",
    77: "The body seems cut off; check how its length was counted.",
    81: "Write the bytes in UTF-8; they look like another encoding, such as ISO-8859-1.",
    201: 'Declare the prefix with xmlns:prefix="namespace" on this element or one around it.',
}
_RESOURCE_LIMITS = (110, 114)  # name too long; any other limit
_TOO_MUCH = re.compile(r"too (?:big|long)|huge|depth", re.IGNORECASE)
_POSITION = re.compile(r",? line \d+, column \d+$")
_FUNCTION = re.compile(r"^xml\w+: ")


def new_parser(
    schema: etree.XMLSchema | None = None, target: object = None, *, recover: bool = False
) -> etree.XMLParser:
    """Return a parser that reads no DTD, no network and no entity.

    ``schema`` and ``target`` are lxml's own options: validate while parsing; events instead of a tree. With
    ``recover`` what breaks the schema does not stop it: for documents that are known to be well-formed.

    Make one for every use: it costs 2 µs, and a shared one would make threads wait for each other.

    Comments and processing instructions are dropped, so that ``1<!-- -->2`` is one text for the XSD, for a
    handler and for a signature alike. The encoding is pinned to what ``spend`` returns, so that no
    declaration can make the parser read other characters than were scanned.
    """
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=recover,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        schema=schema,
        target=target,  # type: ignore[arg-type]  # the stubs ask for events that we leave out on purpose
    )


def parse(data: bytes, budget: Budget) -> etree._Element:
    """Check ``data`` against ``budget``, parse it, and return the document element.

    Raises what ``spend`` raises; ``Unreadable`` for what is not well-formed, with line and advice;
    ``OverBudget`` for what is deeper or longer than libxml2 takes.
    """
    body = spend(data, budget)
    try:
        return etree.fromstring(body, new_parser())
    except etree.XMLSyntaxError as error:
        raise _refusal(error) from None


def flaws(data: bytes) -> list[Finding]:
    """All that keeps ``data`` from being well-formed, as far as libxml2 can go on after each.

    For bytes that ``spend`` let pass and ``parse`` refused.
    """
    parser = new_parser(recover=True)
    try:
        etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if not len(parser.error_log):
            return list(_refusal(error).findings)
    entries = [entry for entry in parser.error_log if entry.domain_name == "PARSER"]
    return [_flaw(entry.type, entry.message, entry.line, entry.column) for entry in entries]


def reparse(content: bytes) -> etree._Element:
    """Parse what we wrote ourselves: it is as large as it is, and needs no budget."""
    return etree.fromstring(content, new_parser())


def flaw_of(error: etree.XMLSyntaxError) -> Finding:
    """Return what the parser stopped at."""
    line, column = (int(at or 0) for at in getattr(error, "position", (error.lineno, 0)))
    return _flaw(int(getattr(error, "code", 0)), error.msg or "", line, column)


def _refusal(error: etree.XMLSyntaxError) -> Fault:
    code = int(getattr(error, "code", 0))
    finding = flaw_of(error)
    if "depth" in finding.found.lower():
        return _over(finding.line, f"elements more than {MAX_DEPTH} deep", f"at most {MAX_DEPTH} levels")
    if code in _RESOURCE_LIMITS or _TOO_MUCH.search(finding.found):
        limit = f"at most {MAX_TEXT_BYTES:,} bytes in one text or comment, 50,000 in one name"
        return _over(finding.line, "a text, value, comment or name that is too long", limit)
    return Unreadable(f"The body is not well-formed XML: {finding.found} (line {finding.line}).", [finding])


def _flaw(code: int, message: str, line: int, column: int) -> Finding:
    said = _FUNCTION.sub("", _POSITION.sub("", (message or "no XML").strip()).strip())[:200]
    return Finding(
        line=line or 1,
        column=column,
        path="",
        found=said,
        expected="well-formed XML",
        advice=_ADVICE.get(code, ""),
    )


def _over(line: int, found: str, expected: str) -> OverBudget:
    finding = Finding(line=line, path="", found=found, expected=expected, advice="No profile needs it.")
    return OverBudget(f"The body has {found}; this adapter takes {expected}.", [finding])
