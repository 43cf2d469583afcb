"""The services of the contract and their names (envelope facts §4.1 typed, §4.3 generic)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

from lxml import etree

from cim_adapter.contract.markup import MESSAGE, MESSAGE_FILE, OPERATION_SET, SOAP11, SOAP12, XS
from cim_adapter.contract.message_schema import EVENT_VERBS, REQUEST_VERBS
from cim_adapter.contract.profiles import Noun, Profile
from cim_adapter.contract.wsdl import Exchange, Operation, Port, Service, WsdlMessage, imports

GENERIC_SERVICE = "Service"
GENERIC_ADDRESS = "http://localhost:8080/soap"  # a placeholder: serving rewrites it


@dataclass(frozen=True, slots=True)
class Pattern:
    """An integration pattern: the word that begins the service's name, its verbs, and how inputs are called.

    ``meanings`` has one sentence for each verb, with ``{noun}`` in it.
    """

    word: str
    input: str
    meaning: str
    meanings: dict[str, str]


def set_patterns() -> tuple[Pattern, Pattern]:
    """Execute and Receive for sets of operations (envelope facts §4.2, single source)."""
    execute = {"Execute": "Carries out the operations on {noun} that stand in Payload/OperationSet."}
    receive = {"Executed": "Takes note of operations on {noun} that were carried out elsewhere."}
    return (
        Pattern("Execute", "Request", "Carries out sets of operations on {noun}.", execute),
        Pattern("Receive", "Event", "Receives events that are sets of operations on {noun}.", receive),
    )


def noun_of(service: str) -> str:
    """The noun that a typed service is about: ``ExecuteMeterReadingsOperationSet`` → ``MeterReadings``."""
    return re.sub(r"^(?:Execute|Receive|Reply|Get)", "", service).removesuffix(OPERATION_SET)


def patterns() -> tuple[Pattern, Pattern, Pattern]:
    """Execute, for requests; Receive, for events; Reply, for late answers. All for every noun.

    Receive and Reply have the same body roots: an answer to create is created, with Reply in it.
    """
    execute = (
        "Creates {noun}; they stand in Payload.",
        "Changes {noun}; they stand in Payload.",
        "Cancels the {noun} that Request/ID or Payload names.",
        "Closes the {noun} that Request/ID or Payload names.",
        "Deletes the {noun} that Request/ID or Payload names.",
    )
    receive = (
        "Takes note of {noun} that were created.",
        "Takes note of {noun} that were changed.",
        "Takes note of {noun} that were canceled.",
        "Takes note of {noun} that were closed.",
        "Takes note of {noun} that were deleted.",
    )
    reply = (
        "Takes the answer to a create that asked to be answered later.",
        "Takes the answer to a change that asked to be answered later.",
        "Takes the answer to a cancel that asked to be answered later.",
        "Takes the answer to a close that asked to be answered later.",
        "Takes the answer to a delete that asked to be answered later.",
    )
    return (
        Pattern("Execute", "Request", "Carries out requests about {noun}.", _by_verb(REQUEST_VERBS, execute)),
        Pattern("Receive", "Event", "Receives events about {noun}.", _by_verb(EVENT_VERBS, receive)),
        Pattern("Reply", "Event", "Receives late answers about {noun}.", _by_verb(EVENT_VERBS, reply)),
    )


def typed_services(noun: Noun) -> Iterator[Service]:
    """The SOAP 1.1 services of one noun: Execute, Receive, Reply and, where there is a query, Get; and those for
    sets of operations on it."""
    for pattern in patterns():
        yield _pattern_service(noun.profile, pattern)
    for pattern in set_patterns():
        yield _set_service(noun.profile, pattern)
    if noun.query is not None:
        yield _get_service(noun.profile, noun.query)


def in_soap12(service: Service) -> Service:
    """The same service with SOAP 1.2 ports only.

    It is a document of its own, because gSOAP takes the 1.2 port wherever it finds one, and there reads
    ``ref`` attributes as encoding references, while Mono, JAX-WS and SOAP::Lite need a 1.1 port.
    """
    ports = tuple(replace(port, soap=SOAP12) for port in service.ports)
    return replace(service, ports=ports)


def generic_service(envelope: etree._Element) -> Service:
    """``Service``: any verb and noun, in the envelope's own messages (shape A of envelope facts §4.3).

    The envelope's schema is inline, because this document is served at a path with nothing below it, where
    a relative import would leave the prefix of a proxy in front. It has no wsdl:fault.
    """
    prefixes = {"msg": MESSAGE}
    inputs = {
        "Request": ("RequestMessage", "Carries out any request."),
        "Response": ("ResponseMessage", "Takes the answer to a request that asked to be answered later."),
        "PublishEvent": ("EventMessage", "Takes note of any event."),
    }
    return Service(
        name=GENERIC_SERVICE,
        meaning="Takes every verb and noun; the Header says which. Payloads have schemas of their own.",
        namespace="http://iec.ch/TC57/2011/abstract",
        address=GENERIC_ADDRESS,
        prefixes=prefixes,
        schema=_inline(envelope, prefixes),
        messages=tuple(WsdlMessage(name, "Message", f"msg:{name}") for name, _ in inputs.values()),
        port_type="Operations",
        operations=tuple(
            Operation(
                name=name,
                meaning=meaning,
                soap_action=f"http://iec.ch/61968/{name}",
                input=Exchange("", message),
                output=Exchange("", "ResponseMessage"),
            )
            for name, (message, meaning) in inputs.items()
        ),
        # SOAP 1.1 comes first: zeep and others take the first port.
        ports=(Port("SOAP", "SOAP", SOAP11), Port("SOAP12", "SOAP12", SOAP12)),
        sources=(MESSAGE_FILE,),
    )


def _pattern_service(profile: Profile, pattern: Pattern) -> Service:
    noun = profile.noun
    return _typed_service(
        profile,
        name=f"{pattern.word}{noun}",
        meaning=pattern.meaning.format(noun=noun),
        answers=noun,
        sources=(profile.file,),
        operations=tuple(
            _typed_operation(profile, f"{verb}{noun}", pattern.input, meaning.format(noun=noun))
            for verb, meaning in pattern.meanings.items()
        ),
    )


def _set_service(profile: Profile, pattern: Pattern) -> Service:
    own = profile.operation_set
    return _typed_service(
        own,
        name=f"{pattern.word}{own.noun}",
        meaning=pattern.meaning.format(noun=profile.noun),
        answers=own.noun,
        sources=(profile.file,),
        operations=tuple(
            _typed_operation(own, f"{verb}{own.noun}", pattern.input, meaning.format(noun=profile.noun))
            for verb, meaning in pattern.meanings.items()
        ),
    )


def _get_service(profile: Profile, query: Profile) -> Service:
    return _typed_service(
        query,
        name=query.noun,
        meaning=f"Answers queries for {profile.noun}.",
        answers=profile.noun,
        sources=(query.file, profile.file),
        operations=(_typed_operation(query, query.noun, "Request", f"Finds {profile.noun}."),),
    )


def _typed_operation(profile: Profile, name: str, kind: str, meaning: str) -> Operation:
    return Operation(
        name=name,
        meaning=meaning,
        soap_action=f"{profile.base}{profile.noun}/{name}",
        input=Exchange(f"{name}{kind}", f"{name}{kind}Message"),
        output=Exchange(f"{name}Response", "ResponseMessage"),
        faults=(Exchange(f"{name}Fault", "FaultMessage"),),
    )


def _typed_service(
    profile: Profile,
    *,
    name: str,
    meaning: str,
    answers: str,
    sources: tuple[str, ...],
    operations: tuple[Operation, ...],
) -> Service:
    """A service whose messages are those of ``profile``; ``answers`` is the noun in the answers' names."""
    inputs = (
        WsdlMessage(operation.input.message, operation.input.message, f"typed:{operation.name}")
        for operation in operations
    )
    return Service(
        name=name,
        meaning=meaning,
        namespace=f"{profile.base}{name}",
        address=f"{GENERIC_ADDRESS}/{name}",
        prefixes={"typed": profile.message_namespace},
        schema=imports(profile.message_namespace, f"../xsd/{profile.message_file}"),
        messages=(
            *inputs,
            WsdlMessage("ResponseMessage", "ResponseMessage", f"typed:{answers}ResponseMessage"),
            WsdlMessage("FaultMessage", "FaultMessage", f"typed:{answers}FaultMessage"),
        ),
        port_type=f"{profile.noun}_Port",
        operations=operations,
        ports=(Port(f"{profile.noun}_Port", f"{profile.noun}_Binding", SOAP11),),
        sources=sources,
    )


def _by_verb(verbs: tuple[str, ...], meanings: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(verbs, meanings, strict=True))


def _inline(schema: etree._Element, prefixes: dict[str, str]) -> etree._Element:
    """A copy to stand inside another document, which declares ``prefixes`` and ``xs``.

    Names in attribute values are written with those prefixes: a schema that declares its own namespace as
    the default one loses that declaration when it moves below an element that declares it with a prefix.
    """
    known = {namespace: prefix for prefix, namespace in {**prefixes, "xs": XS}.items()}
    copy = deepcopy(schema)
    for element in copy.iter(f"{{{XS}}}*"):
        for attribute in ("type", "ref", "base"):
            name = element.get(attribute)
            if name is not None:
                prefix, _, local = name.rpartition(":")
                element.set(attribute, f"{known[element.nsmap[prefix or None]]}:{local}")
    return copy
