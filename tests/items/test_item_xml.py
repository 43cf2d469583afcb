"""What a Reply tells of items reaches those that it tells of."""

from __future__ import annotations

import pytest
from lxml import etree

from cim_adapter.codes import CodeLists
from cim_adapter.envelope import ID, Error
from cim_adapter.items.event import EventXml
from cim_adapter.items.item_xml import tell_each

EVENTS = EventXml(CodeLists())


def read(*inside):
    """Pairs of an event and its element."""
    elements = [etree.fromstring(f"<EndDeviceEvent>{text}</EndDeviceEvent>") for text in inside]
    return [(EVENTS.read(element), element) for element in elements]


def told(value, **more):
    return Error(
        code="0.0", level="INFORM", reason="closed", id=ID(value=value, object_type="EndDeviceEvent", **more)
    )


def statuses(pairs):
    return [event.status for event, _ in pairs]


def tracking(value, *issuer):
    return (
        "".join(f"<issuerID>{name}</issuerID>" for name in issuer)
        + f"<issuerTrackingID>{value}</issuerTrackingID>"
    )


NAMED = "<Names><name>n</name></Names>"
OF_7 = {"id_type": "issuerTrackingID", "kind": "other"}


@pytest.mark.parametrize(
    ("inside", "error"),
    [
        ("<mRID>e</mRID>" + NAMED, told("e", kind="uuid")),
        (NAMED, told("n", kind="name")),
        (tracking("7"), told("7", **OF_7)),
        (tracking("7", "HES"), told("7", id_authority="HES", **OF_7)),
    ],
)
def test_an_event_is_told_of_by_what_it_is_called(inside, error):
    pairs = read("<mRID>other</mRID>", inside, tracking("7", "OMS"))
    tell_each(EVENTS, pairs, [error])
    assert statuses(pairs) == ["open", "closed", "open"]


def test_where_nobody_can_say_of_which_it_is_told_they_stay_open():
    pairs = read(tracking("7"), tracking("7"), "<mRID>e</mRID>")
    tell_each(EVENTS, pairs, [told("7", **OF_7), told("e", kind="uuid")])
    assert statuses(pairs) == ["open", "open", "closed"]
    tell_each(EVENTS, pairs, [told("7", **OF_7)] * 2)
    assert statuses(pairs) == ["closed"] * 3


def test_what_is_told_of_something_else_is_left_alone():
    pairs = read("<reason>nobody can name this one</reason>")
    tell_each(EVENTS, pairs, [told("e", kind="uuid"), Error(code="0.1", level="INFORM")])
    assert statuses(pairs) == ["open"]
