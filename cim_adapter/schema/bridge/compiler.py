"""From xmlschema's components to plans. Runs once for each type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xmlschema.validators import XsdAnyElement, XsdGroup

from cim_adapter.schema.bridge.plan import GENERIC, Attribute, Child, Kind, Simple, Type, Wildcard, split

_XS = "{http://www.w3.org/2001/XMLSchema}"
_KINDS = {
    f"{_XS}boolean": Kind.BOOLEAN,
    f"{_XS}integer": Kind.INTEGER,
    f"{_XS}decimal": Kind.DECIMAL,
    f"{_XS}float": Kind.FLOAT,
    f"{_XS}double": Kind.FLOAT,
    f"{_XS}QName": Kind.QNAME,
}


class Compiler:
    """Makes plans. Types that refer to themselves do so in the plan, too."""

    def __init__(self) -> None:
        self._types: dict[int, Type] = {}  # by identity: xmlschema compares components by what they say

    def element(self, component: Any) -> Child:
        """The plan of a global element declaration."""
        return self._child(component, at=0, repeated=False, required=True)

    def _child(self, component: Any, *, at: int | None, repeated: bool, required: bool) -> Child:
        type_ = self._type(component.type, component.local_name)
        is_leaf = type_.text is not None and not type_.attributes and not type_.generic
        return Child(
            tag=component.name,
            name=component.local_name,
            type=type_,
            at=at,
            repeated=repeated,
            required=required,
            nillable=component.nillable,
            leaf=type_.text.kind if is_leaf and type_.text and not component.nillable else None,
            component=component,
        )

    def _type(self, component: Any, fallback: str) -> Type:
        known = self._types.get(id(component))
        if known is not None:
            return known
        if component.name == f"{_XS}anyType":
            return GENERIC
        made = Type(
            name=component.local_name or fallback,
            text=_text(component),
            loose=component.is_complex() and component.mixed,
            reorderable=_is_reorderable(component),
            component=component,
        )
        self._types[id(component)] = made
        if component.is_complex():
            self._add_children(made)
            _add_attributes(made)
        return made

    def _add_children(self, type_: Type) -> None:
        for at, (item, repeated, required) in enumerate(_particles(type_.component)):
            if isinstance(item, XsdAnyElement):
                type_.wildcards.append(Wildcard(at=at, allows=item.is_namespace_allowed, component=item))
            elif item.name not in type_.children:
                # Of two namesakes from two namespaces, the second has no member of its own.
                named = item.local_name not in type_.members
                child = self._child(item, at=at if named else None, repeated=repeated, required=required)
                type_.children[child.tag] = child
                type_.members.setdefault(child.name, child)


def _add_attributes(type_: Type) -> None:
    for name, component in type_.component.attributes.items():
        if name is None:  # a wildcard: what it lets in goes by its Clark name
            continue
        taken = name in type_.members
        attribute = Attribute(
            name=name,
            member=f"{{}}{name}" if taken else name,
            simple=_simple(component.type),
            required=component.use == "required",
            component=component,
        )
        type_.attributes[name] = type_.attribute_members[attribute.member] = attribute


def _text(component: Any) -> Simple | None:
    if component.is_simple():
        return _simple(component)
    return _simple(component.content) if component.has_simple_content() else None


def _simple(component: Any) -> Simple:
    """The kind of a simple type is that of the first built-in type it derives from; lists and unions are text."""
    ancestor = component
    while ancestor is not None:
        if ancestor.name in _KINDS:
            return Simple(kind=_KINDS[ancestor.name], component=component)
        ancestor = ancestor.base_type
    return Simple(kind=Kind.TEXT, component=component)


def _particles(component: Any) -> Iterator[tuple[Any, bool, bool]]:
    """Elements and wildcards of a content model in order, with: may it repeat, must it be there."""
    if isinstance(component.content, XsdGroup):
        yield from _flat(component.content, repeated=False, required=True)


def _flat(group: XsdGroup, *, repeated: bool, required: bool) -> Iterator[tuple[Any, bool, bool]]:
    repeated = repeated or _repeats(group)
    required = required and group.min_occurs > 0 and group.model != "choice"
    for item in group:
        if item.max_occurs == 0:
            continue
        if isinstance(item, XsdGroup):
            yield from _flat(item, repeated=repeated, required=required)
        else:
            yield item, repeated or _repeats(item), required and item.min_occurs > 0


def _repeats(item: Any) -> bool:
    return item.max_occurs is None or item.max_occurs > 1


def _is_reorderable(component: Any) -> bool:
    """Whether a group of several repeats, a wildcard repeats, the order is free or a name has two places."""
    if component.is_simple() or component.mixed or not isinstance(component.content, XsdGroup):
        return False
    items = [item for item, _, _ in _particles(component)]
    names = [split(item.name)[1] for item in items if item.name]
    if len(set(names)) < len(names):
        return True
    return any(isinstance(item, XsdAnyElement) and _repeats(item) for item in items) or any(
        group.model == "all" or (_repeats(group) and len(list(_flat(group, repeated=True, required=True))) > 1)
        for group in _groups(component.content)
    )


def _groups(group: XsdGroup) -> Iterator[XsdGroup]:
    yield group
    for item in group:
        if isinstance(item, XsdGroup):
            yield from _groups(item)
