"""Mending profiles: their namespace, their order, and what they have too little or too much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, OPERATION_SET, Dialect
from cim_adapter.partners import Switch
from cim_adapter.schema import Catalogue
from cim_adapter.tolerance.draft import Draft
from cim_adapter.xmltree import children, local, namespace

_WWW, _IEC = "http://www.iec.ch/", "http://iec.ch/"
_OWN = frozenset({"StartTime", "EndTime", "Option", "ID", "OperationSet", "Compressed", "Format", "format"})
_OF_OPERATION = frozenset({"operationId", "noun", "verb", "elementOperation"})
_DEFINITIONS = frozenset({"ReadingType", "ReadingQualityType", "EndDeviceEventType", "EndDeviceControlType"})


def mend_profiles(draft: Draft, catalogue: Catalogue) -> None:
    """All that the profile of the partner allows, in Payload, in its Operations, and in Request."""
    for part, found in list(_profiles(draft)):
        element = _mend_namespace(draft, catalogue, part, found)
        if catalogue.schema_for(element) is not None:
            _mend_content(draft, catalogue, element)


def _profiles(draft: Draft) -> Iterator[tuple[etree._Element, etree._Element]]:
    """(part, profile element), also of those that are in the envelope's namespace by mistake."""
    for name, part in children(draft.carrier):
        if name in ("Payload", "Request"):
            own = (MESSAGE_NS, namespace(part))
            for found, child in children(part):
                if not (found in _OWN and namespace(child) in own):
                    yield part, child
                elif found == OPERATION_SET:
                    yield from _documents(child)


