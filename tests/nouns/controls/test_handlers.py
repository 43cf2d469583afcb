"""EndDeviceControls through the pipeline: what is ordered, and what becomes of it."""

from __future__ import annotations

import asyncio
import re

import pytest
from lxml import etree

from cim_adapter.nouns.controls import moves
from cim_adapter.store import control_states, controls
from cim_adapter.store.control_states import State

QUERY = "http://iec.ch/TC57/2011/GetEndDeviceControls#"
DISCONNECT, CONNECT = "3.31.0.23", "3.31.0.18"
LONG_AGO = "<start>2020-01-01T00:00:00Z</start>"


def named(name):
    return f"<Names><name>{name}</name></Names>"


def device(mrid):
    return f"<EndDevices><mRID>{mrid}</mRID></EndDevices>"


def control(mrid="c-1", *targets, tracking=None, issuer=None, timing="", type_=DISCONNECT, after="", reason=None):
    """An EndDeviceControl for meter m-1, or for ``targets``; ``after`` is what stands after its timing."""
    inside = f"<mRID>{mrid}</mRID>" if mrid else ""
    inside += f"<issuerID>{issuer}</issuerID>" if issuer else ""
    inside += f"<issuerTrackingID>{tracking}</issuerTrackingID>" if tracking else ""
    inside += f"<reason>{reason}</reason>" if reason else ""
    inside += f'<EndDeviceControlType ref="{type_}"/>'
    targets = targets or (() if after else (device("m-1"),))
    inside += "".join(target for target in targets if target.startswith("<EndDevice"))
    inside += f"<primaryDeviceTiming>{timing}</primaryDeviceTiming>" if timing else ""
    inside += "".join(target for target in targets if target.startswith("<UsagePoint"))
    return f"<EndDeviceControl>{inside}{after}</EndDeviceControl>"


@pytest.fixture
def send(ask):
    """``send(verb, control(…), …)`` → the reply."""
    return lambda verb, *items, **more: ask(verb, "EndDeviceControls", "".join(items), **more)


@pytest.fixture
def name(ask):
    """``name(verb, '<ID>…</ID>')`` → the reply to a message with this Request."""
    return lambda verb, request: ask(verb, "EndDeviceControls", request=request)


@pytest.fixture
def get(ask):
    """``get(filter)`` → the reply to a get with this query profile."""

    def send(content="", more=""):
        request = f'{more}<GetEndDeviceControls xmlns="{QUERY}">{content}</GetEndDeviceControls>'
        return ask("get", "EndDeviceControls", request=request)

    return send


@pytest.fixture
def states(get):
    """Device → the word of its state, of the control c-1 or another one."""

    def ask_for(mrid="c-1"):
        found = get(f"<EndDeviceControl><mRID>{mrid}</mRID></EndDeviceControl>").reply
        assert found.result == "OK", found
        assert {(e.code, e.level) for e in found.errors} == {("0.0", "INFORM")}
        return {e.id.value: e.reason for e in found.errors}

    return ask_for


def said(reply):
    return [(error.code, error.id and error.id.value) for error in reply.reply.errors]


def mrids(reply):
    return [e.text for p in (reply.payload.elements if reply.payload else ()) for e in p.xpath("*/*[1]")]


# ----------------------------------------------------------------------------------------- creating


def test_what_is_created_is_received_and_given_back(send, get, contract):
    given = control("c-1", device("m-1"), tracking="WO-1", issuer="CIS", reason="moving out")
    assert said(send("create", given)) == [("0.0", None)]
    reply = get()
    (profile,) = reply.payload.elements
    contract.check(profile)
    bare = re.sub(r' xmlns(:\w+)?="[^"]*"|(?<=[<\/])\w+:', "", etree.tostring(profile[0]).decode())
    assert etree.canonicalize(bare) == etree.canonicalize(given)
    (state,) = reply.reply.errors
    assert (reply.reply.result, state.code, state.level, state.reason) == ("OK", "0.0", "INFORM", "received")
    assert (state.id.value, state.id.object_type) == ("m-1", "EndDevice")
    assert (state.related_id.value, state.related_id.object_type) == ("c-1", "EndDeviceControl")
    assert state.details.startswith("received since 20")
    assert "by the message create EndDeviceControls of anyone (MessageID " in state.details
    assert state.details.endswith("; the control as a whole is received")


