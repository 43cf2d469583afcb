"""MasterDataLinkageConfig from the pipeline's door to the database and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cim_adapter import Adapter, instants
from cim_adapter.envelope import Result
from cim_adapter.nouns.linkage.xml import NAMESPACE, read_linkage
from cim_adapter.xmltree import children, texts

QUERY = "http://iec.ch/TC57/2011/GetMasterDataLinkageConfig#"
NOUN = "MasterDataLinkageConfig"


def parts(**named):
    """``parts(Meter="m-1")``: elements in the order of the schema; a list for several of one name."""
    return "".join(
        f"<{name}><mRID>{mrid}</mRID></{name}>"
        for name in sorted(named)
        for mrid in (named[name] if isinstance(named[name], list) else [named[name]])
    )


def at(day):
    return f"2026-03-{day:02}T00:00:00Z"


def linkage(day=None, **named):
    """A set of objects; the event's place is between those of the alphabet."""
    early = {name: mrid for name, mrid in named.items() if name < "ConfigurationEvent"}
    late = {name: mrid for name, mrid in named.items() if name not in early}
    event = "" if day is None else f"<effectiveDateTime>{at(day)}</effectiveDateTime>"
    event = event and f"<ConfigurationEvent>{event}</ConfigurationEvent>"
    return f'<{NOUN} xmlns="{NAMESPACE}">{parts(**early)}{event}{parts(**late)}</{NOUN}>'


@pytest.fixture
def send(exchange):
    """The Reply to a message about links."""

    def run(verb, *sets, **more):
        return exchange.send(verb, noun=NOUN, payload="".join(sets), **more)

    return run


@pytest.fixture
def outcome(send):
    """Result and (code, kind, object) of each error."""

    def run(verb, *sets, **more):
        reply = send(verb, *sets, **more).reply
        errors = [
            (e.code, e.id and e.id.object_type, e.id and e.id.value) for e in reply.errors if e.code != "0.0"
        ]
        return (reply.result.value, *errors)

    return run


@pytest.fixture
def told(send, contract):
    """What a get tells: (names of the objects, start, end) of each set; every one is schema-valid."""

    def run(start=None, end=None, **named):
        window = (
            f"<TimeSchedule><scheduleInterval><end>{at(end)}</end><start>{at(start)}</start></scheduleInterval></TimeSchedule>"
            if start
            else ""
        )
        early = {name: mrid for name, mrid in named.items() if name < "TimeSchedule"}
        late = {name: mrid for name, mrid in named.items() if name not in early}
        message = send(
            "get", request=f'<Get{NOUN} xmlns="{QUERY}">{parts(**early)}{window}{parts(**late)}</Get{NOUN}>'
        )
        return [shown(element, contract) for element in (message.payload.elements if message.payload else ())]

    return run


def shown(element, contract):
    contract.check(element)
    names = {str(identity) for _, identity in read_linkage(element).objects}
    event = next(child for name, child in children(element) if name == "ConfigurationEvent")
    status = next((texts(child) for name, child in children(event) if name == "status"), {})
    return names, texts(event)["effectiveDateTime"][8:10], status.get("dateTime", "")[8:10]


def test_linked_objects_are_told_from_either_side(outcome, told):
    assert outcome("create", linkage(1, Meter="m", UsagePoint="p")) == ("OK",)
    assert told(Meter="m") == [({"m", "p"}, "01", "")]
    assert told(UsagePoint="p") == [({"m", "p"}, "01", "")]
    assert told(EndDevice="m") == [({"m", "p"}, "01", "")], "EndDevice and Meter are one kind of object"


def test_what_begins_at_one_time_is_told_in_the_order_of_the_request(outcome, told):
    meters = [f"m-{n}" for n in range(8)]
    assert outcome("create", linkage(1, Meter=meters, UsagePoint="p")) == ("OK",)
    for asked in (meters, meters[::-1], meters[3:] + meters[:3]):
        assert told(Meter=asked) == [({meter, "p"}, "01", "") for meter in asked]


