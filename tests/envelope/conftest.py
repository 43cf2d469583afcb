"""The contract that everything written must satisfy, and a way to make elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from cim_adapter.envelope import ABSTRACT_NS, MESSAGE_NS, Message, Shape, ShapeReader, read_message
from cim_adapter.schema import Catalogue


@pytest.fixture(scope="session")
def contract() -> Catalogue:
    return Catalogue([Path(__file__).parents[2] / "xsd"])


@pytest.fixture(scope="session")
def recognise() -> Callable[[str], tuple[Shape, etree._Element]]:
    """Shape and carrier of a document in which ``msg:``, ``abs:``, ``t:`` and ``g:`` are declared."""
    declarations = " ".join(
        f'xmlns:{prefix}="{namespace}"'
        for prefix, namespace in {
            "msg": MESSAGE_NS,
            "abs": ABSTRACT_NS,
            "t": "http://iec.ch/TC57/2011/MeterReadingsMessage",
            "g": "http://iec.ch/TC57/2011/GetMeterReadingsMessage",
        }.items()
    )
    reader = ShapeReader()

    def run(xml: str) -> tuple[Shape, etree._Element]:
        return reader.recognise(etree.fromstring(re.sub(r"^<([\w:]+)", rf"<\1 {declarations}", xml)))

    return run


@pytest.fixture(scope="session")
def read() -> Callable[[str], Message]:
    """The message of a RequestMessage with this content."""

    def run(content: str) -> Message:
        return read_message(etree.fromstring(f'<RequestMessage xmlns="{MESSAGE_NS}">{content}</RequestMessage>'))

    return run
