"""SOAP 1.1 and 1.2: opening envelopes, closing them around answers, and faults.

spyne's protocol classes do the envelope; nothing else in the house imports spyne. What is mended here,
each where it is done: its importer on Python 3.12 and later, its second parser, its double wrapping of
raw elements, the fault codes it does not know, and the details it drops from faults.
"""

from __future__ import annotations

import copy
import importlib.util
import logging
import re
import sys
import warnings
from typing import Any

from lxml import etree

from cim_adapter.envelope.soap import SOAP11, SOAP12
from cim_adapter.errors import AdapterError, Fault, OverQuota, Unauthenticated
from cim_adapter.wire import Answer
from cim_adapter.xmltree import local, namespace

_NEXT = ("http://schemas.xmlsoap.org/soap/actor/next", f"{SOAP12}/role/next", f"{SOAP12}/role/ultimateReceiver")


class SoapFault(Fault):
    """The SOAP envelope itself is wrong. ``fault_code``: Client, VersionMismatch or MustUnderstand."""

    def __init__(self, reason: str, *, fault_code: str = "Client", code: str = "1.8") -> None:
        super().__init__(reason, code=code)
        self.fault_code = fault_code


class Protocols:
    """One protocol object for each SOAP version. Built once; safe to use from several threads."""

    def __init__(self) -> None:
        _mend_importer()
        logging.getLogger("spyne").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # spyne's own, about its regular expressions and the cgi module
            self._versions = _protocols()

    def of(self, envelope_namespace: str) -> _Protocol | None:
        """The protocol of an Envelope in this namespace."""
        return self._versions.get(envelope_namespace)

    def guessed(self, content_type: str) -> _Protocol:
        """The protocol by Content-Type: for answers to what could not be read."""
        return self._versions[SOAP12 if content_type.startswith("application/soap+xml") else SOAP11]


class SoapWire:
    """One SOAP exchange. Answers in the SOAP version of the request.

    ``operations`` are the body roots that the addressed service takes (Clark names; empty: any), by
    ``known`` operation names a SOAPAction is recognised.
    """

    name = "soap"
    streams = True

    def __init__(
        self,
        protocols: Protocols,
        *,
        content_type: str,
        action: str,
        operations: frozenset[str],
        known: frozenset[str],
    ) -> None:
        self._protocols = protocols
        self._protocol = protocols.guessed(content_type)
        self._action = action_of(content_type, action)
        self._operations = operations
        self._known = known

    @property
    def content_type(self) -> str:
        return self._protocol.mime_type

    def open(self, document: etree._Element) -> etree._Element:
        """The one element in Body. Raises SoapFault."""
        protocol = self._protocols.of(namespace(document))
        if local(document) != "Envelope" or protocol is None:
            raise SoapFault(
                f"the document element is {document.tag}; send a SOAP Envelope in {SOAP11} or {SOAP12}",
                fault_code="VersionMismatch" if local(document) == "Envelope" else "Client",
            )
        self._protocol = protocol
        body = protocol.open(document)
        self._check_operation(body)
        return body

    def close(self, message: etree._Element, text: bytes) -> Answer:
        return Answer(body=self._protocol.close(text))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        """A SOAP fault with the FaultMessage in its detail. HTTP 500 in SOAP 1.1 (WS-I R1126); in SOAP
        1.2 400 where the sender is to mend it (SOAP 1.2 part 2, table 16); 401 asks for credentials, and
        429 for patience.
        """
        code = getattr(error, "fault_code", "Client" if error.sender_at_fault else "Server")
        status = 400 if self._protocol.namespace == SOAP12 and code == "Client" else 500
        if isinstance(error, Unauthenticated | OverQuota):
            status = error.http_status
        return Answer(body=self._protocol.fault(code, error.reason, message), status=status)

    def _check_operation(self, body: etree._Element) -> None:
        name = local(body)
        if self._operations and body.tag not in self._operations:
            wanted = ", ".join(sorted(tag[tag.rfind("}") + 1 :] for tag in self._operations))
            raise SoapFault(
                f"{body.tag} is no operation of this service; it has: {wanted}. /soap takes every message"
            )
        # The action never decides the route, but one that names another operation is a spoof or a mistake.
        fitting = (
            self._action,
            f"{self._action}Message",
            "EventMessage" if self._action == "PublishEvent" else "",
        )
        if self._action in self._known and name not in fitting:
            raise SoapFault(f"SOAPAction names {self._action}, but Body holds {name}; make them agree")