@pytest.mark.parametrize(
    ("create", "change", "close"), [("create", "change", "close"), ("created", "changed", "closed")]
)
def test_a_meter_is_exchanged(outcome, told, create, change, close):
    assert outcome(create, linkage(1, Meter="old", UsagePoint="p")) == ("OK",)
    assert outcome(change, linkage(10, Meter="new", UsagePoint="p")) == ("OK",)
    assert told(UsagePoint="p") == [({"new", "p"}, "10", "")]
    assert told(1, 31, UsagePoint="p") == [({"old", "p"}, "01", "10"), ({"new", "p"}, "10", "")]
    assert told(1, 5, UsagePoint="p") == [({"old", "p"}, "01", "10")]
    assert outcome(close, linkage(20, Meter="new", UsagePoint="p")) == ("OK",)
    assert told(21, 31, UsagePoint="p") == []


def test_all_of_a_set_are_linked_but_those_of_one_kind(outcome, told):
    assert outcome("create", linkage(1, Meter=["m-1", "m-2"], Customer="c", UsagePoint="p")) == ("OK",)
    assert told(UsagePoint="p") == [({"m-1", "m-2", "c", "p"}, "01", "")]
    assert told(Meter="m-1") == [({"m-1", "c", "p"}, "01", "")]


def test_change_keeps_what_stays_and_what_is_of_other_kinds(outcome, told):
    outcome("create", linkage(1, Meter="m", UsagePoint="p", ServiceLocation="s"))
    assert outcome("change", linkage(10, Meter="m", UsagePoint="p", Customer="c")) == ("OK",)
    assert told(1, 31, Meter="m") == [({"m", "p", "s"}, "01", ""), ({"m", "c"}, "10", "")]


def test_a_meter_that_moves_leaves_its_usage_point(outcome, told):
    outcome("create", linkage(1, Meter="m", UsagePoint="p-1"))
    assert outcome("change", linkage(10, Meter="m", UsagePoint="p-2")) == ("OK",)
    assert told(1, 31, UsagePoint="p-1") == [({"m", "p-1"}, "01", "10")]
    assert told(Meter="m") == [({"m", "p-2"}, "10", "")]


def test_without_an_effective_time_the_header_says_when(outcome, told):
    outcome("create", linkage(Meter="m", UsagePoint="p"), header=f"<Timestamp>{at(7)}</Timestamp>")
    assert told(Meter="m") == [({"m", "p"}, "07", "")]


def test_without_any_time_it_is_now(send, outcome, told):
    before = instants.now()
    outcome("create", linkage(Meter="m", UsagePoint="p"))
    (element,) = send("get", request='<ID objectType="UsagePoint">p</ID>').payload.elements
    # Answers give milliseconds.
    assert before - 1000 <= read_linkage(element).start <= instants.now()


def test_linked_again_nothing_changes(outcome, told):
    for _ in range(2):
        assert outcome("create", linkage(5, Meter="m", UsagePoint="p")) == ("OK",)
    assert outcome("create", linkage(1, Meter="m", UsagePoint="p")) == ("OK",)
    assert told(Meter="m", UsagePoint="p") == [({"m", "p"}, "05", "")]
    assert told(1, 4, Meter="m") == [({"m", "p"}, "01", "05")]


def test_several_sets_in_one_message(outcome, told):
    answer = outcome(
        "create",
        linkage(1, Meter="m-1", UsagePoint="p-1"),
        linkage(1, Meter="m-2"),
        linkage(2, Meter="m-3", UsagePoint="p-3"),
    )
    assert answer == ("PARTIAL", ("1.7", None, None))
    assert told(UsagePoint=["p-1", "p-3"]) == [({"m-1", "p-1"}, "01", ""), ({"m-3", "p-3"}, "02", "")]


def test_objects_of_different_kinds_narrow_one_another(outcome, told):
    outcome(
        "create", linkage(1, Meter="m-1", UsagePoint="p"), linkage(1, Meter="m-2", UsagePoint="p", Customer="c")
    )
    assert told(Meter=["m-1", "m-2"], Customer="c") == [({"m-2", "p", "c"}, "01", "")]


# ------------------------------------------------------------------------------------------- closing