def _documents(operations: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    """(Operation, profile element) of a set."""
    for found, operation in children(operations):
        for name, child in children(operation) if found == "Operation" else ():
            if not (name in _OF_OPERATION and namespace(child) == MESSAGE_NS):
                yield operation, child


# --------------------------------------------------------------------------------------- namespaces


def _mend_namespace(
    draft: Draft, catalogue: Catalogue, part: etree._Element, element: etree._Element
) -> etree._Element:
    """The profile, or what has taken its place."""
    found, name = namespace(element), local(element)
    if found in (MESSAGE_NS, namespace(part), ""):
        switch, home = Switch.PROFILE_UNQUALIFIED, _home(catalogue, name)
    elif catalogue.schema_for(element) is not None:
        return element
    elif found.startswith(_WWW) and (plain := found.replace(_WWW, _IEC, 1)) in catalogue.homes_of(name):
        switch, home = Switch.PROFILE_WWW, plain
    else:
        switch, home = Switch.PROFILE_NAMESPACE, _home(catalogue, name)
    if home is None or not draft.allows(switch):
        return element
    draft.note(switch, element)
    if switch is Switch.PROFILE_WWW:
        draft.shape = msgspec.structs.replace(
            draft.shape, dialect=replace(draft.shape.dialect or Dialect(), www=True)
        )
    moved = _rehomed(element, home)
    part.replace(element, moved)
    return moved


def _rehomed(element: etree._Element, home: str) -> etree._Element:
    """A copy in the namespace ``home``; what is in foreign ones stays there.

    Elements that are renamed in place keep declarations of their old namespace, and lxml may write those
    down for the new one when they are moved.
    """
    own = namespace(element)
    prefixes = {prefix: name for prefix, name in element.nsmap.items() if prefix and prefix != "m"}
    root = etree.Element(f"{{{home}}}{local(element)}", nsmap={**prefixes, "m": home})
    waiting = [(element, root)]
    while waiting:
        old, new = waiting.pop()
        new.text, new.tail, new.sourceline = old.text, old.tail, old.sourceline
        for name, value in old.items():
            new.set(name, value)
        for child in old:
            tag = f"{{{home}}}{local(child)}" if namespace(child) == own else child.tag
            waiting.append((child, etree.SubElement(new, tag)))
    return root


def _home(catalogue: Catalogue, name: str) -> str | None:
    """Where a profile of this name is at home: in the namespace of 2011, else in the first there is."""
    homes = catalogue.homes_of(name)
    usual = f"{_IEC}TC57/2011/{name}#"
    return usual if usual in homes else next(iter(homes), None)


# ------------------------------------------------------------------------------------------ content


def _mend_content(draft: Draft, catalogue: Catalogue, root: etree._Element) -> None:
    orders: dict[str, tuple[str, ...]] = {}

    def insert(parent: etree._Element, child: etree._Element) -> None:
        order = orders.get(parent.tag)
        if order is None:
            order = orders[parent.tag] = catalogue.order(root, parent)
        _insert(parent, child, order)

    if draft.allows(Switch.END_DEVICE_ACTION):
        for control in root.iter(f"{{{namespace(root)}}}EndDeviceControl"):
            _read_action(draft, control, insert)
    if draft.allows(Switch.UNNAMED_DEFINITIONS):
        _name_definitions(draft, root, insert)
    if local(root) in ("EndDeviceEvents", "MeterReadings"):
        for event in _events(root):
            _complete_event(draft, event, insert)
    reorder, remove = draft.allows(Switch.PROFILE_ORDER), draft.allows(Switch.VENDOR_ELEMENTS)
    if reorder or remove:
        done = catalogue.arrange(root, reorder=reorder, remove=remove, kept=("EndDeviceAction",))
        for element in done.ordered:
            draft.note(Switch.PROFILE_ORDER, element)
        for element, name in done.removed:
            draft.note(Switch.VENDOR_ELEMENTS, element, name)


_Insert = Callable[[etree._Element, etree._Element], None]


def _insert(parent: etree._Element, child: etree._Element, order: tuple[str, ...]) -> None:
    """At the place that the XSD has for it; at the end where it has none."""
    own = order.index(local(child)) if local(child) in order else len(order)
    later = (other for other in parent if local(other) in order and order.index(local(other)) > own)
    at = next(later, None)
    if at is None:
        parent.append(child)
    else:
        at.addprevious(child)


def _made(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """A new element in the namespace of ``parent``, not yet in it."""
    made = etree.Element(f"{{{namespace(parent)}}}{name}")
    made.text = text
    return made


def _read_action(draft: Draft, control: etree._Element, insert: _Insert) -> None:
    """Its start and duration must not be lost: a control that is to wait must not be done at once."""
    parts = dict(children(control))
    action = parts.get("EndDeviceAction")
    if action is None:
        return
    draft.note(Switch.END_DEVICE_ACTION, action)
    control.remove(action)
    given = {name: child.text for name, child in children(action)}
    if "primaryDeviceTiming" in parts or given.keys().isdisjoint(
        ("duration", "durationIndefinite", "startDateTime")
    ):
        return
    timing = _made(control, "primaryDeviceTiming")
    for name in ("duration", "durationIndefinite"):
        if name in given:
            timing.append(_made(control, name, given[name]))
    if "startDateTime" in given:
        interval = _made(control, "interval")
        interval.append(_made(control, "start", given["startDateTime"]))
        timing.append(interval)
    insert(control, timing)


def _name_definitions(draft: Draft, root: etree._Element, insert: _Insert) -> None:
    for name, definition in children(root):
        parts = dict(children(definition))
        if name in _DEFINITIONS and "mRID" in parts and "Names" not in parts:
            draft.note(Switch.UNNAMED_DEFINITIONS, definition)
            names = _made(definition, "Names")
            names.append(_made(definition, "name", parts["mRID"].text))
            insert(definition, names)


def _events(root: etree._Element) -> Iterator[etree._Element]:
    """Events of devices, in a profile of their own and beside readings."""
    for name, child in children(root):
        if name == "EndDeviceEvent":
            yield child
        elif name == "MeterReading":
            yield from child.iterchildren(f"{{{namespace(root)}}}EndDeviceEvents")


def _complete_event(draft: Draft, event: etree._Element, insert: _Insert) -> None:
    names = {name for name, _ in children(event)}
    if "createdDateTime" not in names and draft.allows(Switch.EVENT_TIME):
        draft.note(Switch.EVENT_TIME, event)
        header = draft.part("Header")
        stamp = None if header is None else header.findtext(f"{{{MESSAGE_NS}}}Timestamp")
        insert(event, _made(event, "createdDateTime", stamp or datetime.now(UTC).isoformat(timespec="seconds")))
    if "EndDeviceEventType" not in names and draft.allows(Switch.EVENT_TYPE):
        draft.note(Switch.EVENT_TYPE, event)
        insert(event, _made(event, "EndDeviceEventType"))
