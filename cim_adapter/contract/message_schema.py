"""Typed message schemas: one element per operation around a profile, or around a set of operations.

Sources: envelope facts §4.2, metering facts §2.15.

The roots and their Header, Request, Reply and Payload are in the ``…Message`` namespace; what stands in
Header and Reply is the envelope's, what stands in Payload is the profile's.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from cim_adapter.contract.markup import MESSAGE, MESSAGE_FILE, OPERATION_SET, XS, Maker, generated
from cim_adapter.contract.profiles import Profile

REQUEST_VERBS = ("Create", "Change", "Cancel", "Close", "Delete")
EVENT_VERBS = ("Created", "Changed", "Canceled", "Closed", "Deleted")


def message_schema(profile: Profile) -> bytes:
    """``<Noun>Message.xsd``: requests, events, the response and the fault of one noun.

    All five requests share one type and need no Payload, because cancel, close and delete name their
    targets in Request/ID (envelope facts §1.4). A Payload that is there does hold the profile.

    An event may carry Reply, because the late answer to a request has the same roots on the Reply service,
    and a namespace declares a root once. Reply keeps the envelope's type and its place before Payload.
    """
    noun = profile.noun
    xs = Maker(
        XS,
        {"xs": XS, "msg": MESSAGE, "payload": profile.namespace, "tns": profile.message_namespace},
    )
    root = xs(
        "schema",
        _documentation(xs, f"The messages about {noun}, one element for each verb."),
        _import(xs, MESSAGE, MESSAGE_FILE),
        _import(xs, profile.namespace, profile.file),
        *(xs("element", name=f"{verb}{noun}", type=f"tns:{noun}RequestMessageType") for verb in REQUEST_VERBS),
        *(xs("element", name=f"{verb}{noun}", type=f"tns:{noun}EventMessageType") for verb in EVENT_VERBS),
        *_answer_elements(xs, noun),
        _message_type(
            xs,
            f"{noun}RequestMessageType",
            f"A request. create and change carry {noun} in Payload; cancel, close and delete name their "
            "targets in Request/ID, or in Payload where those have no id.",
            xs("element", name="Header", type="msg:HeaderType"),
            xs("element", name="Request", type="msg:RequestType", minOccurs="0"),
            xs("element", name="Payload", type=f"tns:{noun}PayloadType", minOccurs="0"),
        ),
        _message_type(
            xs,
            f"{noun}EventMessageType",
            "Something that has happened or, with Reply, the late answer to a request. Over SOAP it is answered "
            "like a request.",
            xs("element", name="Header", type="msg:HeaderType"),
            xs("element", name="Reply", type="msg:ReplyType", minOccurs="0"),
            xs("element", name="Payload", type=f"tns:{noun}PayloadType", minOccurs="0"),
        ),
        *_answer_types(xs, noun),
        _payload_type(xs, profile),
        targetNamespace=profile.message_namespace,
        elementFormDefault="qualified",
        attributeFormDefault="unqualified",
    )
    return generated(root, profile.file)


def query_schema(profile: Profile, query: Profile) -> bytes:
    """``Get<Noun>Message.xsd``: the query for one noun, its response and its fault.

    The profile is optional in Payload here, so that a large answer can be Compressed alone. The query is
    required in Request: were it optional, the wildcard after it would make the schema ambiguous.
    """
    noun = profile.noun
    xs = Maker(
        XS,
        {
            "xs": XS,
            "msg": MESSAGE,
            "query": query.namespace,
            "payload": profile.namespace,
            "tns": query.message_namespace,
        },
    )
    root = xs(
        "schema",
        _documentation(
            xs,
            f"The query for {noun}. Two elements are called {query.noun}: the message here, and the query "
            "inside its Request.",
        ),
        _import(xs, MESSAGE, MESSAGE_FILE),
        _import(xs, query.namespace, query.file),
        _import(xs, profile.namespace, profile.file),
        xs("element", name=query.noun, type=f"tns:{query.noun}RequestMessageType"),
        *_answer_elements(xs, noun),
        _message_type(
            xs,
            f"{query.noun}RequestMessageType",
            f"Asks for {noun}.",
            xs("element", name="Header", type="msg:HeaderType"),
            xs("element", name="Request", type=f"tns:{query.noun}RequestType"),
            xs("element", name="Payload", type=f"tns:{noun}PayloadType", minOccurs="0"),
        ),
        _message_type(
            xs,
            f"{query.noun}RequestType",
            "What is asked for. Unlike in the envelope's own Request, ID is plain text here.",
            xs("element", name="StartTime", type="xs:dateTime", minOccurs="0"),
            xs("element", name="EndTime", type="xs:dateTime", minOccurs="0"),
            xs("element", name="Option", type="msg:OptionType", minOccurs="0", maxOccurs="unbounded"),
            xs("element", name="ID", type="xs:string", minOccurs="0", maxOccurs="unbounded"),
            xs("element", ref=f"query:{query.noun}"),
            xs("any", namespace="##other", processContents="lax", minOccurs="0", maxOccurs="unbounded"),
        ),
        *_answer_types(xs, noun),
        _payload_type(xs, profile, minOccurs="0"),
        targetNamespace=query.message_namespace,
        elementFormDefault="qualified",
        attributeFormDefault="unqualified",
    )
    return generated(root, query.file, profile.file)


def set_schema(profile: Profile) -> bytes:
    """``<Noun>OperationSetMessage.xsd``: sets of operations on one noun, as request and as event.

    What an Operation carries is not looked at here (the envelope skips it): each is judged by the XSD of its
    own namespace.
    """
    noun = profile.operation_set.noun
    xs = Maker(XS, {"xs": XS, "msg": MESSAGE, "tns": profile.operation_set.message_namespace})
    header = xs("element", name="Header", type="msg:HeaderType")
    payload = xs("element", name="Payload", type=f"tns:{noun}PayloadType", minOccurs="0")
    request = xs("element", name="Request", type="msg:RequestType", minOccurs="0")
    root = xs(
        "schema",
        _documentation(
            xs,
            f"The messages that carry a set of operations on {profile.noun}. That there are such messages, and "
            "what they are called, is known from one public set of schemas alone (its nouns are of another part "
            "of IEC 61968); that they exist for this noun is inferred.",
        ),
        _import(xs, MESSAGE, MESSAGE_FILE),
        xs("element", name=f"Execute{noun}", type=f"tns:{noun}RequestMessageType"),
        xs("element", name=f"Executed{noun}", type=f"tns:{noun}EventMessageType"),
        *_answer_elements(xs, noun),
        _message_type(
            xs,
            f"{noun}RequestMessageType",
            "A request to carry out the operations in Payload.",
            deepcopy(header),
            request,
            deepcopy(payload),
        ),
        _message_type(
            xs,
            f"{noun}EventMessageType",
            "The operations in Payload have been carried out elsewhere. Over SOAP it is answered like a request.",
            header,
            payload,
        ),
        *_answer_types(xs, noun),
        _message_type(
            xs,
            f"{noun}PayloadType",
            "The set, or the set Compressed.",
            *_other_payloads(xs),
        ),
        targetNamespace=profile.operation_set.message_namespace,
        elementFormDefault="qualified",
        attributeFormDefault="unqualified",
    )
    return generated(root, profile.file)


def _answer_elements(xs: Maker, noun: str) -> tuple[etree._Element, ...]:
    return (
        xs("element", name=f"{noun}ResponseMessage", type=f"tns:{noun}ResponseMessageType"),
        xs("element", name=f"{noun}FaultMessage", type=f"tns:{noun}FaultMessageType"),
    )


def _answer_types(xs: Maker, noun: str) -> tuple[etree._Element, ...]:
    return (
        _message_type(
            xs,
            f"{noun}ResponseMessageType",
            "The answer to a message that could be read, whether it was carried out or not.",
            xs("element", name="Header", type="msg:HeaderType"),
            xs("element", name="Reply", type="msg:ReplyType"),
            xs("element", name="Payload", type=f"tns:{noun}PayloadType", minOccurs="0"),
        ),
        _message_type(
            xs,
            f"{noun}FaultMessageType",
            "The answer to what could not be read as a message; the detail of a SOAP fault.",
            xs("element", name="Reply", type="msg:ReplyType"),
        ),
    )


def _payload_type(xs: Maker, profile: Profile, **occurs: str) -> etree._Element:
    if profile.stands_for_one:
        occurs["maxOccurs"] = "unbounded"  # as in one of the published sets of schemas, there for every noun
    return _message_type(
        xs,
        f"{profile.noun}PayloadType",
        "A sequence, where the envelope's own Payload is a choice; and without ID.",
        xs("element", ref=f"payload:{profile.noun}", **occurs),
        *_other_payloads(xs),
    )


def _other_payloads(xs: Maker) -> tuple[etree._Element, ...]:
    """What may stand in a Payload beside a profile, or in its place."""
    return (
        xs("element", name=OPERATION_SET, type=f"msg:{OPERATION_SET}", minOccurs="0"),
        xs("element", name="Compressed", type="xs:string", minOccurs="0"),
        xs("element", name="Format", type="xs:string", minOccurs="0"),
    )


def _message_type(xs: Maker, name: str, meaning: str, *content: etree._Element) -> etree._Element:
    return xs("complexType", _documentation(xs, meaning), xs("sequence", *content), name=name)


def _documentation(xs: Maker, text: str) -> etree._Element:
    return xs("annotation", xs("documentation", text))


def _import(xs: Maker, namespace: str, location: str) -> etree._Element:
    return xs("import", namespace=namespace, schemaLocation=location)
