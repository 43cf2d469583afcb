"""Answers in parts (facts/envelope.md §5.1) to a get of each kind of noun; readings: ``readings/test_parts``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
from lxml import etree

from cim_adapter.store import pages
from cim_adapter.store.sealing import Vault

BASE = "http://iec.ch/TC57/2011/"
SEVEN = range(7)


@dataclass(frozen=True)
class Things:
    """Seven things of a noun: how they come, what asks for all of them, and where in an answer they are named."""

    payload: str
    query: str
    names: str


def each(template: str) -> str:
    return "".join(template.format(n=n) for n in SEVEN)


METER = "<Meter><mRID>m-{n}</mRID></Meter>"
THINGS = {
    "MeterConfig": Things(each(METER), "", "Meter/mRID"),
    "CustomerConfig": Things(each("<Customer><mRID>c-{n}</mRID></Customer>"), "", "Customer/mRID"),
    "EndDeviceEvents": Things(
        each(
            "<EndDeviceEvent><mRID>e-{n}</mRID><createdDateTime>2026-03-0{n}T00:00:00Z</createdDateTime>"
            '<Assets><mRID>m</mRID></Assets><EndDeviceEventType ref="3.26.0.85"/></EndDeviceEvent>'
        ).replace("-00T", "-09T"),
        "<Meter><mRID>m</mRID></Meter>",
        "EndDeviceEvent/mRID",
    ),
    "EndDeviceControls": Things(
        each(
            '<EndDeviceControl><mRID>k-{n}</mRID><EndDeviceControlType ref="3.31.0.23"/>'
            "<EndDevices><mRID>m</mRID></EndDevices></EndDeviceControl>"
        ),
        "<Meter><mRID>m</mRID></Meter>",
        "EndDeviceControl/mRID",
    ),
    "MasterDataLinkageConfig": Things(
        "<ConfigurationEvent><effectiveDateTime>2026-03-01T00:00:00Z</effectiveDateTime></ConfigurationEvent>"
        + each(METER)
        + "<UsagePoint><mRID>u</mRID></UsagePoint>",
        "<UsagePoint><mRID>u</mRID></UsagePoint>",
        "Meter/mRID",
    ),
}
SCHEDULE = (
    "<EndDevice><mRID>m-{n}</mRID></EndDevice><TimeSchedule><recurrencePattern>daily</recurrencePattern>"
    "<scheduleInterval><start>2026-03-01T00:00:00Z</start></scheduleInterval></TimeSchedule>"
)
NOUNS = [*THINGS, "MeterReadSchedule"]


@pytest.fixture
def get(ask):
    """``get(noun, query, size=…, after=…)`` → the reply; ``after`` is the part before."""

    def send(noun, query="", *, size=None, after=None, more=""):
        options = {} if size is None else {"partSize": str(size)}
        if after is not None:
            (options["continuation"],) = continuations(after)
        given = "".join(
            f"<Option><name>{name}</name><value>{value}</value></Option>" for name, value in options.items()
        )
        name = f"Get{noun}"
        return ask("get", noun, request=f'{more}{given}<{name} xmlns="{BASE}{name}#">{query}</{name}>')

    return send


@pytest.fixture
def parts(get) -> Callable[..., list]:
    """Every part of an answer."""

    def all_of(noun, query="", *, size=None):
        found = [get(noun, query, size=size)]
        while continuations(found[-1]):
            found.append(get(noun, query, size=size, after=found[-1]))
        return found

    return all_of


@pytest.fixture
def made(ask):
    """``made(noun)``: its seven things are there; what asks for them, and where they are named."""

    def make(noun) -> tuple[str, str]:
        if noun == "MeterReadSchedule":
            for n in SEVEN:
                assert ask("create", noun, SCHEDULE.format(n=n)).reply.result == "OK"
            return "", "EndDevice/mRID"
        things = THINGS[noun]
        reply = ask("create", noun, things.payload).reply
        assert reply.result == "OK", reply.errors
        return things.query, things.names

    return make


def continuations(message):
    return [given.value for given in message.reply.ids if given.id_type == "continuation"]


def codes(message):
    return [error.code for error in message.reply.errors if error.code != "0.0"]


def named(message, path):
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    elements = message.payload.elements if message.payload else ()
    return [found.text for element in elements for found in element.xpath(f"./{steps}")]


@pytest.mark.parametrize("noun", NOUNS)
def test_each_is_told_once(made, parts, noun, contract):
    query, names = made(noun)
    (whole,) = parts(noun, query)
    cut = parts(noun, query, size=3)
    assert (whole.reply.result, [codes(part) for part in cut]) == ("OK", [["0.1"], ["0.1"], ["0.2"]])
    assert {part.reply.result for part in cut} == {"PARTIAL"}
    assert [len(named(part, names)) for part in cut] == [3, 3, 1]
    told = [name for part in cut for name in named(part, names)]
    assert sorted(told) == sorted(named(whole, names))
    assert len(set(told)) == 7
    for part in cut:
        for element in part.payload.elements:
            contract.check(etree.fromstring(etree.tostring(element)))


@pytest.mark.parametrize("noun", NOUNS)
def test_a_configured_size_cuts_without_being_asked(made, parts, noun, adapter):
    query, names = made(noun)
    object.__setattr__(adapter.settings, "max_objects", 4)
    assert [len(named(part, names)) for part in parts(noun, query)] == [4, 3]
    assert [len(named(part, names)) for part in parts(noun, query, size=1_000)] == [4, 3]


@pytest.mark.parametrize("noun", NOUNS)
def test_the_store_is_asked_in_pages(made, parts, noun, monkeypatch):
    query, names = made(noun)
    monkeypatch.setattr(pages, "_AT_ONCE", 2)
    monkeypatch.setattr(pages, "_LEAST", 2)
    (whole,) = parts(noun, query)
    assert len(set(named(whole, names))) == len(named(whole, names)) == 7


@pytest.mark.parametrize("noun", NOUNS)
def test_a_continuation_is_of_its_own_question(made, get, noun):
    query, _ = made(noun)
    first = get(noun, query, size=2)
    other = get(noun, query, size=3, after=first)
    assert (other.reply.result, codes(other)) == ("FAILED", ["2.15"])


@pytest.mark.parametrize("noun", NOUNS)
def test_a_continuation_of_another_release_is_none(made, get, noun, monkeypatch):
    seal = Vault.seal

    def earlier(vault, value, row):
        return seal(
            vault, msgspec.msgpack.encode(["of", "then"]) if row.startswith("continuation/") else value, row
        )

    query, _ = made(noun)
    with monkeypatch.context() as then:
        then.setattr(Vault, "seal", earlier)
        first = get(noun, query, size=2)
    second = get(noun, query, size=2, after=first)
    assert (second.reply.result, codes(second)) == ("FAILED", ["2.15"])


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5", "１"])
def test_a_part_size_that_is_none(get, size):
    assert codes(get("MeterConfig", size=size)) == ["1.6"]


@pytest.mark.parametrize("noun", ["MeterConfig", "EndDeviceEvents", "EndDeviceControls"])
def test_what_is_not_known_is_told_in_the_first_part(made, parts, noun):
    query, _ = made(noun)
    query += "<Meter><mRID>nobody</mRID></Meter>"
    if noun == "MeterConfig":
        query += each(METER)
    cut = parts(noun, query, size=3)
    assert [codes(part) for part in cut] == [["0.1", "2.4"], ["0.1"], ["0.2"]]


def test_states_of_controls_are_told_with_them(made, parts):
    query, _ = made("EndDeviceControls")
    told = [
        [error.related_id.value for error in part.reply.errors if error.related_id]
        for part in parts("EndDeviceControls", query, size=3)
    ]
    assert [len(those) for those in told] == [3, 3, 1]
    assert len({name for those in told for name in those}) == 7


def test_a_part_has_room_for_the_devices_of_its_controls(ask, parts):
    devices = each("<EndDevices><mRID>m-{n}</mRID></EndDevices>")
    control = '<EndDeviceControl><mRID>{}</mRID><EndDeviceControlType ref="3.31.0.23"/>{}</EndDeviceControl>'
    ask("create", "EndDeviceControls", "".join(control.format(name, devices) for name in "abc"))
    for size, sizes in ((7, [1, 1, 1]), (14, [2, 1]), (2, [1, 1, 1])):
        cut = parts("EndDeviceControls", "<Meter><mRID>m-1</mRID></Meter>", size=size)
        assert [len(named(part, "EndDeviceControl/mRID")) for part in cut] == sizes


def test_all_parts_of_master_data_are_of_one_time(ask, made, get):
    made("MeterConfig")
    first = get("MeterConfig", size=3)
    told = set(named(first, "Meter/mRID"))
    left = sorted({f"m-{n}" for n in SEVEN} - told)
    ask("change", "MeterConfig", f"<Meter><mRID>{min(told)}</mRID><type>new</type></Meter>")
    ask("delete", "MeterConfig", request=f"<ID>{left[0]}</ID>")
    ask("create", "MeterConfig", "<Meter><mRID>late</mRID></Meter>")
    second = get("MeterConfig", size=3, after=first)
    third = get("MeterConfig", size=3, after=second)
    assert sorted(named(second, "Meter/mRID") + named(third, "Meter/mRID")) == left


def test_what_is_gone_before_its_part_is_not_told(ask, made, get):
    query, names = made("EndDeviceEvents")
    first = get("EndDeviceEvents", query, size=6)
    (left,) = {f"e-{n}" for n in SEVEN} - set(named(first, names))
    ask("delete", "EndDeviceEvents", request=f"<ID>{left}</ID>")
    last = get("EndDeviceEvents", query, size=6, after=first)
    assert (last.reply.result, last.payload, codes(last)) == ("PARTIAL", None, ["0.2", "5.7"])


def test_what_is_found_in_two_ways_is_told_once(ask, monkeypatch):
    event = (
        "<EndDeviceEvent><mRID>e-{n}</mRID><createdDateTime>2026-03-01T00:0{n}:00Z</createdDateTime><Assets>"
        '<mRID>m</mRID></Assets><EndDeviceEventType ref="3.26.0.85"/><UsagePoint><mRID>u</mRID></UsagePoint>'
        "</EndDeviceEvent>"
    )
    ask("create", "EndDeviceEvents", each(event))
    monkeypatch.setattr(pages, "_AT_ONCE", 2)
    monkeypatch.setattr(pages, "_LEAST", 2)
    found = ask("get", "EndDeviceEvents", request="<ID>m</ID><ID>u</ID><ID>e-3</ID>")
    assert named(found, "EndDeviceEvent/mRID") == [f"e-{n}" for n in SEVEN]
