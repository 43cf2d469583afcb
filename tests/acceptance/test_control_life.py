"""A control from the system that orders it to the one that carries it out, over SOAP, each with its own key."""

from __future__ import annotations

import uuid
from contextlib import ExitStack

import pytest
from lxml import etree

MSG = "http://iec.ch/TC57/2011/schema/message"
BASE = "http://iec.ch/TC57/2011/"
DISCONNECT = "3.31.0.23"


class Partner:
    """A client with its own key, that speaks in typed messages."""

    def __init__(self, messages, client):
        self._messages = messages
        self._client = client

    def send(self, verb, noun, payload=None, *, correlation=None, message_id=None, reply="", request=""):
        """The answer to a message with this inner XML of Payload, Reply and Request."""
        get = verb == "get"
        outer = f"{BASE}{'Get' if get else ''}{noun}Message"
        head = f"<m:Verb>{verb}</m:Verb><m:Noun>{noun}</m:Noun>"
        head += f"<m:MessageID>{message_id or uuid.uuid4()}</m:MessageID>"
        head += f"<m:CorrelationID>{correlation}</m:CorrelationID>" if correlation else ""
        body = f"<t:Header>{head}</t:Header>"
        if get:
            query = f'<Get{noun} xmlns="{BASE}Get{noun}#">{payload or ""}</Get{noun}>'
            body += f"<t:Request>{query}</t:Request>"
        else:
            body += f"<t:Reply>{reply}</t:Reply>" if reply else ""
            body += f"<t:Request>{request}</t:Request>" if request else ""
            body += f'<t:Payload><{noun} xmlns="{BASE}{noun}#">{payload}</{noun}></t:Payload>' if payload else ""
        root = f"{verb.capitalize()}{noun}"
        message = etree.fromstring(f'<t:{root} xmlns:t="{outer}" xmlns:m="{MSG}">{body}</t:{root}>')
        return self._messages.send(self._client, message)

    def states(self, mrid):
        """Device → the word of its state, of one control."""
        query = f"<EndDeviceControl><mRID>{mrid}</mRID></EndDeviceControl>"
        answer = self.send("get", "EndDeviceControls", query)
        assert (answer.result, {e["code"] for e in answer.errors}) == ("OK", {"0.0"}), answer.errors
        controls = [e for e in answer.message.iter("{*}EndDeviceControl")]
        assert [e.findtext("{*}mRID") for e in controls] == [mrid]
        return {e["ID"]["_value_1"]: e["reason"] for e in answer.errors}


@pytest.fixture
def partners(server, run_cli, messages):
    """Makes partners; those with a role that is enough for what they do here."""
    with ExitStack() as opened:

        def make(name, role):
            made = run_cli("key", "create", name, "--role", role)
            assert made.returncode == 0, made.stderr
            return Partner(messages, opened.enter_context(server.client(made.stdout.strip())))

        yield make


@pytest.fixture
def cis(partners):
    return partners("cis", "control-operator")


@pytest.fixture
def hes(partners):
    return partners("hes", "admin")


def device(mrid):
    return f"<EndDevices><mRID>{mrid}</mRID></EndDevices>"


def control(mrid, *targets, tracking=None, start=None, end=None):
    inside = f"<mRID>{mrid}</mRID><issuerID>CIS</issuerID>"
    inside += f"<issuerTrackingID>{tracking}</issuerTrackingID>" if tracking else ""
    inside += f'<EndDeviceControlType ref="{DISCONNECT}"/>{"".join(targets)}'
    if start:
        interval = f"<interval><end>{end}</end><start>{start}</start></interval>"
        inside += f"<primaryDeviceTiming>{interval}</primaryDeviceTiming>"
    return f"<EndDeviceControl>{inside}</EndDeviceControl>"


def event(meter, type_, tracking=None):
    inside = "<createdDateTime>2026-03-07T16:42:10Z</createdDateTime><issuerID>HES</issuerID>"
    inside += f"<issuerTrackingID>{tracking}</issuerTrackingID>" if tracking else ""
    inside += f'<Assets><mRID>{meter}</mRID></Assets><EndDeviceEventType ref="{type_}"/>'
    return f"<EndDeviceEvent>{inside}</EndDeviceEvent>"


def is_done(answer):
    assert (answer.result, answer.codes) == ("OK", ["0.0"]), answer.errors


def test_a_control_is_ordered_carried_out_and_asked_for(cis, hes):
    ordered = control("c-1", device("m-1"), device("m-2"), tracking="WO-1")
    is_done(cis.send("create", "EndDeviceControls", ordered, message_id="create-1"))
    assert cis.states("c-1") == {"m-1": "received", "m-2": "received"}
    is_done(hes.send("created", "EndDeviceControls", ordered, correlation="create-1"))
    assert cis.states("c-1") == {"m-1": "in progress", "m-2": "in progress"}
    is_done(hes.send("created", "EndDeviceEvents", event("m-1", "3.31.0.68", "WO-1")))
    assert cis.states("c-1") == {"m-1": "completed", "m-2": "in progress"}
    is_done(hes.send("created", "EndDeviceEvents", event("m-2", "3.31.0.84"), correlation="create-1"))
    assert cis.states("c-1") == {"m-1": "completed", "m-2": "failed"}
    answer = cis.send("get", "EndDeviceControls")
    assert [e["details"].partition("; ")[2] for e in answer.errors] == ["the control as a whole is failed"] * 2
    assert "by the message created EndDeviceEvents of hes" in answer.errors[0]["details"]
    assert {e["relatedID"]["_value_1"] for e in answer.errors} == {"c-1"}