def test_a_device_known_by_its_name_and_a_usage_point(send, get):
    named = "<EndDevices><Names><name>front door</name></Names></EndDevices>"
    send("create", control("c-1", named, "<UsagePoints><mRID>u</mRID></UsagePoints>"))
    first, second = get().reply.errors
    assert (first.id.value, first.id.kind, first.id.object_type) == ("front door", "name", "EndDevice")
    assert (second.id.value, second.id.object_type) == ("u", "UsagePoint")


def test_an_mrid_that_exists_is_refused_and_named(send, states):
    send("create", control("c-1"))
    reply = send("create", control("c-1", device("m-2")), control("c-2"))
    assert reply.reply.result == "PARTIAL"
    assert said(reply) == [("2.15", "c-1")]
    assert states("c-1") == {"m-1": "received"}
    assert states("c-2") == {"m-1": "received"}


def test_the_same_mrid_twice_in_one_message(send):
    reply = send("create", control("c-1"), control("c-1"))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.15", "c-1")])


def test_of_a_hundred_with_one_bad_the_others_are_stored(send, get):
    many = [control(f"c-{n}", device(f"m-{n}")) for n in range(100)]
    many[41] = control("c-41", after="<secondaryDeviceTiming/>")
    reply = send("create", *many)
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("1.7", "c-41")])
    assert "EndDevices, EndDeviceGroups, UsagePoints or UsagePointGroups" in reply.reply.errors[0].reason
    assert len(mrids(get())) == 99


def test_a_target_without_identity_is_refused(send):
    assert said(send("create", control("c-1", "<EndDevices/>"))) == [("1.7", "c-1")]


def test_nothing_to_create(send):
    assert said(send("create")) == [("1.7", None)]


@pytest.mark.parametrize(
    ("timing", "reason"),
    [
        (
            "<interval><end>2020-01-01T00:00:00Z</end><start>2020-01-02T00:00:00Z</start></interval>",
            "before it starts",
        ),
        ("<duration>-5</duration>", "found a duration of -5; expected minutes"),
        ("<duration>NaN</duration>", "found a duration of NaN; expected minutes"),
    ],
)
def test_a_window_that_is_none_is_refused(send, timing, reason):
    reply = send("create", control("c-1", timing=timing))
    assert said(reply) == [("1.8", "c-1")]
    assert reason in reply.reply.errors[0].reason


@pytest.mark.parametrize("kind", ["EndDeviceGroup", "UsagePointGroup"])
def test_a_group_that_is_not_known_is_refused_and_named(send, get, kind):
    reply = send("create", control("c-1", f"<{kind}s><mRID>g</mRID></{kind}s>"))
    assert (reply.reply.result, said(reply)) == ("FAILED", [("2.29", "g")])
    assert reply.reply.errors[0].id.object_type == kind
    assert said(get()) == [("5.7", None)]


def test_a_group_stands_for_its_devices(send, ask, states):
    members = device("m-1") + device("m-2")
    ask("create", "EndDeviceGroups", f"<EndDeviceGroup><mRID>g</mRID>{members}</EndDeviceGroup>")
    group = "<EndDeviceGroups><mRID>g</mRID></EndDeviceGroups>"
    assert said(send("create", control("c-1", group, device("m-2"), device("m-3")))) == [("0.0", None)]
    assert states() == {"m-1": "received", "m-2": "received", "m-3": "received"}


def test_a_group_of_usage_points_stands_for_them(send, ask, states):
    points = "".join(f"<UsagePoints><mRID>{u}</mRID></UsagePoints>" for u in "uv")
    ask("create", "UsagePointGroups", f"<UsagePointGroup><mRID>g</mRID>{points}</UsagePointGroup>")
    send("create", control("c-1", "<UsagePointGroups><mRID>g</mRID></UsagePointGroups>"))
    assert states() == {"u": "received", "v": "received"}


def test_an_empty_group_is_refused(send, ask):
    ask("create", "EndDeviceGroups", "<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>")
    reply = send("create", control("c-1", "<EndDeviceGroups><mRID>g</mRID></EndDeviceGroups>"))
    assert said(reply) == [("2.29", "g")]
    assert "has no members" in reply.reply.errors[0].reason