def test_links_of_a_message_are_closed(outcome, told, send):
    outcome("create", linkage(1, Meter="m", UsagePoint="p", Customer="c"), message_id="id-1")
    closed = "<ID kind='transaction'>id-1</ID>"
    assert outcome("close", request=closed, header=f"<Timestamp>{at(10)}</Timestamp>") == ("OK",)
    assert told(1, 31, Meter="m") == [({"m", "p", "c"}, "01", "10")]
    (element,) = send("get", request=closed).payload.elements
    assert {str(identity) for _, identity in read_linkage(element).objects} == {"m", "p", "c"}


def test_what_is_wrong_with_a_close(outcome):
    outcome("create", linkage(5, Meter="m", UsagePoint="p"), message_id="id-1")
    outcome("create", linkage(5, Meter="other", UsagePoint="q"))
    assert outcome("close", linkage(9, Meter="m", UsagePoint="q")) == (
        "FAILED",
        ("2.29", "Meter", "m"),
        ("2.29", "UsagePoint", "q"),
    )
    assert outcome("close", linkage(9, Meter="m", UsagePoint="nowhere")) == (
        "FAILED",
        ("2.29", "Meter", "m"),
        ("2.12", "UsagePoint", "nowhere"),
    )
    assert outcome("close", linkage(9, Meter="m", UsagePoint="p", Customer="nobody")) == (
        "PARTIAL",
        ("2.22", "Customer", "nobody"),
    )
    assert outcome("close", linkage(9, Meter="m", UsagePoint="p"))[0] == "FAILED", "closed already"
    assert outcome("close", request="<ID kind='transaction'>id-1</ID>") == ("FAILED", ("2.29", None, "id-1"))
    assert outcome("close", request="<ID kind='transaction'>none</ID>") == ("FAILED", ("2.15", None, "none"))
    assert outcome("close", request="<ID>m</ID>") == ("FAILED", ("1.6", None, None))


@pytest.mark.parametrize("verb", ["cancel", "delete", "canceled", "deleted"])
def test_a_link_that_never_was(outcome, told, verb):
    outcome("create", linkage(5, Meter="m", UsagePoint="p"), message_id="id-1")
    outcome("create", linkage(5, Meter="m", Customer="c"), message_id="id-2")
    assert outcome(verb, linkage(20, Meter="m", UsagePoint="p")) == ("OK",)
    assert told(1, 31, Meter="m") == [({"m", "c"}, "05", "")]
    if not verb.endswith("ed"):
        assert outcome(verb, request="<ID kind='transaction'>id-1</ID>") == ("FAILED", ("2.29", None, "id-1"))
        assert outcome(verb, request="<ID kind='transaction'>id-2</ID>") == ("OK",)
        assert told(1, 31, Meter="m") == []


@pytest.mark.parametrize("verb", ["closed", "canceled", "deleted"])
def test_an_event_of_what_is_not_linked_is_so_already(outcome, verb):
    outcome("create", linkage(5, Meter="m", Customer="c"))
    assert outcome(verb, linkage(20, Meter="m", UsagePoint="nowhere")) == ("OK",)
    assert outcome(verb, linkage(20, Meter="m"), linkage(20, Meter="m", UsagePoint="p")) == (
        "PARTIAL",
        ("1.7", None, None),
    )


# ------------------------------------------------------------------------------------- contradictions


def test_a_meter_measures_one_usage_point_at_a_time(send, told):
    send("create", linkage(1, Meter="m", UsagePoint="p-1"))
    reply = send("create", linkage(10, Meter="m", UsagePoint="p-2", Customer="c")).reply
    (error,) = reply.errors
    assert (reply.result, error.code) == (Result.FAILED, "2.13")
    assert (error.id.object_type, error.id.value) == ("Meter", "m")
    assert (error.related_id.object_type, error.related_id.value) == ("UsagePoint", "p-1")
    assert "m is to be linked to p-2, but is linked to p-1 from 2026-03-01T00:00:00.000Z on" in error.reason
    assert told(Meter="m") == [({"m", "p-1"}, "01", "")], "nothing of the set was linked"
    send("close", linkage(10, Meter="m", UsagePoint="p-1"))
    assert send("create", linkage(10, Meter="m", UsagePoint="p-2")).reply.result is Result.OK


