"""EndDeviceEvents through the pipeline: stored, asked for, closed; and what they tell of controls."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from cim_adapter.store import device_events

QUERY = "http://iec.ch/TC57/2011/GetEndDeviceEvents#"
OUTAGE, TAMPER = "3.26.0.85", "3.12.0.257"


def named(name, kind=None):
    type_ = f"<NameType><name>{kind}</name></NameType>" if kind else ""
    return f"<Names><name>{name}</name>{type_}</Names>"


def event(
    mrid="e-1",
    meter="m-1",
    *,
    at="2026-03-07T16:42:10Z",
    type_=OUTAGE,
    tracking=None,
    issuer=None,
    reason=None,
    severity=None,
    names="",
    point=None,
):
    inside = f"<mRID>{mrid}</mRID>" if mrid else ""
    inside += f"<createdDateTime>{at}</createdDateTime>"
    inside += f"<issuerID>{issuer}</issuerID>" if issuer else ""
    inside += f"<issuerTrackingID>{tracking}</issuerTrackingID>" if tracking else ""
    inside += f"<reason>{reason}</reason>" if reason else ""
    inside += f"<severity>{severity}</severity>" if severity else ""
    inside += f"<Assets><mRID>{meter}</mRID></Assets>" if meter else ""
    inside += f'<EndDeviceEventType ref="{type_}"/>{names}'
    inside += f"<UsagePoint><mRID>{point}</mRID></UsagePoint>" if point else ""
    return f"<EndDeviceEvent>{inside}</EndDeviceEvent>"


@pytest.fixture
def send(ask):
    """``send(verb, event(…), …)`` → the reply."""
    return lambda verb, *items, **more: ask(verb, "EndDeviceEvents", "".join(items), **more)


@pytest.fixture
def get(ask):
    """``get(filter)`` → the reply to a get with this query profile."""

    def send(content="", more=""):
        request = f'{more}<GetEndDeviceEvents xmlns="{QUERY}">{content}</GetEndDeviceEvents>'
        return ask("get", "EndDeviceEvents", request=request)

    return send


def said(reply):
    return [(error.code, error.id and error.id.value) for error in reply.reply.errors]


def mrids(reply):
    return [e.text for p in (reply.payload.elements if reply.payload else ()) for e in p.xpath("*/*[1]")]


def marks(reply):
    """Event → what became of it."""
    return {e.id.value: e.reason for e in reply.reply.errors if (e.code, e.level) == ("0.0", "INFORM") and e.id}


# ------------------------------------------------------------------------------------------ storing


@pytest.mark.parametrize("verb", ["create", "created"])
def test_events_are_stored_and_given_back_as_they_came_in_order_of_time(send, get, contract, verb):
    details = "<EndDeviceEventDetails><name>phases</name><value>ABC</value></EndDeviceEventDetails>"
    late = event("e-1", severity="high", issuer="HES", tracking="EV-1", names=named("one", "T"), point="u-1")
    late = late.replace("<EndDeviceEventType", f"{details}<EndDeviceEventType")
    early = event("e-2", at="2026-03-07T17:00:00+01:00")
    assert said(send(verb, late, early)) == [("0.0", None)]
    reply = get()
    (profile,) = reply.payload.elements
    contract.check(profile)
    assert said(reply) == [("0.0", None)]
    bare = [re.sub(r' xmlns(:\w+)?="[^"]*"|(?<=[<\/])\w+:', "", etree.tostring(e).decode()) for e in profile]
    assert list(map(etree.canonicalize, bare)) == list(map(etree.canonicalize, (early, late)))


def test_an_event_of_nobody_is_stored(send, get):
    assert said(send("created", event("e-1", None))) == [("0.0", None)]
    assert mrids(get()) == ["e-1"]


def test_an_mrid_that_exists_is_refused_and_the_others_are_stored(send, get):
    send("created", event("e-1"))
    reply = send("created", event("e-1", at="2026-03-08T00:00:00Z"), event("e-2"), event("e-2"), event(None))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.15", "e-1"), ("2.15", "e-2")])
    assert len(mrids(get())) == 3


def test_many_events_of_one_message_are_given_back_one_by_one(send, get):
    """More than a sealed block holds; those that are refused leave no gap."""
    send("created", event("e-070"))
    every = [f"e-{number:03}" for number in range(150)]
    reply = send("created", *(event(mrid, reason=f"said of {mrid}") for mrid in every))
    assert said(reply) == [("2.15", "e-070")]
    assert sorted(mrids(get())) == every
    for mrid, reason in (("e-149", "said of e-149"), ("e-070", None)):
        (events,) = get(f"<EndDeviceEvent><mRID>{mrid}</mRID></EndDeviceEvent>").payload.elements
        assert events.findtext("{*}EndDeviceEvent/{*}reason") == reason


def test_a_large_event_does_not_keep_others_from_being_found(send, get):
    long = "x" * 100_000
    send("created", event("e-1", reason=long), event("e-2", reason=long), event("e-3"))
    assert mrids(get("<EndDeviceEvent><mRID>e-3</mRID></EndDeviceEvent>")) == ["e-3"]
    assert sorted(mrids(get())) == ["e-1", "e-2", "e-3"]


def test_ids_that_another_message_has_are_made_anew(send, get, monkeypatch):
    """Two processes may come upon the same ids in the same millisecond."""
    ids = iter([7_000, 7_000, 7_000, 9_000])
    monkeypatch.setattr(device_events, "new_id", lambda: next(ids))
    assert send("created", event("e-1"), event("e-2")).reply.result == "OK"
    assert send("created", event("e-3"), event("e-4")).reply.result == "OK"
    assert sorted(mrids(get())) == ["e-1", "e-2", "e-3", "e-4"]


def test_nothing_to_store(send):
    assert said(send("created")) == [("1.7", None)]


def test_unknown_devices_may_be_refused(send, ask, get, adapter):
    object.__setattr__(adapter.settings, "unknown_devices", "refuse")
    ask("create", "MeterConfig", "<Meter><mRID>m-1</mRID></Meter>")
    reply = send("created", event("e-1"), event("e-2", "m-2"), event("e-3", point="u"))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.4", "m-2"), ("2.12", "u")])
    assert mrids(get()) == ["e-1"]


@pytest.mark.parametrize("verb", ["change", "changed"])
def test_a_change_replaces_the_event_it_names(send, get, verb):
    send("created", event("e-1"), event("e-2"))
    changed = event("e-1", "m-2", at="2026-03-09T00:00:00Z", type_=TAMPER, reason="seen again")
    reply = send(verb, changed, event("e-3"))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.15", "e-3")])
    assert mrids(get()) == ["e-2", "e-1"]
    assert mrids(get("<Meter><mRID>m-2</mRID></Meter>")) == ["e-1"]
    assert mrids(get("<Meter><mRID>m-1</mRID></Meter>")) == ["e-2"]


# ------------------------------------------------------------------------------------------ closing


def test_closed_closes_the_event_it_names(send, get, ask):
    send(
        "created",
        event("e-1"),
        event("e-2", names=named("outage 7", "HES")),
        event(None, tracking="EV-3"),
        event("e-4"),
        event("e-5", tracking="EV-5"),
    )
    at = "2026-03-07T18:00:00Z"
    told = [
        event("e-1", at=at),
        event(None, names=named("outage 7"), at=at),
        event("new mRID", tracking="EV-3", at=at),
    ]
    assert said(send("closed", *told)) == [("0.0", None)]
    assert said(ask("close", "EndDeviceEvents", request="<ID>e-4</ID>")) == [("0.0", None)]
    by_tracking = '<ID idType="issuerTrackingID">EV-5</ID>'
    assert said(ask("close", "EndDeviceEvents", request=by_tracking)) == [("0.0", None)]
    reply = get()
    assert reply.reply.result == "OK"
    assert marks(reply) == dict.fromkeys(["e-1", "e-2", "EV-3", "e-4", "e-5"], "closed")
    assert reply.reply.errors[0].details.startswith("closed at 20")
    created = [e.text for e in reply.payload.elements[0].iter("{*}createdDateTime")]
    assert created == ["2026-03-07T16:42:10Z"] * 5


@pytest.mark.parametrize(
    "told",
    [
        event("e-2"),
        event(None, names=named("other")),
        event(None, names=named("outage 7", "CIS")),
        event(None, tracking="EV-2"),
        event(None, tracking="EV-1", type_=TAMPER),
        event(None, "m-2", tracking="EV-1"),
        event(None, tracking="EV-1", issuer="OMS"),
        event("e-2", tracking="EV-1"),
        event(None),
    ],
)
def test_an_event_that_is_not_known_is_named(send, get, told):
    known = event("e-1", tracking="EV-1", issuer="HES", names=named("outage 7", "HES"))
    send("created", known)
    reply = send("closed", told)
    assert reply.reply.result == "FAILED"
    ((code, value),) = said(reply)
    assert code == "2.15"
    assert value is None or value in told
    assert marks(get()) == {}


@pytest.mark.parametrize("verb", ["cancel", "canceled"])
def test_a_canceled_event_says_so(send, get, verb):
    send("created", event("e-1"))
    assert said(send(verb, event("e-1"))) == [("0.0", None)]
    assert marks(get()) == {"e-1": "canceled"}


@pytest.mark.parametrize("verb", ["delete", "deleted"])
def test_a_deleted_event_is_not_seen_any_more(send, get, verb):
    send("created", event("e-1"), event("e-2"))
    assert said(send(verb, event("e-1"))) == [("0.0", None)]
    assert mrids(get()) == ["e-2"]
    assert said(send(verb, event("e-1"))) == [("2.15", "e-1")]
    assert said(send("created", event("e-1"))) == [("0.0", None)]


def test_a_close_says_what(ask):
    assert said(ask("close", "EndDeviceEvents")) == [("1.6", None)]


# ---------------------------------------------------------------------------------------------- get


@pytest.fixture
def three(send, ask):
    send(
        "created",
        event("e-1", "m-1", at="2026-01-10T00:00:00Z", reason="storm", severity="high", tracking="EV-1"),
        event("e-2", "m-2", at="2026-02-10T00:00:00Z", type_=TAMPER, issuer="HES", names=named("two", "T")),
        event("e-3", None, at="2026-03-10T00:00:00Z", point="u", severity="low"),
    )
    group = "<EndDeviceGroup><mRID>g</mRID><EndDevices><mRID>m-2</mRID></EndDevices></EndDeviceGroup>"
    ask("create", "EndDeviceGroups", group)
    points = "<UsagePointGroup><mRID>h</mRID><UsagePoints><mRID>u</mRID></UsagePoints></UsagePointGroup>"
    ask("create", "UsagePointGroups", points)


def schedule(start, end):
    return (
        f"<TimeSchedule><scheduleInterval><end>{end}T00:00:00Z</end><start>{start}T00:00:00Z</start>"
        "</scheduleInterval></TimeSchedule>"
    )


def test_a_query_finds(three, get):
    for content, found in [
        ("", [1, 2, 3]),
        ("<EndDeviceEvent><mRID>e-2</mRID></EndDeviceEvent>", [2]),
        ("<EndDeviceEvent><issuerTrackingID>EV-1</issuerTrackingID></EndDeviceEvent>", [1]),
        (f"<EndDeviceEvent>{named('two')}</EndDeviceEvent>", [2]),
        (f"<EndDeviceEvent><mRID>e-1</mRID>{named('two')}</EndDeviceEvent>", []),
        ("<EndDeviceEvent><issuerID>HES</issuerID></EndDeviceEvent>", [2]),
        ("<EndDeviceEvent><reason>storm</reason><severity>high</severity></EndDeviceEvent>", [1]),
        ("<EndDeviceEvent><reason>storm</reason><severity>low</severity></EndDeviceEvent>", []),
        (
            "<EndDeviceEvent><severity>low</severity></EndDeviceEvent>"
            "<EndDeviceEvent><reason>storm</reason></EndDeviceEvent>",
            [1, 3],
        ),
        (f"<EndDeviceEventType>{named(OUTAGE)}</EndDeviceEventType>", [1, 3]),
        ("<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>", [2]),
        ("<UsagePointGroup><mRID>h</mRID></UsagePointGroup>", [3]),
        ("<Meter><mRID>m-1</mRID></Meter><Meter><mRID>m-2</mRID></Meter>", [1, 2]),
        ("<UsagePoint><mRID>u</mRID></UsagePoint>", [3]),
        (schedule("2026-02-01", "2026-03-31"), [2, 3]),
        (schedule("2026-01-01", "2026-01-31") + schedule("2026-03-01", "2026-03-31"), [1, 3]),
        (f"<EndDeviceEventType>{named(TAMPER)}</EndDeviceEventType><Meter><mRID>m-1</mRID></Meter>", []),
        (f"<EndDeviceEventType>{named(OUTAGE)}</EndDeviceEventType>" + schedule("2026-02-01", "2026-12-31"), [3]),
    ]:
        reply = get(content)
        assert mrids(reply) == [f"e-{n}" for n in found], content
        assert reply.reply.result == ("OK" if found else "FAILED"), content
        assert found or said(reply) == [("5.7", None)], content


def test_ids_and_times_of_the_request_find(three, get, ask):
    for request, found in [
        ("<ID>e-1</ID><ID>m-2</ID>", [1, 2]),
        ("<ID>u</ID>", [3]),
        ('<ID kind="name">two</ID>', [2]),
        ('<ID idType="issuerTrackingID">EV-1</ID>', [1]),
        ('<ID objectType="EndDevice">m-1</ID>', [1]),
        ("<StartTime>2026-02-10T00:00:00Z</StartTime>", [2, 3]),
        ("<EndTime>2026-02-10T00:00:00Z</EndTime><ID>m-1</ID>", [1]),
    ]:
        for reply in (get("", request), ask("get", "EndDeviceEvents", request=request)):
            assert mrids(reply) == [f"e-{n}" for n in found], request


def test_what_is_not_known_is_named(three, get, ask):
    unknown = get("<Meter><mRID>m-1</mRID></Meter><Meter><mRID>x</mRID></Meter>")
    assert (unknown.reply.result, said(unknown), mrids(unknown)) == ("PARTIAL", [("2.4", "x")], ["e-1"])
    assert said(get("<EndDeviceEvent><mRID>e-9</mRID></EndDeviceEvent>")) == [("2.15", "e-9")]
    assert said(ask("get", "EndDeviceEvents", request="<ID>e-9</ID>")) == [("2.15", "e-9")]
    assert said(get("<ServiceLocation><mRID>s</mRID></ServiceLocation>")) == [("2.16", "s")]
    assert said(get("<UsagePointGroup><mRID>x</mRID></UsagePointGroup>")) == [("2.15", "x")]


def test_a_query_in_the_payload(three, exchange):
    query = f'<GetEndDeviceEvents xmlns="{QUERY}"><Meter><mRID>m-2</mRID></Meter></GetEndDeviceEvents>'
    message = (
        '<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>get</Verb>'
        f"<Noun>EndDeviceEvents</Noun></Header><Payload>{query}</Payload></RequestMessage>"
    )
    assert mrids(exchange.take(message)) == ["e-2"]


def test_nothing_personal_stands_in_clear(send, adapter):
    send(
        "created", event("e-1", tracking="EV-SECRET", reason="visitor", issuer="Jane", names=named("Main Street"))
    )

    def everything(reader):
        return [repr(tuple(row)) for table in reader.tables.parents_first for row in reader.select(table.select())]

    rows = "".join(adapter.store.read_now(everything))
    assert "e-1" in rows
    for secret in ("EV-SECRET", "visitor", "Jane", "Main Street"):
        assert secret not in rows


# ------------------------------------------------------------------------- what they tell of controls


def control(mrid, *devices, type_="3.31.0.23", tracking=None):
    inside = f"<mRID>{mrid}</mRID>" + (f"<issuerTrackingID>{tracking}</issuerTrackingID>" if tracking else "")
    inside += f'<EndDeviceControlType ref="{type_}"/>'
    inside += "".join(f"<EndDevices><mRID>{device}</mRID></EndDevices>" for device in devices or ("m-1",))
    return f"<EndDeviceControl>{inside}</EndDeviceControl>"


@pytest.fixture
def order(ask):
    return lambda *controls, **more: ask("create", "EndDeviceControls", "".join(controls), **more)


@pytest.fixture
def states(ask):
    """Device → the word of its state."""

    def ask_for(mrid):
        reply = ask("get", "EndDeviceControls", request=f"<ID>{mrid}</ID>").reply
        return {e.id.value: e.reason for e in reply.errors}

    return ask_for


def test_an_event_tells_how_a_control_goes(order, send, states):
    for n, (type_, happened, state) in enumerate(
        [
            ("3.31.0.23", "3.31.0.68", "completed"),
            ("3.31.0.23", "3.31.0.84", "failed"),
            ("3.31.0.18", "3.31.0.42", "completed"),
            ("3.31.0.18", "3.31.0.67", "failed"),
            ("3.31.0.18", "3.31.0.11", "in progress"),
            ("3.31.0.5", "3.31.0.11", "completed"),
            ("3.15.0.54", "3.15.0.242", "in progress"),
            ("3.15.43.300", "3.15.43.10", "canceled"),
            ("3.15.43.8", "3.15.43.10", "completed"),
            ("3.31.0.23", "3.31.0.999", "received"),
            ("3.31.0.23", "3.31.0.23", "received"),
            ("3.31.0.23", "disconnected", "received"),
        ]
    ):
        order(control(f"c-{n}", type_=type_, tracking=f"WO-{n}"))
        assert said(send("created", event(None, type_=happened, tracking=f"WO-{n}"))) == [("0.0", None)]
        assert states(f"c-{n}") == {"m-1": state}, (type_, happened)


def test_an_event_with_the_correlation_id_of_the_create(order, send, states):
    order(control("c-1"), control("c-2", "m-2"), message_id="create-1")
    send("created", event(None, type_="3.31.0.68"), correlation_id="create-1")
    assert states("c-1") == {"m-1": "completed"}
    assert states("c-2") == {"m-2": "received"}


@pytest.mark.parametrize("answered", ["create-1", "order-1"])
def test_an_event_may_answer_the_message_or_what_it_correlates_with(order, send, states, answered):
    order(control("c-1"), message_id="create-1", correlation_id="order-1")
    send("created", event(None, type_="3.31.0.68"), correlation_id=answered)
    assert states("c-1") == {"m-1": "completed"}


def test_only_the_device_that_tells_is_moved(order, send, states):
    order(control("c-1", "m-1", "m-2", tracking="WO-1"))
    send("created", event(None, "m-2", type_="3.31.0.68", tracking="WO-1"))
    send("created", event(None, "m-3", type_="3.31.0.68", tracking="WO-1"))
    assert states("c-1") == {"m-1": "received", "m-2": "completed"}


def test_of_several_controls_the_one_whose_action_it_answers(order, send, states):
    order(control("c-1", tracking="WO-1"), control("c-2", type_="3.31.0.18", tracking="WO-1"))
    send("created", event(None, type_="3.31.0.42", tracking="WO-1"))
    assert (states("c-1"), states("c-2")) == ({"m-1": "received"}, {"m-1": "completed"})
    order(control("c-3", tracking="WO-1"))
    send("created", event(None, type_="3.26.0.85", tracking="WO-1"))
    assert (states("c-1"), states("c-3")) == ({"m-1": "received"}, {"m-1": "received"})


def test_other_events_move_nothing(order, send, states):
    order(control("c-1", tracking="WO-1"), message_id="create-1")
    send("created", event(None, type_="3.31.0.68"))
    send("created", event(None, type_="3.31.0.68", tracking="WO-2"), correlation_id="other")
    assert states("c-1") == {"m-1": "received"}
