"""From XML elements to the message model. Facts/envelope.md §1.2, §1.3 give the names.

Goes by local name and takes children in any order: what is out of order, the schema says.
"""

from __future__ import annotations

from lxml import etree

from cim_adapter.envelope.dialect import MESSAGE_NS
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
from cim_adapter.errors import HeaderIncomplete
from cim_adapter.xmltree import children, local, namespace, texts


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
    parts = list(children(element))
    verb = next((child.tag for name, child in parts if name == "Verb"), f"{{{MESSAGE_NS}}}Verb")
    standard = verb.removesuffix("Verb")
    for local_name, child in parts:
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
    operation_id: int | None = None
    for local_name, child in children(element):
        match local_name:
            case "Result":
                text = (child.text or "").strip()
                result = Result(text) if text in set(Result) else Result.FAILED  # the XSD refuses others
            case "Error":
                errors.append(_error(child))
            case "ID":
                ids.append(_id(child))
            case "operationId":
                operation_id = _number(child)
    return Reply(result=result, errors=tuple(errors), ids=tuple(ids), operation_id=operation_id)


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
        operation_id=_number(parts["operationId"]) if "operationId" in parts else None,
    )


def _id(element: etree._Element) -> ID:
    return ID(
        value=(element.text or "").strip(),
        id_type=element.get("idType"),
        id_authority=element.get("idAuthority"),
        object_type=element.get("objectType"),
        kind=element.get("kind"),
    )


def _number(element: etree._Element) -> int | None:
    """An xs:integer; None where it is none, which the XSD refuses."""
    try:
        return int(element.text or "")
    except ValueError:
        return None


def _flag(text: str | None, *, default: bool) -> bool:
    return default if not text else text in ("true", "1")