def action_of(content_type: str, soap_action: str) -> str:
    """The operation a request names beside its body: the end of SOAPAction (1.1) or action= (1.2)."""
    text = soap_action.strip().strip('"')
    if not text and "action" in content_type:
        found = re.search(r';\s*action="?([^";]*)', content_type)
        text = found[1] if found else ""
    return text.replace("#", "/").replace(":", "/").rpartition("/")[2]


class _Protocol:
    """spyne's protocol of one SOAP version, fed with documents that are already parsed.

    Opening asks nothing of spyne: where Header and Body stand has to be checked by us in any case
    (WS-I R1011), and is then known.
    """

    def __init__(self, protocol: Any, template: Any, namespace: str) -> None:
        self._protocol = protocol
        self._template = template
        self.namespace = namespace
        self.mime_type: str = protocol.mime_type
        header, body = f"{{{namespace}}}Header", f"{{{namespace}}}Body"
        self._layouts = ([body], [header, body])
        around = _serialised(self._document(out_object=[etree.Element("message")]))
        self._before, self._after = around.split(b"<message/>")

    def open(self, envelope: etree._Element) -> etree._Element:
        """The one child of Body. Raises SoapFault."""
        parts = list(envelope.iterchildren(etree.Element))
        if [part.tag for part in parts] not in self._layouts:
            raise SoapFault(
                "an Envelope holds at most one Header, then one Body, and nothing after it (WS-I R1011)"
            )
        messages = list(parts[-1].iterchildren(etree.Element))
        if len(messages) != 1:
            raise SoapFault(f"Body holds {len(messages)} elements; send exactly one message in it")
        for block in parts[0].iterchildren(etree.Element) if len(parts) == 2 else ():
            self._understand(block)
        if not namespace(messages[0]):
            raise SoapFault(f"{messages[0].tag} in Body has no namespace (WS-I R1014); give it that of its schema")
        return messages[0]

    def close(self, text: bytes) -> bytes:
        """An envelope around a message: spyne's own, made once. A message brings every namespace it uses."""
        return self._before + text + self._after

    def fault(self, code: str, reason: str, detail: etree._Element) -> bytes:
        """An envelope around a fault with ``detail`` in it."""
        return _serialised(self._document(out_error=self._protocol.new_fault(code, reason, detail)))

    def _document(self, **out: Any) -> etree._Element:
        context = copy.copy(self._template)  # to make a new one costs more than everything else here
        context.__dict__.update(out)
        self._protocol.serialize(context, self._protocol.RESPONSE)
        document: etree._Element = context.out_document
        return document

    def _understand(self, block: etree._Element) -> None:
        """We process no header block yet, so one that must be understood is not (SOAP 1.1 §4.2.3)."""
        role = block.get(f"{{{self.namespace}}}actor") or block.get(f"{{{self.namespace}}}role")
        if role and role not in _NEXT:
            return
        if block.get(f"{{{self.namespace}}}mustUnderstand", "").strip() in ("1", "true"):
            raise SoapFault(
                f"the header {block.tag} must be understood, and this service does not",
                fault_code="MustUnderstand",
            )