class TestUnknownDevices:
    @pytest.fixture(autouse=True)
    def refuse(self, adapter):
        object.__setattr__(adapter.settings, "unknown_devices", "refuse")

    def test_are_refused_and_named_and_the_others_are_done(self, send, ask, states):
        ask("create", "MeterConfig", "<Meter><mRID>m-1</mRID></Meter>")
        reply = send(
            "create", control("c-1", device("m-1"), device("m-2"), "<UsagePoints><mRID>u</mRID></UsagePoints>")
        )
        assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.4", "m-2"), ("2.12", "u")])
        assert states() == {"m-1": "received"}

    def test_a_control_for_nobody_known_is_not_stored(self, send, get):
        assert send("create", control("c-1")).reply.result == "FAILED"
        assert said(get()) == [("5.7", None)]


# ------------------------------------------------------------------------------------------- change


def test_a_change_replaces_what_it_names_and_keeps_the_rest(send, get, states):
    send("create", control("c-1", device("m-1"), device("m-2"), reason="moving out"))
    timing = "<interval><start>2040-01-01T00:00:00Z</start></interval>"
    changed = "<EndDeviceControl><mRID>c-1</mRID><EndDeviceControlType ref='3.31.0.18'/>"
    changed += f"<primaryDeviceTiming>{timing}</primaryDeviceTiming></EndDeviceControl>"
    assert said(send("change", changed)) == [("0.0", None)]
    (profile,) = get().payload.elements
    assert profile.findtext("*/{*}reason") == "moving out"
    assert profile.findtext("*/*/*/{*}start") == "2040-01-01T00:00:00Z"
    assert profile.find("*/{*}EndDeviceControlType").get("ref") == CONNECT
    assert states() == {"m-1": "received", "m-2": "received"}


def test_a_change_of_its_devices_adds_and_cancels(send, states):
    send("create", control("c-1", device("m-1"), device("m-2")))
    send("changed", control("c-1"))
    assert states() == {"m-1": "in progress", "m-2": "received"}
    send("change", control("c-1", device("m-1"), device("m-3")))
    assert states() == {"m-1": "received", "m-2": "canceled", "m-3": "received"}


def test_a_change_of_what_is_finished_is_refused_and_names_it(send):
    send("create", control("c-1"), control("c-2"))
    send("closed", control("c-1"))
    reply = send("change", control("c-1"), control("c-2", reason="later"), control("c-3"))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("5.2", "c-1"), ("2.15", "c-3")])
    assert "completed already" in reply.reply.errors[0].reason


def test_a_change_that_would_break_the_xsd_is_refused(send, states):
    display = "<PanDisplay><textMessage>hello</textMessage></PanDisplay>"
    send("create", control("c-1").replace("<EndDeviceControlType", f"{display}<EndDeviceControlType"))
    pricing = "<PanPricing><providerID>1</providerID></PanPricing>"
    reply = send("change", control("c-1").replace("<EndDeviceControlType", f"{pricing}<EndDeviceControlType"))
    assert said(reply) == [("1.8", "c-1")]
    assert "so changed, it would break its XSD" in reply.reply.errors[0].reason
    assert states() == {"m-1": "received"}


def test_history_tells_who_moved_what(send, adapter):
    send("create", control("c-1"))
    send("changed", control("c-1"))
    send("change", control("c-1", reason="other"))
    send("closed", control("c-1"))

    def history(reader):
        (found,) = controls.by_key(reader, controls.mrid_key("c-1"))
        return control_states.history(reader, found.id)

    moves = adapter.store.read_now(history)
    assert [(move.position, move.before, move.state) for move in moves] == [
        (0, State.RECEIVED, State.IN_PROGRESS),
        (None, None, None),
        (0, State.IN_PROGRESS, State.RECEIVED),
        (0, State.RECEIVED, State.COMPLETED),
    ]
    assert len({move.journal_uid for move in moves}) == 3


# ------------------------------------------------------------------------------------------- cancel

BY_TRACKING = '<ID idType="issuerTrackingID" idAuthority="CIS" kind="other">WO-{}</ID>'


