"""How a message departs from the envelope of 2011, and how its answer does then.

A dialect is put off right after a message is recognised, in place: whoever reads, validates or handles it
sees the envelope of 2011. It is put on again when the answer leaves. Plain messages have none.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from cim_adapter.xmltree import children, local, namespace

MESSAGE_NS = "http://iec.ch/TC57/2011/schema/message"
ABSTRACT_NS = "http://iec.ch/TC57/2011/abstract"

#: The element that any message may come in: what it is in JSON, where the root has no name.
MESSAGE = f"{{{MESSAGE_NS}}}Message"

_DONE = frozenset({"0", "0.0", "OK", "SUCCESS"})
_PARTLY_DONE = "0.2"
"""The reply code of a result that is partial, and stays so (facts/envelope.md §5.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """``message`` is the namespace that the partner has where edition 1 has ``MESSAGE_NS``.

    ``abstract`` stands likewise for ``ABSTRACT_NS``. ``roots`` are (tag of ours, tag as the partner knows it)
    for elements that carry an answer. ``old_reply``: a Reply of 2008, with ReplyCode and errors in plain text
    (facts/envelope.md §3). ``www``: profiles come, and go, in namespaces of www.iec.ch. ``guessed``: only the
    structure told that it is a message.
    """

    message: str = MESSAGE_NS
    abstract: str = ABSTRACT_NS
    roots: tuple[tuple[str, str], ...] = ()
    old_reply: bool = False
    www: bool = False
    guessed: bool = False

    # ------------------------------------------------------------------------------------- put off

    def put_off(self, carrier: etree._Element) -> None:
        """Make ``carrier`` a Message of 2011, in place. What is in foreign namespaces stays as it is."""
        language = language_of(carrier)
        carrier.tag = f"{{{MESSAGE_NS}}}Message"
        for name, part in children(carrier):
            _rename(part, {language, namespace(part)})
            if name == "Payload":
                _unwrap(part)
            elif name == "Reply" and self.old_reply:
                _with_result(part)

    # -------------------------------------------------------------------------------------- put on

    def put_on(self, answer: etree._Element) -> etree._Element:
        """A copy of ``answer`` in this dialect; its payload is moved, not copied."""
        return self._copied(answer, None)

    def put_on_part(self, part: etree._Element) -> etree._Element:
        """``part`` of a profile, in this dialect."""
        if self.www:
            _add_www(part)
        return part

    def _copied(self, element: etree._Element, parent: etree._Element | None) -> etree._Element:
        tag = self._tag(element.tag)
        if parent is None:
            prefixes = {prefix: self._namespace(name) for prefix, name in element.nsmap.items() if prefix}
            made = etree.Element(tag, nsmap={prefix: name for prefix, name in prefixes.items() if name})
        else:
            made = etree.SubElement(parent, tag)
        made.text = element.text
        name = local(element)
        if name == "Reply" and self.old_reply:
            self._write_old_reply(made, element)
        elif name == "Payload":
            for part in list(element):
                if namespace(part) == namespace(element):  # Compressed, which is the envelope's
                    self._copied(part, made)
                else:
                    made.append(self.put_on_part(part))
        else:
            for key, value in element.items():
                made.set(key, value)
            for child in element:
                self._copied(child, made)
        return made

    def _tag(self, tag: str) -> str:
        for ours, theirs in self.roots:
            if tag == ours:
                return theirs
        name, _, rest = tag[1:].partition("}")
        name = self._namespace(name)
        return f"{{{name}}}{rest}" if name else rest

    def _namespace(self, name: str) -> str:
        if name == MESSAGE_NS:
            return self.message
        return self.abstract if name == ABSTRACT_NS else name

    def _write_old_reply(self, parent: etree._Element, reply: etree._Element) -> None:
        """ReplyCode, Error* and ID*, all of them plain text."""
        parts = [dict(children(child)) for name, child in children(reply) if name == "Error"]
        codes = [error["code"].text or "" for error in parts]
        code = _PARTLY_DONE if reply[0].text == "PARTIAL" else next(iter(codes), "0.0")
        etree.SubElement(parent, self._tag(f"{{{MESSAGE_NS}}}ReplyCode")).text = code
        for error, own in zip(parts, codes, strict=True):
            if own[:2] != "0.":
                etree.SubElement(parent, self._tag(f"{{{MESSAGE_NS}}}Error")).text = _sentence(error)
        for name, child in children(reply):
            if name == "ID":
                etree.SubElement(parent, self._tag(child.tag)).text = child.text


def language_of(carrier: etree._Element) -> str | None:
    """The namespace in which the Header is written: that of what stands first in it, which is the Verb."""
    for part in carrier:  # plain iteration: the parser keeps no comments, and this is on the hot path
        if local(part) == "Header":
            return namespace(part[0]) if len(part) else None
    return None


def _rename(element: etree._Element, own: set[str | None]) -> None:
    """Into the namespace of 2011, from the top down, so that one declaration serves all that is below."""
    waiting = [element]
    while waiting:
        found = waiting.pop()
        found.tag = f"{{{MESSAGE_NS}}}{local(found)}"
        waiting.extend(child for _, child in children(found) if namespace(child) in own)


def _unwrap(payload: etree._Element) -> None:
    """Edition 2 has profiles stand for an AbstractPayload. Whether one may also be written around them is not
    public; where it is, it is taken away.
    """
    for wrapper in list(payload.iterchildren(f"{{{MESSAGE_NS}}}AbstractPayload")):
        for profile in list(wrapper):
            wrapper.addprevious(profile)
        payload.remove(wrapper)


def _with_result(reply: etree._Element) -> None:
    """Turn a Reply of 2008 into one of 2011: ReplyCode becomes Result and code, an Error gets parts."""
    code = ""
    for name, child in list(children(reply)):
        text = (child.text or "").strip()
        if name in ("ReplyCode", "Result"):
            code = text
            child.tag = f"{{{MESSAGE_NS}}}Result"
            child.text = "OK" if text.upper() in _DONE else text if text == "PARTIAL" else "FAILED"
        elif name == "Error" and not len(child):
            child.text = None
            etree.SubElement(child, f"{{{MESSAGE_NS}}}code").text = code or "5.3"
            etree.SubElement(child, f"{{{MESSAGE_NS}}}reason").text = text


def _sentence(error: dict[str, etree._Element]) -> str:
    """``2.4 FATAL: no Meter of this mRID is known (Meter m-1)``."""
    parts = {name: child.text or "" for name, child in error.items()}
    text = " ".join(parts[name] for name in ("code", "level") if name in parts)
    if "reason" in parts:
        text += f": {parts['reason']}"
    if "ID" in parts:
        text += f" ({' '.join(filter(None, (error['ID'].get('objectType'), parts['ID'])))})"
    return text


def _add_www(profile: etree._Element) -> None:
    for element in profile.iter(etree.Element):
        element.tag = element.tag.replace("{http://iec.ch/", "{http://www.iec.ch/", 1)
    etree.cleanup_namespaces(profile)
