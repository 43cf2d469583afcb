"""Mending envelopes: verbs, nouns, the order of parts, and what stands in the wrong one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from lxml import etree

from cim_adapter.envelope import COMPRESSED, MESSAGE, MESSAGE_NS, OPERATION_SET, Verb
from cim_adapter.partners import Switch
from cim_adapter.schema import Catalogue
from cim_adapter.tolerance.draft import Draft
from cim_adapter.xmltree import children, local, namespace

_OLD_VERBS = MappingProxyType({"update": "change", "updated": "changed", "show": "reply"})
_MISPLACING: Mapping[str, Switch] = MappingProxyType(
    {
        "get": Switch.QUERY_IN_PAYLOAD,
        "cancel": Switch.TARGETS_IN_PAYLOAD,
        "close": Switch.TARGETS_IN_PAYLOAD,
        "delete": Switch.TARGETS_IN_PAYLOAD,
    }
)
_PARTS = ("Header", "Request", "Reply", "Payload")


def mend_envelope(draft: Draft, nouns: Collection[str], catalogue: Catalogue) -> None:
    """All that the profile allows. ``nouns`` are those that are served; ``catalogue`` has the envelope's XSD."""
    header, payload = draft.part("Header"), draft.part("Payload")
    parts = {} if header is None else dict(children(header))
    if header is None or "Verb" not in parts or "Noun" not in parts:
        return  # without them there is nothing to go by
    verb = _mend_verb(draft, parts["Verb"])
    _mend_noun(draft, parts["Noun"], nouns)
    if draft.allows(Switch.HEADER_EXTRAS):
        _remove_extras(draft, header, _order(catalogue, "Header"))
    if payload is not None:
        if draft.allows(Switch.FORMAT_CASE):
            _mend_format(draft, payload)
        _mend_placement(draft, payload, verb)
        for element in payload.iterfind(f"{{*}}{OPERATION_SET}/{{{MESSAGE_NS}}}Operation/{{{MESSAGE_NS}}}verb"):
            _write(element, _spelt(draft, element))
    if draft.allows(Switch.ENVELOPE_ORDER):
        _put_in_order(draft, catalogue)


def root_noun(typed: str | None, payload: Iterable[str], request: Iterable[str]) -> str | None:
    """The noun that a message's own structure names: by its typed root, its profile, or its query."""
    if typed is not None:
        return typed
    for name in payload:
        return name.removeprefix("Get")
    return next((name.removeprefix("Get") for name in request if name.startswith("Get")), None)


def misplaced_by(verb: str) -> Switch | None:
    """The switch by which what a request of this verb is about may stand in Payload."""
    return _MISPLACING.get(verb)


def _mend_verb(draft: Draft, element: etree._Element) -> str:
    """The verb as it is then."""
    known = _spelt(draft, element)
    rooted = draft.shape.typed_verb or ""
    if draft.allows(Switch.VERB_MISMATCH) and known != rooted and Verb.knows(known) and Verb.knows(rooted):
        draft.note(Switch.VERB_MISMATCH, element)
        known = rooted
    _write(element, known)
    return known


def _spelt(draft: Draft, element: etree._Element) -> str:
    """The verb in ``element``, as the standard has it."""
    verb = (element.text or "").strip()
    small = verb.lower() if draft.allows(Switch.VERB_CASE) else verb
    known = _OLD_VERBS.get(small, small) if draft.allows(Switch.VERB_SPELLING) else small
    if not Verb.knows(known):
        return verb
    if small != verb:
        draft.note(Switch.VERB_CASE, element)
    if known != small:
        draft.note(Switch.VERB_SPELLING, element)
    return known


def _write(element: etree._Element, verb: str) -> None:
    if verb != (element.text or "").strip():
        element.text = verb


def _mend_noun(draft: Draft, element: etree._Element, nouns: Collection[str]) -> None:
    payload, request = draft.part("Payload"), draft.part("Request")
    noun = root_noun(
        draft.shape.header_noun,
        [] if payload is None else [local(child) for child in _foreign(payload)],
        [] if request is None else [local(child) for child in _foreign(request)],
    )
    stated = (element.text or "").strip()
    if stated == COMPRESSED and noun is not None:  # opened by now, so that of the document
        element.text = noun
    elif draft.allows(Switch.NOUN_MISMATCH) and noun in (*nouns, OPERATION_SET) and stated != noun:
        draft.note(Switch.NOUN_MISMATCH, element)
        element.text = noun


def _foreign(part: etree._Element) -> list[etree._Element]:
    """The children that are not the envelope's own."""
    return [child for child in part if namespace(child) not in (MESSAGE_NS, namespace(part), "")]


def _remove_extras(draft: Draft, header: etree._Element, known: tuple[str, ...]) -> None:
    for child in list(header):
        if namespace(child) in (MESSAGE_NS, namespace(header), "") and local(child) not in known:
            draft.note(Switch.HEADER_EXTRAS, header, local(child))
            header.remove(child)


def _mend_format(draft: Draft, payload: etree._Element) -> None:
    for child in payload:
        if local(child) == "format" and namespace(child) in (MESSAGE_NS, namespace(payload)):
            draft.note(Switch.FORMAT_CASE, child)
            child.tag = f"{{{namespace(payload)}}}Format"


def _mend_placement(draft: Draft, payload: etree._Element, verb: str) -> None:
    """Ids and queries into Request. Objects of the noun stay in Payload: handlers find them there, too."""
    switch = misplaced_by(verb)
    if switch is None or not draft.allows(switch):
        return
    request = draft.part("Request")
    if request is not None and (_foreign(request) or any(local(child) == "ID" for child in request)):
        return
    ids = [child for child in payload if local(child) == "ID"]
    given = [*ids, *_foreign(payload)]
    if not given:
        return
    draft.note(switch, given[0])
    if request is None:
        request = etree.Element(f"{{{namespace(payload)}}}Request")
    for child in ids:
        child.tag = f"{{{MESSAGE_NS}}}ID"
    request.extend([*ids, *(child for child in given if local(child).startswith("Get"))])
    if len(request) and request.getparent() is None:
        payload.addprevious(request)
    if not len(payload):
        draft.carrier.remove(payload)


def _put_in_order(draft: Draft, catalogue: Catalogue) -> None:
    """The parts, and what is in them; extensions stay behind what the envelope knows."""
    _sort(draft, draft.carrier, _PARTS)
    for name, part in children(draft.carrier):
        if name in ("Header", "Request", "Reply"):
            _sort(draft, part, _order(catalogue, name))


def _order(catalogue: Catalogue, part: str) -> tuple[str, ...]:
    """What a part of the envelope may hold, in the order of its XSD."""
    message = etree.Element(MESSAGE)
    return catalogue.order(message, etree.SubElement(message, f"{{{MESSAGE_NS}}}{part}"))


def _sort(draft: Draft, parent: etree._Element, first: tuple[str, ...]) -> None:
    own = (MESSAGE_NS, namespace(parent))

    def place(child: etree._Element) -> int:
        return first.index(local(child)) if namespace(child) in own and local(child) in first else len(first)

    places = [place(child) for child in parent]
    if places != sorted(places):
        draft.note(Switch.ENVELOPE_ORDER, parent)
        parent[:] = sorted(parent, key=place)
