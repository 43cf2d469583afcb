"""Messages of the envelope, as elements: what REST asks is what SOAP would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from cim_adapter.envelope import ID, MESSAGE_NS


def request_message(
    verb: str,
    noun: str,
    message_id: str | None,
    *,
    payload: etree._Element | None = None,
    query: etree._Element | None = None,
    ids: Iterable[ID] = (),
    times: tuple[str | None, str | None] = (None, None),
    options: Mapping[str, str] | None = None,
) -> etree._Element:
    """A RequestMessage with ``payload`` in its Payload; what follows that goes into its Request.

    There is no Timestamp in it, so that a request that is repeated is the same message, byte by byte.
    """
    root = etree.Element(_tag("RequestMessage"), nsmap={"msg": MESSAGE_NS})
    header = etree.SubElement(root, _tag("Header"))
    etree.SubElement(header, _tag("Verb")).text = verb
    etree.SubElement(header, _tag("Noun")).text = noun
    if message_id is not None:
        etree.SubElement(header, _tag("MessageID")).text = message_id
    ids = tuple(ids)
    if query is not None or ids or any(times) or options:
        _request(etree.SubElement(root, _tag("Request")), query, ids, times, options or {})
    if payload is not None:
        etree.SubElement(root, _tag("Payload")).append(payload)
    return root


def _request(
    parent: etree._Element,
    query: etree._Element | None,
    ids: tuple[ID, ...],
    times: tuple[str | None, str | None],
    options: Mapping[str, str],
) -> None:
    for name, text in zip(("StartTime", "EndTime"), times, strict=True):
        if text is not None:
            etree.SubElement(parent, _tag(name)).text = text
    for name, text in options.items():
        option = etree.SubElement(parent, _tag("Option"))
        etree.SubElement(option, _tag("name")).text = name
        etree.SubElement(option, _tag("value")).text = text
    for identifier in ids:
        element = etree.SubElement(parent, _tag("ID"))
        element.text = identifier.value
        for name, value in (
            ("idType", identifier.id_type),
            ("idAuthority", identifier.id_authority),
            ("objectType", identifier.object_type),
            ("kind", identifier.kind),
        ):
            if value is not None:
                element.set(name, value)
    if query is not None:
        parent.append(query)


def _tag(name: str) -> str:
    return f"{{{MESSAGE_NS}}}{name}"