def test_a_control_is_canceled_by_whatever_names_it(send, name, states):
    for n, request in enumerate(
        [
            "<ID>c-{}</ID>",
            '<ID kind="uuid" objectType="EndDeviceControl">c-{}</ID>',
            BY_TRACKING,
            "<ID>WO-{}</ID>",
            '<ID kind="transaction">create-{}</ID>',
        ]
    ):
        send("create", control(f"c-{n}", tracking=f"WO-{n}", issuer="CIS"), message_id=f"create-{n}")
        assert said(name("cancel", request.format(n))) == [("0.0", None)], request
        assert states(f"c-{n}") == {"m-1": "canceled"}, request


def test_a_control_is_canceled_by_a_payload(send, states):
    send("create", control("c-1"))
    assert said(send("cancel", control("c-1"))) == [("0.0", None)]
    assert states() == {"m-1": "canceled"}


@pytest.mark.parametrize(("verb", "state"), [("close", "completed"), ("delete", "canceled")])
def test_the_other_verbs_that_end_a_control(send, name, states, verb, state):
    send("create", control("c-1"))
    assert said(name(verb, "<ID>c-1</ID>")) == [("0.0", None)]
    assert states() == {"m-1": state}


def test_a_cancel_of_what_is_finished_or_unknown_names_it(send, name):
    send("create", control("c-1"), control("c-2"))
    send("closed", control("c-1"))
    ids = ["c-1", "c-2", "c-3"]
    reply = name("cancel", "".join(f"<ID>{i}</ID>" for i in ids) + '<ID kind="transaction">never</ID>')
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("5.2", "c-1"), ("2.15", "c-3"), ("2.15", "never")])
    again = name("cancel", "<ID>c-2</ID>")
    assert (again.reply.result, said(again)) == ("FAILED", [("5.2", "c-2")])
    assert "this control is canceled already" in again.reply.errors[0].reason


def test_a_cancel_of_an_expired_control_is_refused(send, name):
    send("create", control("c-1", timing=f"<duration>60</duration><interval>{LONG_AGO}</interval>"))
    reply = name("cancel", "<ID>c-1</ID>")
    assert (said(reply), "expired already" in reply.reply.errors[0].reason) == ([("5.2", "c-1")], True)


def test_a_tracking_id_of_another_issuer_is_another(send, name):
    send("create", control("c-1", tracking="WO-1", issuer="CIS"))
    assert said(name("cancel", BY_TRACKING.format(1).replace("CIS", "OMS"))) == [("2.15", "WO-1")]


def test_a_cancel_says_what(name):
    assert said(name("cancel", "")) == [("1.6", None)]


# ------------------------------------------------------------------------------------------- events


STATE_TOLD_BY = {
    "created": "in progress",
    "changed": "in progress",
    "closed": "completed",
    "canceled": "canceled",
    "deleted": "canceled",
}


@pytest.mark.parametrize("verb", STATE_TOLD_BY)
def test_an_event_moves_the_control_it_names(send, get, verb):
    cases = [
        (control("c-1"), "c-1", None),
        (control(None, tracking="WO-2", issuer="CIS"), "c-2", None),
        (control(None, tracking="WO-3"), "c-3", None),
        (control(None), "c-4", "create-4"),
        (control(None, tracking="HES-5"), "c-5", "create-5"),
        (control("hes-6"), None, "create-6"),
    ]
    for n, (told, mrid, correlation) in enumerate(cases, 1):
        send("create", control(mrid, tracking=f"WO-{n}", issuer="CIS"), message_id=f"create-{n}")
        assert said(send(verb, told, correlation_id=correlation)) == [("0.0", None)], told
        reply = get(f"<EndDeviceControl><issuerTrackingID>WO-{n}</issuerTrackingID></EndDeviceControl>")
        assert [error.reason for error in reply.reply.errors] == [STATE_TOLD_BY[verb]], told


@pytest.mark.parametrize("told", ["c-2", None])
def test_an_event_of_an_unknown_control_names_it(send, told):
    send("create", control("c-1", tracking="WO-1", issuer="CIS"))
    reply = send("closed", control(told, tracking=None if told else "WO-2"))
    assert (reply.reply.result, said(reply)) == ("FAILED", [("2.15", told or "WO-2")])


def test_an_mrid_that_differs_is_another_control_whatever_else_fits(send, states):
    send("create", control("c-1", tracking="WO-1"), message_id="create-1")
    reply = send("closed", control("c-2", tracking="WO-1"), correlation_id="create-1")
    assert said(reply) == [("2.15", "c-2")]
    assert states() == {"m-1": "received"}