def test_what_was_ordered_survives_a_kill(server, start_server, cis, hes):
    is_done(cis.send("create", "EndDeviceControls", control("c-1", device("m-1"))))
    is_done(hes.send("changed", "EndDeviceControls", control("c-1", device("m-1"))))
    server.kill()
    start_server()
    assert cis.states("c-1") == {"m-1": "in progress"}


def test_a_late_reply_tells_of_each_device(cis, hes):
    targets = [device(f"m-{n}") for n in range(3)]
    is_done(cis.send("create", "EndDeviceControls", control("c-1", *targets), message_id="create-1"))
    errors = '<m:Error><m:code>2.4</m:code><m:ID objectType="EndDevice">m-1</m:ID></m:Error>'
    reply = f"<m:Result>PARTIAL</m:Result>{errors}"
    answer = hes.send("created", "EndDeviceControls", correlation="create-1", reply=reply)
    assert answer.result == "OK"
    assert cis.states("c-1") == {"m-0": "completed", "m-1": "failed", "m-2": "completed"}


def test_a_control_of_a_group(cis, hes):
    group = f"<EndDeviceGroup><mRID>g-1</mRID>{device('m-1')}{device('m-2')}</EndDeviceGroup>"
    is_done(cis.send("create", "EndDeviceGroups", group))
    to_group = "<EndDeviceGroups><mRID>g-1</mRID></EndDeviceGroups>"
    is_done(cis.send("create", "EndDeviceControls", control("c-1", to_group)))
    is_done(hes.send("closed", "EndDeviceControls", control("c-1", device("m-2"))))
    assert cis.states("c-1") == {"m-1": "received", "m-2": "completed"}


def test_a_scheduled_control_expires(cis, hes):
    past = control("c-1", device("m-1"), start="2020-01-01T00:00:00Z", end="2020-01-01T01:00:00Z")
    ahead = control("c-2", device("m-1"), start="2040-01-01T00:00:00Z", end="2040-01-01T01:00:00Z")
    is_done(cis.send("create", "EndDeviceControls", past + ahead))
    assert cis.states("c-1") == {"m-1": "expired"}
    assert cis.states("c-2") == {"m-1": "received"}
    canceled = cis.send("cancel", "EndDeviceControls", request="<m:ID>c-1</m:ID><m:ID>c-2</m:ID>")
    assert (canceled.result, canceled.codes) == ("PARTIAL", ["5.2"])
    assert canceled.errors[0]["ID"] == "c-1"
    assert cis.states("c-2") == {"m-1": "canceled"}


def test_numbers_that_several_partners_count_move_nothing_of_either(cis, hes, partners):
    """Whose control "17" is meant, nobody can say; what a partner says of its own, is clear."""
    oms = partners("oms", "control-operator")
    for partner, mrid in ((cis, "c-1"), (oms, "o-1")):
        told = control(mrid, device("m-1"), tracking="WO-17")
        is_done(partner.send("create", "EndDeviceControls", told, message_id="17"))
    is_done(hes.send("created", "EndDeviceEvents", event("m-1", "3.31.0.68", "WO-17")))
    is_done(hes.send("created", "EndDeviceEvents", event("m-1", "3.31.0.68"), correlation="17"))
    unclear = hes.send("closed", "EndDeviceControls", control("new", device("m-1")), correlation="17")
    assert (unclear.result, unclear.codes) == ("FAILED", ["2.15"])
    assert (cis.states("c-1"), cis.states("o-1")) == ({"m-1": "received"}, {"m-1": "received"})
    transaction = '<m:ID kind="transaction">17</m:ID>'
    is_done(oms.send("cancel", "EndDeviceControls", request=transaction))
    assert (cis.states("c-1"), cis.states("o-1")) == ({"m-1": "received"}, {"m-1": "canceled"})


def test_of_a_hundred_with_one_bad_the_others_are_stored(cis, run_cli):
    many = [control(f"c-{n}", device(f"m-{n}")) for n in range(100)]
    many[7] = control("c-7", "<EndDeviceGroups><mRID>nobody</mRID></EndDeviceGroups>")
    answer = cis.send("create", "EndDeviceControls", "".join(many))
    assert (answer.result, answer.codes) == ("PARTIAL", ["2.29"])
    assert answer.errors[0]["ID"] == {"kind": "uuid", "objectType": "EndDeviceGroup", "_value_1": "nobody"}
    assert len(cis.send("get", "EndDeviceControls").errors) == 99


def test_who_may_not_switch_may_not_switch(cis, partners):
    is_done(cis.send("create", "EndDeviceControls", control("c-1", device("m-1"))))
    reader = partners("auditor", "reader")
    answer = reader.send("cancel", "EndDeviceControls", request="<m:ID>c-1</m:ID>")
    assert (answer.result, answer.codes) == ("FAILED", ["7.5"])
    assert cis.states("c-1") == {"m-1": "received"}
