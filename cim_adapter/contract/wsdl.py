"""WSDL 1.1 documents, document/literal: what a description says, and how it is written down.

Which services there are and what they are called is :mod:`cim_adapter.contract.services`.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from cim_adapter.contract.markup import SOAP11, SOAP12, WSDL, XS, Maker, generated

HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"  # in a SOAP 1.2 binding too


@dataclass(frozen=True, slots=True)
class WsdlMessage:
    """A wsdl:message of one part, which is one schema element (``prefix:name``)."""

    name: str
    part: str
    element: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One end of an operation: its name and the name of its wsdl:message."""

    name: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A request/response operation. ``input`` and ``output`` may go unnamed (an empty name)."""

    name: str
    meaning: str
    soap_action: str
    input: Exchange
    output: Exchange
    faults: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """A port and the binding behind it. ``soap`` is the namespace of the binding's SOAP version."""

    name: str
    binding: str
    soap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One WSDL document.

    ``schema`` is the only child of wsdl:types: the message schema itself, or a schema of imports.
    ``prefixes`` are those that :attr:`WsdlMessage.element` uses. The first port is the one that tools
    take when they are not told otherwise.
    """

    name: str
    meaning: str
    namespace: str
    address: str
    prefixes: dict[str, str]
    schema: etree._Element
    messages: tuple[WsdlMessage, ...]
    port_type: str
    operations: tuple[Operation, ...]
    ports: tuple[Port, ...]
    sources: tuple[str, ...]


def description(service: Service) -> bytes:
    """The WSDL document of ``service``."""
    soap_prefixes = {
        prefix: namespace
        for prefix, namespace in (("soap", SOAP11), ("soap12", SOAP12))
        if any(port.soap == namespace for port in service.ports)
    }
    prefixes = {"wsdl": WSDL, **soap_prefixes, "xs": XS, "tns": service.namespace, **service.prefixes}
    wsdl = Maker(WSDL, prefixes)
    root = wsdl(
        "definitions",
        wsdl("documentation", service.meaning),
        wsdl("types", deepcopy(service.schema)),
        *(
            wsdl("message", wsdl("part", name=message.part, element=message.element), name=message.name)
            for message in service.messages
        ),
        _port_type(wsdl, service),
        *(_binding(wsdl, service, port) for port in service.ports),
        _service(wsdl, service),
        name=service.name,
        targetNamespace=service.namespace,
    )
    return generated(root, *service.sources)


def imports(namespace: str, location: str) -> etree._Element:
    """A schema that holds one import; its own target namespace is absent, as WS-I R2105 allows."""
    xs = Maker(XS, {"xs": XS})
    return xs("schema", xs("import", namespace=namespace, schemaLocation=location))


def _port_type(wsdl: Maker, service: Service) -> etree._Element:
    return wsdl(
        "portType",
        *(
            wsdl(
                "operation",
                wsdl("documentation", operation.meaning),
                wsdl("input", **_named(operation.input), message=f"tns:{operation.input.message}"),
                wsdl("output", **_named(operation.output), message=f"tns:{operation.output.message}"),
                *(wsdl("fault", name=fault.name, message=f"tns:{fault.message}") for fault in operation.faults),
                name=operation.name,
            )
            for operation in service.operations
        ),
        name=service.port_type,
    )


def _binding(wsdl: Maker, service: Service, port: Port) -> etree._Element:
    soap = Maker(port.soap)
    # SOAP 1.2 made the action optional, and a route that never depends on it says so.
    optional = {"soapActionRequired": "false"} if port.soap == SOAP12 else {}
    return wsdl(
        "binding",
        soap("binding", style="document", transport=HTTP_TRANSPORT),
        *(
            wsdl(
                "operation",
                soap("operation", soapAction=operation.soap_action, **optional, style="document"),
                wsdl("input", soap("body", use="literal"), **_named(operation.input)),
                wsdl("output", soap("body", use="literal"), **_named(operation.output)),
                *(
                    wsdl("fault", soap("fault", name=fault.name, use="literal"), name=fault.name)
                    for fault in operation.faults
                ),
                name=operation.name,
            )
            for operation in service.operations
        ),
        name=port.binding,
        type=f"tns:{service.port_type}",
    )


def _service(wsdl: Maker, service: Service) -> etree._Element:
    return wsdl(
        "service",
        *(
            wsdl(
                "port",
                Maker(port.soap)("address", location=service.address),
                name=port.name,
                binding=f"tns:{port.binding}",
            )
            for port in service.ports
        ),
        name=service.name,
    )


def _named(exchange: Exchange) -> dict[str, str]:
    return {"name": exchange.name} if exchange.name else {}