def test_a_control_told_of_as_created_is_made_known(send, states, name):
    assert said(send("created", control("c-1"))) == [("0.0", None)]
    assert states() == {"m-1": "in progress"}
    send("closed", control("c-1"))
    assert states() == {"m-1": "completed"}


def test_an_event_about_some_of_the_devices(send, states):
    send("create", control("c-1", device("m-1"), device("m-2"), device("m-3")))
    assert said(send("closed", control("c-1", device("m-1")))) == [("0.0", None)]
    assert states() == {"m-1": "completed", "m-2": "received", "m-3": "received"}
    reply = send("closed", control("c-1", device("m-2"), device("m-9")))
    assert (reply.reply.result, said(reply)) == ("PARTIAL", [("2.4", "m-9")])
    assert states()["m-2"] == "completed"


def test_the_whole_follows_from_its_devices(send, get):
    send("create", control("c-1", device("m-1"), device("m-2")))
    send("closed", control("c-1", device("m-1")))
    assert get().reply.errors[1].details.endswith("the control as a whole is in progress")
    send("canceled", control("c-1", device("m-2")))
    assert get().reply.errors[1].details.endswith("the control as a whole is completed")


def test_what_is_finished_stays_so(send, states):
    send("create", control("c-1"))
    send("closed", control("c-1"))
    for verb in ("created", "changed", "canceled", "deleted"):
        assert said(send(verb, control("c-1"))) == [("0.0", None)]
        assert states() == {"m-1": "completed"}


@pytest.mark.parametrize("payload", [True, False])
def test_a_reply_in_an_event_says_how_it_went(send, states, ask, payload):
    for n, (verb, reply, state) in enumerate(
        [
            ("created", "<Result>OK</Result><Error><code>0.0</code></Error>", "completed"),
            ("created", "<Result>OK</Result><Error><code>0.3</code></Error>", "in progress"),
            ("changed", "<Result>OK</Result>", "completed"),
            ("created", "<Result>FAILED</Result><Error><code>5.3</code></Error>", "failed"),
            ("canceled", "<Result>OK</Result>", "canceled"),
            ("canceled", "<Result>FAILED</Result><Error><code>5.3</code></Error>", "received"),
        ]
    ):
        send("create", control(f"c-{n}"), message_id=f"create-{n}")
        told, correlation = (control(f"c-{n}"), None) if payload else (None, f"create-{n}")
        answer = ask(verb, "EndDeviceControls", told, correlation_id=correlation, reply=reply)
        assert said(answer) == [("0.0" if payload else "0.3", None)], (verb, reply)
        assert states(f"c-{n}") == {"m-1": state}, (verb, reply)


def test_a_partial_reply_fails_the_devices_it_names(send, states):
    send("create", control("c-1", *map(device, ("m-1", "m-2", "m-3"))), control("c-2", device("m-1")))
    errors = '<Error><code>2.4</code><ID objectType="EndDevice">m-2</ID></Error>'
    send("created", control("c-1", *map(device, ("m-1", "m-2", "m-3"))), reply=f"<Result>PARTIAL</Result>{errors}")
    assert states() == {"m-1": "completed", "m-2": "failed", "m-3": "completed"}
    errors = '<Error><code>5.3</code><ID objectType="EndDeviceControl">c-2</ID></Error>'
    send("created", control("c-2"), reply=f"<Result>PARTIAL</Result>{errors}")
    assert states("c-2") == {"m-1": "failed"}


def test_an_event_without_payload_and_correlation(ask):
    assert said(ask("closed", "EndDeviceControls")) == [("1.7", None)]


def test_an_event_about_all_controls_of_a_message(send, ask, states):
    send("create", control("c-1"), control("c-2"), message_id="create-1")
    assert said(ask("closed", "EndDeviceControls", correlation_id="create-1")) == [("0.0", None)]
    assert (states("c-1"), states("c-2")) == ({"m-1": "completed"}, {"m-1": "completed"})
    assert said(ask("closed", "EndDeviceControls", correlation_id="never")) == [("2.15", "never")]