def _serialised(document: etree._Element) -> bytes:
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _protocols() -> dict[str, _Protocol]:
    from spyne import Application, Service, rpc
    from spyne.const.xml import PREFMAP
    from spyne.context import MethodContext
    from spyne.model import AnyXml, ModelBase
    from spyne.model.fault import Fault as SpyneFault
    from spyne.protocol.soap import Soap11, Soap12
    from spyne.server import ServerBase

    class Raw(ModelBase):
        """An element that goes into Body as it is; spyne's AnyXml would be wrapped in its own name."""

    def never_called(_context: Any, _message: Any) -> None:
        """The pipeline does the work; spyne only needs an operation to speak of."""

    operation = rpc(AnyXml, _returns=Raw, _body_style="bare")(never_called)
    exchange = type("Exchange", (Service,), {"exchange": operation})

    def append(_context: Any, _class: Any, element: Any, parent: Any, *_: Any, **__: Any) -> None:
        parent.append(element)

    class Mended:
        """spyne takes a dict for the detail of a fault and knows two codes; ours brings an element."""

        def __init__(self, app: Any = None) -> None:
            super().__init__(app, validator=None, cleanup_namespaces=False)  # type: ignore[call-arg]
            handlers: Any = self.serialization_handlers  # type: ignore[attr-defined]
            handlers[Raw] = append
            handlers[SpyneFault] = self.write_fault

        def new_fault(self, code: str, reason: str, detail: etree._Element) -> Any:
            return SpyneFault(faultcode=code, faultstring=reason, detail=detail)

        def write_fault(self, _context: Any, _class: Any, fault: Any, body: Any, *_: Any, **__: Any) -> None:
            write = _write_fault11 if isinstance(self, Soap11) and not isinstance(self, Soap12) else _write_fault12
            write(body, fault.faultcode, fault.faultstring, fault.detail)

    class Mended11(Mended, Soap11):
        pass

    class Mended12(Mended, Soap12):
        pass

    def build(protocol: Any, envelope_namespace: str) -> _Protocol:
        application = Application(
            [exchange],
            tns="http://iec.ch/TC57/2011/abstract",
            name=type(protocol).__name__,
            in_protocol=type(protocol)(),
            out_protocol=protocol,
        )
        # The envelope declares its own prefix and nothing else; messages bring theirs.
        application.interface.nsmap = {PREFMAP[envelope_namespace]: envelope_namespace}
        template = MethodContext(ServerBase(application), MethodContext.SERVER)
        template.descriptor = next(iter(application.interface.service_method_map.values()))[0]
        return _Protocol(protocol, template, envelope_namespace)

    return {SOAP11: build(Mended11(), SOAP11), SOAP12: build(Mended12(), SOAP12)}


def _write_fault11(body: etree._Element, code: str, reason: str, detail: etree._Element) -> None:
    fault = etree.SubElement(body, f"{{{SOAP11}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"{body.prefix}:{code}"
    etree.SubElement(fault, "faultstring").text = reason
    etree.SubElement(fault, "detail").append(detail)


def _write_fault12(body: etree._Element, code: str, reason: str, detail: etree._Element) -> None:
    fault = etree.SubElement(body, f"{{{SOAP12}}}Fault")
    value = {"Client": "Sender", "Server": "Receiver"}.get(code, code)
    codes = etree.SubElement(fault, f"{{{SOAP12}}}Code")
    etree.SubElement(codes, f"{{{SOAP12}}}Value").text = f"{body.prefix}:{value}"
    text = etree.SubElement(etree.SubElement(fault, f"{{{SOAP12}}}Reason"), f"{{{SOAP12}}}Text")
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    text.text = reason
    etree.SubElement(fault, f"{{{SOAP12}}}Detail").append(detail)


def _mend_importer() -> None:
    """Python 3.12 asks importers for ``find_spec`` alone; that of the six inside spyne has none."""

    class Finder:
        def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
            for importer in sys.meta_path:
                known = getattr(importer, "known_modules", {})
                if name in known and name.startswith("spyne.util.six."):
                    return importlib.util.spec_from_loader(name, importer)  # type: ignore[arg-type]
            return None

    if sys.version_info >= (3, 12) and not any(type(item).__name__ == "Finder" for item in sys.meta_path):
        sys.meta_path.append(Finder())  # type: ignore[arg-type]
