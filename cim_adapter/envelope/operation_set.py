"""OperationSet: several operations in one message (facts/envelope.md §1.3, §5.4).

Its parts are in the message namespace, also where a typed message carries it in a namespace of its own
(facts/envelope.md §4.2). Like every decoder it goes by local name; the XSD has seen it before.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from cim_adapter.xmltree import children, namespace

OPERATION_SET = "OperationSet"
"""The noun of a message that carries one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One profile document, and what to do with it. ``verb`` and ``noun`` are kept as sent.

    ``element_operation``: a delete that takes away the named attributes and associations alone.
    """

    id: int
    verb: str | None = None
    noun: str | None = None
    element_operation: bool = False
    element: etree._Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSet:
    """``operations`` stand in the order of the document."""

    in_sequence: bool = False
    """enforceMsgSequence: in ascending order of operationId."""
    all_or_nothing: bool = False
    """enforceTransactionalIntegrity."""
    operations: tuple[Operation, ...] = ()

    @property
    def ordered(self) -> tuple[Operation, ...]:
        """The operations in the order in which they are carried out."""
        if not self.in_sequence:
            return self.operations
        return tuple(sorted(self.operations, key=lambda operation: operation.id))


def read_operation_set(element: etree._Element) -> OperationSet:
    """The set in ``element``, which is valid by its XSD."""
    flags: dict[str, bool] = {}
    operations: list[Operation] = []
    for name, child in children(element):
        if name == "Operation":
            operations.append(_operation(child))
        else:
            flags[name] = _is_true(child)
    return OperationSet(
        in_sequence=flags.get("enforceMsgSequence", False),
        all_or_nothing=flags.get("enforceTransactionalIntegrity", False),
        operations=tuple(operations),
    )


def _operation(element: etree._Element) -> Operation:
    own, document = namespace(element), None
    parts: dict[str, etree._Element] = {}
    for name, child in children(element):
        if namespace(child) == own:
            parts[name] = child
        else:
            document = child
    return Operation(
        id=int(parts["operationId"].text or ""),
        verb=_text(parts.get("verb")),
        noun=_text(parts.get("noun")),
        element_operation="elementOperation" in parts and _is_true(parts["elementOperation"]),
        element=document,
    )


def _text(element: etree._Element | None) -> str | None:
    return None if element is None else (element.text or "").strip() or None


def _is_true(element: etree._Element) -> bool:
    return (element.text or "").strip() in ("true", "1")