def test_a_late_reply_to_something_else_moves_nothing(send, exchange, states):
    send("create", control("c-1"), message_id="create-1")
    message = (
        '<ResponseMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>reply</Verb>'
        "<Noun>EndDeviceControls</Noun><CorrelationID>{}</CorrelationID></Header>"
        "<Reply><Result>OK</Result></Reply></ResponseMessage>"
    )
    assert said(exchange.take(message.format("other"))) == [("0.3", None)]
    assert states("c-1") == {"m-1": "received"}
    assert said(exchange.take(message.format("create-1"))) == [("0.3", None)]
    assert states("c-1") == {"m-1": "completed"}


# --------------------------------------------------------------------------------------------- time


def test_a_control_whose_window_has_passed_is_expired(send, get, states):
    for n, timing in enumerate(
        [
            f"<interval><end>2020-01-01T01:00:00Z</end>{LONG_AGO}</interval>",
            f"<duration>60</duration><interval>{LONG_AGO}</interval>",
            f"<duration>90</duration><interval><end>2020-01-01T02:00:00+01:00</end>{LONG_AGO}</interval>",
        ]
    ):
        send("create", control(f"c-{n}", timing=timing))
        assert states(f"c-{n}") == {"m-1": "expired"}, timing
    assert {error.details for error in get().reply.errors} == {
        "expired since 2020-01-01T01:00:00.000Z, when its time had passed and it was received; "
        "the control as a whole is expired"
    }


def test_a_control_without_an_end_does_not_expire(send, states):
    for n, timing in enumerate(
        [
            f"<interval>{LONG_AGO}</interval>",
            f"<duration>60</duration><durationIndefinite>true</durationIndefinite><interval>{LONG_AGO}</interval>",
            "<duration>60</duration>",
            f"<duration>INF</duration><interval>{LONG_AGO}</interval>",
        ]
    ):
        send("create", control(f"c-{n}", timing=timing))
        assert states(f"c-{n}") == {"m-1": "received"}, timing


def test_the_action_says_when_where_the_control_does_not(send, states):
    action = "<PanDemandResponse><duration>60</duration><startDateTime>2020-01-01T00:00:00Z</startDateTime>"
    given = control("c-1").replace("<EndDeviceControlType", f"{action}</PanDemandResponse><EndDeviceControlType")
    send("create", given)
    assert states() == {"m-1": "expired"}


def test_an_expired_control_may_still_turn_out_to_be_done(send, states):
    send("create", control("c-1", timing=f"<duration>60</duration><interval>{LONG_AGO}</interval>"))
    send("changed", control("c-1"))
    assert states() == {"m-1": "expired"}
    send("closed", control("c-1"))
    assert states() == {"m-1": "completed"}


# ---------------------------------------------------------------------------------------------- get


@pytest.fixture
def three(send, ask):
    """Three controls: c-1 for m-1 in January 2030, c-2 for m-2 in February, c-3 for u in March."""
    for n, target in enumerate((device("m-1"), device("m-2"), "<UsagePoints><mRID>u</mRID></UsagePoints>"), 1):
        start, end = f"<start>2030-0{n}-01T00:00:00Z</start>", f"<end>2030-0{n}-02T00:00:00Z</end>"
        given = control(
            f"c-{n}",
            target,
            tracking=f"WO-{n}",
            issuer="CIS",
            reason=f"because {n}",
            type_=CONNECT if n == 3 else DISCONNECT,
            timing=f"<interval>{end}{start}</interval>",
        )
        send("create", given, message_id=f"create-{n}")
    group = f"<EndDeviceGroup><mRID>g</mRID>{device('m-2')}</EndDeviceGroup>"
    ask("create", "EndDeviceGroups", group)


def schedule(start, end):
    return (
        f"<TimeSchedule><scheduleInterval><end>{end}T00:00:00Z</end><start>{start}T00:00:00Z</start>"
        "</scheduleInterval></TimeSchedule>"
    )