def test_a_usage_point_has_several_meters(outcome, told):
    outcome("create", linkage(1, Meter="m-1", UsagePoint="p"))
    assert outcome("create", linkage(2, Meter="m-2", UsagePoint="p")) == ("OK",)
    assert told(UsagePoint="p") == [({"m-1", "p"}, "01", ""), ({"m-2", "p"}, "02", "")]


@pytest.mark.parametrize(
    ("many", "single", "code"),
    [
        ("Meter", "UsagePoint", "2.13"),
        ("Meter", "ServiceLocation", "2.17"),
        ("ComModule", "Meter", "2.18"),
        ("CustomerAccount", "Customer", "2.23"),
        ("CustomerAgreement", "CustomerAccount", "2.25"),
    ],
)
@pytest.mark.parametrize("verb", ["create", "change"])
def test_a_set_must_not_contradict_itself(outcome, verb, many, single, code):
    answer = outcome(verb, linkage(1, **{many: "one", single: ["first", "second"]}))
    assert answer == ("FAILED", (code, many, "one"))
    assert outcome(verb, linkage(1, **{many: ["a", "b"], single: "one"})) == ("OK",)


def test_a_set_says_something(outcome):
    unnamed = f'<{NOUN} xmlns="{NAMESPACE}"><Meter/><UsagePoint><mRID>p</mRID></UsagePoint></{NOUN}>'
    for one in (linkage(1, Meter="m"), linkage(1, Meter=["m-1", "m-2"]), linkage(1), unnamed):
        assert outcome("create", one) == ("FAILED", ("1.7", None, None))
    assert outcome("create") == ("FAILED", ("1.7", None, None))


def test_a_set_does_not_make_more_links_than_is_sane(outcome):
    many = [f"m-{n}" for n in range(60)]
    assert outcome("create", linkage(1, Meter=many, Customer=[f"c-{n}" for n in range(60)]))[1][0] == "3.1"
    assert outcome("create", linkage(1, Meter=many, UsagePoint="p")) == ("OK",)


def test_what_a_get_says_of_those_who_have_no_links(outcome):
    outcome("create", linkage(1, Meter="m", UsagePoint="p"))
    outcome("close", linkage(2, Meter="m", UsagePoint="p"))

    def get(request):
        return outcome("get", request=request)

    assert get("<ID>m</ID>") == ("FAILED", ("5.7", "Meter", "m"))
    assert get("<ID>nobody</ID>") == ("FAILED", ("2.4", "Meter", "nobody"))
    assert get("<ID kind='transaction'>nothing</ID>") == ("FAILED", ("2.15", None, "nothing"))
    assert get(f"<StartTime>{at(1)}</StartTime><EndTime>{at(2)}</EndTime><ID>m</ID><ID>nobody</ID>") == (
        "PARTIAL",
        ("2.4", "Meter", "nobody"),
    )
    assert get("")[1][0] == "1.6"
    assert get(f'<Get{NOUN} xmlns="{QUERY}"/>')[1][0] == "1.6"


def test_of_two_processes_that_link_one_meter_one_comes_too_late(settings, exchange, outcome):
    """Each sees what the other has committed before it links."""
    meters = [f"m-{n}" for n in range(40)]
    outcome("create", linkage(1, Meter=meters, Customer=["p-1", "p-2"]))
    outcome("create", linkage(1, Customer="c", UsagePoint=["p-1", "p-2"]))
    together = Barrier(2)

    def create(sender, point):
        results = []
        for meter in meters:
            together.wait(60)
            payload = linkage(2, Meter=meter, UsagePoint=point)
            results.append(sender.send("create", noun=NOUN, payload=payload).reply.code)
        return results

    with Adapter(settings) as other, ThreadPoolExecutor(2) as both:
        mine, theirs = both.submit(create, exchange, "p-1"), both.submit(create, type(exchange)(other), "p-2")
        outcomes = [set(pair) for pair in zip(mine.result(), theirs.result(), strict=True)]
    assert outcomes == [{"0.0", "2.13"}] * len(meters)
