"""From the message model to XML elements, in the order of the schema (facts/envelope.md §1.2, §1.3)."""

from __future__ import annotations

import copy

from lxml import etree

from cim_adapter.envelope.compression import COMPRESSED
from cim_adapter.envelope.dialect import ABSTRACT_NS, MESSAGE_NS
from cim_adapter.envelope.message import ID, Error, Header, Reply
from cim_adapter.envelope.shapes import Kind, Shape
from cim_adapter.xmltree import namespace

# The texts of a reply's header, in the order of the schema.
_PLAIN_FIELDS = (
    "verb",
    "noun",
    "revision",
    "context",
    "timestamp",
    "source",
    "message_id",
    "correlation_id",
)


def write_reply(header: Header, reply: Reply, shape: Shape) -> etree._Element:
    """The answer in the shape of its request: for C the abstract wrapper around the message."""
    if shape.kind is Kind.C:
        outer = etree.Element(f"{{{ABSTRACT_NS}}}Response", nsmap={"abs": ABSTRACT_NS, "msg": MESSAGE_NS})
        carrier = etree.SubElement(outer, shape.reply_root)
    else:
        outer = carrier = etree.Element(shape.reply_root, nsmap=_nsmap(shape.namespace))
    _write_header(etree.SubElement(carrier, f"{{{shape.namespace}}}Header"), header)
    _write_reply(etree.SubElement(carrier, f"{{{shape.namespace}}}Reply"), reply)
    if reply.payload or reply.compressed is not None or reply.piece is not None:
        payload = etree.SubElement(carrier, f"{{{shape.namespace}}}Payload")
        payload.extend(reply.payload)
        if reply.compressed is not None:
            _write_compressed(payload, reply.compressed)
    return outer


def write_compressed(text: str, shape: Shape) -> list[etree._Element]:
    """What stands in Payload where its document is compressed, in the dialect of the request."""
    payload = etree.Element(f"{{{shape.namespace}}}Payload", nsmap=_nsmap(shape.namespace))
    _write_compressed(payload, text)
    return list(shape.dressed(payload))


def write_remarks(errors: tuple[Error, ...], ids: tuple[ID, ...], shape: Shape) -> list[etree._Element]:
    """What stands in Reply behind its Result, in the dialect of the request."""
    reply = etree.Element(f"{{{shape.namespace}}}Reply", nsmap=_nsmap(shape.namespace))
    _write_reply(reply, Reply(errors=errors, ids=ids))
    return list(shape.dressed(reply))[1:]


class ReplyWriter:
    """Writes replies. The plain ones, nearly all, are copied from a form and filled in: building their
    elements one by one was the largest single cost of a message.
    """

    def __init__(self) -> None:
        self._forms: dict[tuple[str, ...], etree._Element] = {}

    def write(self, header: Header, reply: Reply, shape: Shape) -> etree._Element:
        """See ``write_reply``."""
        if not reply.plain or not _is_plain(header):
            return write_reply(header, reply, shape)
        fields = [(name, text) for name in _PLAIN_FIELDS if (text := getattr(header, name)) is not None]
        key = (shape.kind, shape.reply_root, *(name for name, _ in fields))
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = write_reply(header, reply, shape)
        answer = copy.copy(form)  # lxml's copies are deep, and deepcopy does more than that
        carrier = answer[0] if shape.kind is Kind.C else answer
        for element, (_, text) in zip(carrier[0], fields, strict=True):
            element.text = text
        return answer


def _is_plain(header: Header) -> bool:
    """Whether the header has nothing but ``_PLAIN_FIELDS``, as that of every reply of ours."""
    more = (header.properties, header.user, header.replay_detection, header.reply_address, header.comment)
    return (
        header.ack_required
        and not header.async_reply_flag
        and not any(item is not None and item != () for item in more)
    )


def write_fault(reply: Reply, shape: Shape | None) -> etree._Element:
    """A FaultMessage, typed where the request's shape is known and typed, else the generic one."""
    tag = f"{{{MESSAGE_NS}}}FaultMessage" if shape is None else shape.fault_root
    namespace = tag[1 : tag.rfind("}")]
    root = etree.Element(tag, nsmap=_nsmap(namespace))
    _write_reply(etree.SubElement(root, f"{{{namespace}}}Reply"), reply)
    return root


def _nsmap(namespace: str) -> dict[str, str]:
    # Prefixes keep the message namespaces off the payload, which is in neither of them.
    return {"msg": MESSAGE_NS} if namespace == MESSAGE_NS else {"typed": namespace, "msg": MESSAGE_NS}


def _write_header(parent: etree._Element, header: Header) -> None:
    _text(parent, "Verb", header.verb)
    _text(parent, "Noun", header.noun)
    _text(parent, "Revision", header.revision)
    if header.replay_detection is not None:
        replay = etree.SubElement(parent, f"{{{MESSAGE_NS}}}ReplayDetection")
        _text(replay, "Nonce", header.replay_detection.nonce)
        _text(replay, "Created", header.replay_detection.created)
    _text(parent, "Context", header.context)
    _text(parent, "Timestamp", header.timestamp)
    _text(parent, "Source", header.source)
    if header.async_reply_flag:
        _text(parent, "AsyncReplyFlag", "true")
    _text(parent, "ReplyAddress", header.reply_address)
    if not header.ack_required:
        _text(parent, "AckRequired", "false")
    if header.user is not None:
        user = etree.SubElement(parent, f"{{{MESSAGE_NS}}}User")
        _text(user, "UserID", header.user.user_id)
        _text(user, "Organization", header.user.organization)
    _text(parent, "MessageID", header.message_id)
    _text(parent, "CorrelationID", header.correlation_id)
    _text(parent, "Comment", header.comment)
    for name, value in header.properties:
        item = etree.SubElement(parent, f"{{{MESSAGE_NS}}}Property")
        _text(item, "Name", name)
        _text(item, "Value", value)


def _write_reply(parent: etree._Element, reply: Reply) -> None:
    _text(parent, "Result", reply.result.value)
    for error in reply.errors:
        item = etree.SubElement(parent, f"{{{MESSAGE_NS}}}Error")
        _text(item, "code", error.code)
        _text(item, "level", error.level)
        _text(item, "reason", error.reason)
        _text(item, "details", error.details)
        _write_id(item, "ID", error.id)
        _write_id(item, "relatedID", error.related_id)
        _write_number(item, "operationId", error.operation_id)
    for identifier in reply.ids:
        _write_id(parent, "ID", identifier)
    _write_number(parent, "operationId", reply.operation_id)


def _write_compressed(payload: etree._Element, text: str) -> None:
    outer = namespace(payload)
    etree.SubElement(payload, f"{{{outer}}}{COMPRESSED}").text = text
    etree.SubElement(payload, f"{{{outer}}}Format").text = "XML"


def _write_id(parent: etree._Element, tag: str, identifier: ID | None) -> None:
    if identifier is None:
        return
    element = etree.SubElement(parent, f"{{{MESSAGE_NS}}}{tag}")
    element.text = identifier.value
    for name, value in (
        ("idType", identifier.id_type),
        ("idAuthority", identifier.id_authority),
        ("objectType", identifier.object_type),
        ("kind", identifier.kind),
    ):
        if value is not None:
            element.set(name, value)


def _write_number(parent: etree._Element, tag: str, number: int | None) -> None:
    if number is not None:
        _text(parent, tag, str(number))


def _text(parent: etree._Element, tag: str, text: str | None) -> None:
    if text is not None:
        etree.SubElement(parent, f"{{{MESSAGE_NS}}}{tag}").text = text