def test_a_query_finds(three, get):
    for content, found in [
        ("", [1, 2, 3]),
        ("<EndDeviceControl><mRID>c-2</mRID></EndDeviceControl>", [2]),
        ("<EndDeviceControl><issuerTrackingID>WO-3</issuerTrackingID></EndDeviceControl>", [3]),
        (
            "<EndDeviceControl><issuerID>CIS</issuerID><issuerTrackingID>WO-3</issuerTrackingID>"
            "</EndDeviceControl><EndDeviceControl><reason>because 1</reason></EndDeviceControl>",
            [1, 3],
        ),
        ("<EndDeviceControl><issuerID>OMS</issuerID></EndDeviceControl>", []),
        (f"<EndDeviceControl><mRID>c-2</mRID>{named('c-2')}</EndDeviceControl>", []),
        (f"<EndDeviceControlType>{named(CONNECT)}</EndDeviceControlType>", [3]),
        ("<EndDeviceGroup><mRID>g</mRID></EndDeviceGroup>", [2]),
        ("<Meter><mRID>m-1</mRID></Meter><Meter><mRID>m-2</mRID></Meter>", [1, 2]),
        ("<UsagePoint><mRID>u</mRID></UsagePoint>", [3]),
        (schedule("2030-01-15", "2030-02-15"), [2]),
        (schedule("2030-01-01", "2030-01-31") + schedule("2030-03-02", "2030-03-31"), [1, 3]),
        ("<Meter><mRID>m-1</mRID></Meter>" + schedule("2030-02-01", "2030-02-15"), []),
        ("<Meter><mRID>m-1</mRID></Meter><UsagePoint><mRID>u</mRID></UsagePoint>", []),
    ]:
        reply = get(content)
        assert mrids(reply) == [f"c-{n}" for n in found], content
        assert reply.reply.result == ("OK" if found else "FAILED"), content
        assert found or said(reply) == [("5.7", None)], content


def test_ids_and_times_of_the_request_find(three, get, ask):
    for request, found in [
        ("<ID>c-1</ID><ID>WO-2</ID>", [1, 2]),
        ("<ID>m-1</ID>", [1]),
        ('<ID kind="transaction">create-2</ID>', [2]),
        ('<ID objectType="EndDevice">m-2</ID>', [2]),
        ('<ID objectType="UsagePoint">u</ID>', [3]),
        ("<StartTime>2030-02-01T00:00:00Z</StartTime>", [2, 3]),
        ("<EndTime>2030-02-01T00:00:00Z</EndTime><ID>c-1</ID><ID>c-3</ID>", [1]),
    ]:
        for reply in (get("", request), ask("get", "EndDeviceControls", request=request)):
            assert mrids(reply) == [f"c-{n}" for n in found], request


def test_what_is_not_known_is_named(three, get, ask):
    unknown = get("<Meter><mRID>m-1</mRID></Meter><Meter><mRID>x</mRID></Meter>")
    assert (unknown.reply.result, said(unknown)[0]) == ("PARTIAL", ("2.4", "x"))
    nobody = get("<EndDeviceControl><mRID>c-9</mRID></EndDeviceControl>")
    assert (nobody.reply.result, said(nobody)) == ("FAILED", [("2.15", "c-9")])
    assert said(ask("get", "EndDeviceControls", request="<ID>c-9</ID>")) == [("2.15", "c-9")]
    assert said(get("<CustomerAccount><mRID>a</mRID></CustomerAccount>")) == [("2.19", "a")]


def test_an_element_of_the_query_that_names_nothing(get):
    assert said(get("<Meter/>")) == [("1.6", None)]


def test_a_query_in_the_payload(three, ask, exchange):
    query = f'<GetEndDeviceControls xmlns="{QUERY}"><Meter><mRID>m-2</mRID></Meter></GetEndDeviceControls>'
    message = (
        '<RequestMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header><Verb>get</Verb>'
        f"<Noun>EndDeviceControls</Noun></Header><Payload>{query}</Payload></RequestMessage>"
    )
    assert mrids(exchange.take(message)) == ["c-2"]


def test_nothing_personal_stands_in_clear(send, adapter):
    send("create", control("c-1", tracking="WO-SECRET", reason="moving out", issuer="Jane"))

    def everything(reader):
        return [repr(tuple(row)) for table in reader.tables.parents_first for row in reader.select(table.select())]

    rows = "".join(adapter.store.read_now(everything))
    assert "c-1" in rows
    for secret in ("WO-SECRET", "moving out", "Jane"):
        assert secret not in rows


def test_a_control_that_is_handed_on_is_sent(send, states, adapter):
    send("create", control("c-1"))

    def hand_on(transaction):
        found = controls.by_key(transaction, controls.mrid_key("c-1"))
        moves.hand_on(transaction, found[0].journal_uid, found, now=1)

    asyncio.run(adapter.store.commit(hand_on))
    assert states() == {"m-1": "sent"}
