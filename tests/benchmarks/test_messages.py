"""What the bench sends: whole, valid and different every time."""

from pathlib import Path

import pytest
from lxml import etree

from benchmarks.messages import KINDS
from benchmarks.messages.kind import POPULATION, Kind, Own
from benchmarks.messages.requests import IEC, Requests, request
from cim_adapter.schema import Catalogue

EVERY = pytest.mark.parametrize(
    ("kind", "size"),
    [pytest.param(kind, size, id=f"{kind.name}-{size}") for kind in KINDS.values() for size in (*kind.sizes, 3)],
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue([Path(__file__).parents[2] / "xsd"])


def supply(kind: Kind, size: int) -> Requests:
    return Requests(IEC, kind, size, "/soap", "localhost", {"X-API-Key": "k"})


def body_of(data: bytes) -> etree._Element:
    return etree.fromstring(data.split(b"\r\n\r\n", 1)[1])


def texts(tree: etree._Element, *names: str) -> list[str | None]:
    return [element.text for name in names for element in tree.iter(f"{{*}}{name}")]


@EVERY
def test_requests_are_whole_and_valid(kind: Kind, size: int, catalogue: Catalogue) -> None:
    message_id, data = supply(kind, size).next()
    head, body = data.split(b"\r\n\r\n", 1)
    assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert f'SOAPAction: "http://iec.ch/TC57/2011/{kind.noun}/{kind.operation}"'.encode() in head
    tree = body_of(data)
    assert tree.findtext(".//{*}MessageID") == message_id.decode()
    typed = tree[0][0]
    assert etree.QName(typed).localname == kind.operation
    catalogue.check(typed)
    catalogue.check(typed.find("{*}Payload")[0])


@pytest.mark.parametrize("readings", KINDS["readings"].sizes)
def test_no_reading_comes_twice(readings: int) -> None:
    requests = supply(KINDS["readings"], readings)
    ids, bodies = set(), set()
    for _ in range(60):
        message_id, data = requests.next()
        tree = body_of(data)
        found = [
            (one.findtext(".//{*}mRID"), stamp.text)
            for one in tree.iter("{*}MeterReading")
            for stamp in one.iter("{*}timeStamp")
        ]
        assert len(found) == len(set(found)) == readings
        values = texts(tree, "value")
        assert len(values) == len(set(values)) == readings
        ids.add(message_id)
        bodies.add(frozenset(found))
    assert len(ids) == len(bodies) == 60


@pytest.mark.parametrize("kind", ["events", "controls"])
@pytest.mark.parametrize("size", [1, 50])
def test_no_identifier_comes_twice_and_meters_come_again(kind: str, size: int) -> None:
    requests, turns = supply(KINDS[kind], size), 2
    identifiers, meters = [], []
    for _ in range(turns * requests.batches):
        tree = body_of(requests.next()[1])
        identifiers += texts(tree, "MessageID", "issuerTrackingID")
        for element in tree.iter("{*}mRID"):
            owner = etree.QName(element.getparent()).localname
            (meters if owner in ("Assets", "EndDevices") else identifiers).append(element.text)
    assert len(identifiers) == len(set(identifiers)) == turns * (requests.batches + 2 * POPULATION)
    assert len(meters) == turns * POPULATION
    assert len(set(meters)) == POPULATION


@EVERY
def test_a_filled_template_equals_a_built_message(kind: Kind, size: int) -> None:
    message_id, data = supply(kind, size).next()
    own = Own(tail=message_id.decode()[8:], batch="000000", day="2020-01-01")
    sent, built = body_of(data), etree.fromstring(request(IEC, kind, size, own))
    for tree in (sent, built):
        tree.find(".//{*}Timestamp").text = ""
    assert etree.tostring(sent) == etree.tostring(built)
