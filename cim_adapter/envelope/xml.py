"""Between XML elements and the message model. Facts/envelope.md §1.2, §1.3 give names and order.

Reading goes by local name and takes children in any order; writing keeps the order of the schema.
"""

from __future__ import annotations

import copy

from lxml import etree

from cim_adapter.envelope.message import (
    ID,
    Error,
    Header,
    Message,
    Payload,
    ReplayDetection,
    Reply,
    Request,
    Result,
    User,
)
from cim_adapter.envelope.shapes import ABSTRACT_NS, MESSAGE_NS, Kind, Shape
from cim_adapter.errors import HeaderIncomplete
from cim_adapter.xmltree import children, local, namespace, texts

# ------------------------------------------------------------------------------------------ reading


def read_message(carrier: etree._Element) -> Message:
    """The message whose Header, Request, Reply and Payload are children of ``carrier``.

    Raises HeaderIncomplete where Header, Verb or Noun is missing or empty.
    """
    parts = dict(children(carrier))
    if "Header" not in parts:
        raise HeaderIncomplete(f"{local(carrier)} has no Header; Header with Verb and Noun is required")
    reply, request, payload = parts.get("Reply"), parts.get("Request"), parts.get("Payload")
    return Message(
        header=_header(parts["Header"]),
        request=None if request is None else _request(request),
        reply=None if reply is None else read_reply(reply),
        payload=None if payload is None else _payload(payload),
    )


def _header(element: etree._Element) -> Header:
    own: dict[str, str] = {}
    properties: list[tuple[str, str | None]] = []
    replay: ReplayDetection | None = None
    user: User | None = None
    verb = next((child.tag for name, child in children(element) if name == "Verb"), f"{{{MESSAGE_NS}}}Verb")
    standard = verb.removesuffix("Verb")
    for local_name, child in children(element):
        if not child.tag.startswith(standard):
            continue  # an extension: it may be called as it likes
        match local_name:
            case "Property":
                pair = texts(child)
                properties.append((pair.get("Name", ""), pair.get("Value")))
            case "ReplayDetection":
                pair = texts(child)
                replay = ReplayDetection(nonce=pair.get("Nonce", ""), created=pair.get("Created", ""))
            case "User":
                pair = texts(child)
                user = User(user_id=pair.get("UserID", ""), organization=pair.get("Organization"))
            case name:
                own[name] = (child.text or "").strip()
    missing = [name for name in ("Verb", "Noun") if not own.get(name)]
    if missing:
        raise HeaderIncomplete(f"Header (line {element.sourceline}) has no {' and no '.join(missing)}")
    return Header(
        verb=own["Verb"],
        noun=own["Noun"],
        revision=own.get("Revision"),
        replay_detection=replay,
        context=own.get("Context"),
        timestamp=own.get("Timestamp"),
        source=own.get("Source"),
        async_reply_flag=_flag(own.get("AsyncReplyFlag"), default=False),
        reply_address=own.get("ReplyAddress"),
        ack_required=_flag(own.get("AckRequired"), default=True),
        user=user,
        message_id=own.get("MessageID") or None,
        correlation_id=own.get("CorrelationID") or None,
        comment=own.get("Comment"),
        properties=tuple(properties),
    )


def _request(element: etree._Element) -> Request:
    times: dict[str, str] = {}
    options: list[tuple[str, str | None]] = []
    ids: list[ID] = []
    filters: list[etree._Element] = []
    own = namespace(element)
    for name, child in children(element):
        if namespace(child) not in (MESSAGE_NS, own):
            filters.append(child)
            continue
        match name:
            case "Option":
                pair = texts(child)
                options.append((pair.get("name", ""), pair.get("value")))
            case "ID":
                ids.append(_id(child))
            case "StartTime" | "EndTime":
                times[name] = (child.text or "").strip()
            case _:
                filters.append(child)
    return Request(
        start_time=times.get("StartTime"),
        end_time=times.get("EndTime"),
        options=tuple(options),
        ids=tuple(ids),
        filters=tuple(filters),
    )


def _payload(element: etree._Element) -> Payload:
    own = namespace(element)
    elements: list[etree._Element] = []
    strays: list[etree._Element] = []
    ids: list[ID] = []
    found: dict[str, etree._Element] = {}
    for name, child in children(element):
        if namespace(child) not in (MESSAGE_NS, own, ""):
            elements.append(child)
        elif name == "ID":
            ids.append(_id(child))
        elif name in ("OperationSet", "Compressed", "Format"):
            found[name] = child
        else:
            strays.append(child)
    compressed, form = found.get("Compressed"), found.get("Format")
    return Payload(
        elements=tuple(elements),
        operation_set=found.get("OperationSet"),
        compressed=None if compressed is None else compressed.text or "",
        format=None if form is None else form.text,
        ids=tuple(ids),
        strays=tuple(strays),
    )


def read_reply(element: etree._Element) -> Reply:
    """A Reply part, as partners send it in asynchronous answers and as our journal keeps it."""
    result = Result.FAILED
    errors: list[Error] = []
    ids: list[ID] = []
    for local_name, child in children(element):
        match local_name:
            case "Result":
                text = (child.text or "").strip()
                result = Result(text) if text in set(Result) else Result.FAILED  # the XSD refuses others
            case "Error":
                errors.append(_error(child))
            case "ID":
                ids.append(_id(child))
    return Reply(result=result, errors=tuple(errors), ids=tuple(ids))


def _error(element: etree._Element) -> Error:
    parts = dict(children(element))
    own = {name: child.text for name, child in parts.items()}
    return Error(
        code=own.get("code") or "",
        level=own.get("level"),
        reason=own.get("reason"),
        details=own.get("details"),
        id=_id(parts["ID"]) if "ID" in parts else None,
        related_id=_id(parts["relatedID"]) if "relatedID" in parts else None,
    )


def _id(element: etree._Element) -> ID:
    return ID(
        value=(element.text or "").strip(),
        id_type=element.get("idType"),
        id_authority=element.get("idAuthority"),
        object_type=element.get("objectType"),
        kind=element.get("kind"),
    )


def _flag(text: str | None, *, default: bool) -> bool:
    return default if not text else text in ("true", "1")


# ------------------------------------------------------------------------------------------ writing

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
    if reply.payload is not None:
        etree.SubElement(carrier, f"{{{shape.namespace}}}Payload").append(reply.payload)
    return outer


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
        answer = copy.deepcopy(form)
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
    for identifier in reply.ids:
        _write_id(parent, "ID", identifier)


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


def _text(parent: etree._Element, tag: str, text: str | None) -> None:
    if text is not None:
        etree.SubElement(parent, f"{{{MESSAGE_NS}}}{tag}").text = text
