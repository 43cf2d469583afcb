"""MeterReadSchedule from the pipeline's door to the database and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from lxml import etree

from cim_adapter import Adapter
from cim_adapter.nouns.schedules.xml import read_schedule
from cim_adapter.xmltree import texts

NOUN = "MeterReadSchedule"
NAMESPACE = f"http://iec.ch/TC57/2011/{NOUN}#"
QUERY = f"http://iec.ch/TC57/2011/Get{NOUN}#"


def interval(start=None, end=None):
    ends = "".join(
        f"<{name}>2026-03-{day:02}T00:00:00Z</{name}>" for name, day in (("end", end), ("start", start)) if day
    )
    return f"<scheduleInterval>{ends}</scheduleInterval>"


def named(kind, *mrids):
    return "".join(f"<{kind}><mRID>{mrid}</mRID></{kind}>" for mrid in mrids)


def schedule(*meters, period="86400", start=1, end=None, types=(), times=None, more=""):
    """``more`` are targets after TimeSchedule: usage points and their groups."""
    if times is None:
        times = f"<recurrencePeriod>{period}</recurrencePeriod>{interval(start, end)}"
    kinds = "".join(f"<ReadingType><Names><name>{name}</name></Names></ReadingType>" for name in types)
    parts = f"{named('EndDevice', *meters)}{kinds}<TimeSchedule>{times}</TimeSchedule>{more}"
    return f'<{NOUN} xmlns="{NAMESPACE}">{parts}</{NOUN}>'


def of(message_id):
    return f'<ID kind="transaction">{message_id}</ID>'


@pytest.fixture
def send(exchange):
    return lambda verb, *items, **more: exchange.send(verb, noun=NOUN, payload="".join(items), **more)


@pytest.fixture
def outcome(send):
    """Result and (code, kind, object) of each error."""

    def run(verb, *items, **more):
        reply = send(verb, *items, **more).reply
        errors = [
            (e.code, e.id and e.id.object_type, e.id and e.id.value) for e in reply.errors if e.code != "0.0"
        ]
        return (reply.result.value, *errors)

    return run


@pytest.fixture
def told(send, contract):
    """What a get tells: (MessageID, objects, period) of each schedule; every one is schema-valid."""

    def run(profile="", request=""):
        message = send("get", request=f'{request}<Get{NOUN} xmlns="{QUERY}">{profile}</Get{NOUN}>')
        elements = message.payload.elements if message.payload else ()
        for element in elements:
            contract.check(element)
        return [
            (
                identifier.value,
                {str(identity) for _, identity in read_schedule(element).targets},
                texts(next(element.iter("{*}TimeSchedule"))).get("recurrencePeriod"),
            )
            for identifier, element in zip(message.reply.ids, elements, strict=True)
        ]

    return run


def test_a_schedule_lives(outcome, told):
    assert outcome("create", schedule("m"), message_id="id-1") == ("OK",)
    assert told(named("EndDevice", "m")) == [("id-1", {"m"}, "86400")]
    assert outcome("change", schedule("m", period="3600"), request=of("id-1")) == ("OK",)
    assert told() == [("id-1", {"m"}, "3600")]
    assert outcome("change", schedule("m", "m-2", period="900"), request=of("id-1")) == ("OK",)
    assert told(named("EndDevice", "m-2")) == [("id-1", {"m", "m-2"}, "900")]
    assert outcome("cancel", request=of("id-1")) == ("OK",)
    assert told() == []
    assert outcome("cancel", request=of("id-1")) == ("FAILED", ("2.15", None, "id-1"))
    assert outcome("delete", request=of("id-1")) == ("OK",)
    assert outcome("delete", request=of("id-1")) == ("FAILED", ("2.15", None, "id-1"))


def test_a_schedule_is_told_as_it_was_sent(send):
    sent = schedule("m", types=["a", "b"], more=named("UsagePoint", "p"))
    send("create", sent)
    (element,) = send("get", request=f'<Get{NOUN} xmlns="{QUERY}"/>').payload.elements
    told, expected = (etree.tostring(item, method="c14n", exclusive=True) for item in (element, etree.XML(sent)))
    assert told == expected


def test_history_stays(outcome, adapter):
    outcome("create", schedule("m"), message_id="id-1")
    outcome("change", schedule("m", period="60"), request=of("id-1"))
    outcome("delete", request=of("id-1"))
    table = adapter.store.tables.read_schedule
    rows = adapter.store.read_now(lambda reader: reader.select(table.select().order_by(table.c.id)).all())
    assert [row.ended_as for row in rows] == ["changed", "deleted"]
    assert rows[0].until == rows[1].since <= rows[1].until
    assert len({row.created_by for row in rows}) == 1
    assert b"EndDevice" not in b"".join(bytes(row.sealed) for row in rows)


def test_a_schedule_is_named_by_the_objects_it_reads(outcome, told):
    outcome("create", schedule("m-1", more=named("UsagePoint", "p")), message_id="id-1")
    outcome("create", schedule("m-1"), message_id="id-2")
    assert outcome("change", schedule("m-1", period="60")) == ("OK",)
    assert sorted(told()) == [("id-1", {"m-1", "p"}, "86400"), ("id-2", {"m-1"}, "60")]
    assert outcome("cancel", schedule("m-1", more=named("UsagePoint", "p"))) == ("OK",)
    assert told() == [("id-2", {"m-1"}, "60")]
    assert outcome("delete", schedule("m-1", more=named("UsagePoint", "p"))) == ("OK",), "it was only canceled"
    assert outcome("delete", schedule("m-1")) == ("OK",)
    assert told() == []


def test_objects_that_do_not_name_one_schedule(outcome):
    outcome("create", schedule("m"), schedule("m"))
    for verb in ("change", "cancel"):
        assert outcome(verb, schedule("m")) == ("FAILED", ("2.15", "Meter", "m"))
        assert outcome(verb, schedule("nobody")) == ("FAILED", ("2.15", "Meter", "nobody"))
    outcome("create", schedule("other"))
    assert outcome("change", schedule("other"), schedule("other")) == ("PARTIAL", ("2.15", "Meter", "other"))


def test_several_schedules_of_one_message(outcome, told):
    outcome("create", schedule("m-1"), schedule("m-2"), message_id="id-1")
    assert outcome("change", schedule("m-1", period="1"), schedule("m-2", period="2"), request=of("id-1")) == (
        "OK",
    )
    assert sorted(told(), key=lambda item: item[2]) == [("id-1", {"m-1"}, "1"), ("id-1", {"m-2"}, "2")]
    assert outcome("change", schedule("m-1", period="3"), request=of("id-1")) == ("FAILED", ("2.15", None, "id-1"))
    assert outcome("change", schedule("m-1"), request=of("id-1") * 2) == ("FAILED", ("2.15", None, "id-1"))
    assert outcome("cancel", request=of("id-1")) == ("OK",)
    assert told() == []


def test_schedules_in_an_operation_set(exchange, outcome, told):
    operations = "".join(
        f"<Operation><operationId>{n}</operationId><noun>{NOUN}</noun><verb>create</verb>{schedule(f'm-{n}')}</Operation>"
        for n in (1, 2)
    )
    payload = f"<OperationSet>{operations}</OperationSet>"
    reply = exchange.send("execute", noun="OperationSet", payload=payload, message_id="id-1").reply
    assert reply.result.value == "OK", reply.errors
    assert [item[:2] for item in told()] == [("id-1", {"m-1"}), ("id-1", {"m-2"})]
    assert outcome("cancel", request=of("id-1")) == ("OK",)
    assert told() == []


def test_an_unknown_message(outcome):
    for verb in ("cancel", "delete"):
        assert outcome(verb, request=of("none")) == ("FAILED", ("2.15", None, "none"))
    assert outcome("change", schedule("m"), request=of("none")) == ("FAILED", ("2.15", None, "none"))
    assert outcome("get", request=of("none")) == ("FAILED", ("2.15", None, "none"))
    assert outcome("cancel", request='<ID objectType="UsagePoint">p</ID>')[1][0] == "2.15"
    assert outcome("cancel") == ("FAILED", ("1.6", None, None))


def test_mixed_ids_are_partial(outcome, told):
    outcome("create", schedule("m"), message_id="id-1")
    assert outcome("cancel", request=of("id-1") + of("none")) == ("PARTIAL", ("2.15", None, "none"))
    assert told() == []


# ------------------------------------------------------------------------------------------- events


@pytest.fixture
def event(exchange):
    """The outcome of an event that follows from a message."""

    def run(verb, *items, after=None):
        header = f"<CorrelationID>{after}</CorrelationID>" if after else ""
        xml = (
            '<EventMessage xmlns="http://iec.ch/TC57/2011/schema/message"><Header>'
            f"<Verb>{verb}</Verb><Noun>{NOUN}</Noun><MessageID>{verb} {after}</MessageID>{header}</Header>"
            f"<Payload>{''.join(items)}</Payload></EventMessage>"
        )
        reply = exchange.take(xml).reply
        return (reply.result.value, *(e.code for e in reply.errors if e.code != "0.0"))

    return run


def test_events_follow_their_create(outcome, event, told):
    outcome("create", schedule("m"), message_id="id-1")
    assert event("created", schedule("m", period="60"), after="id-1") == ("OK",)
    assert told() == [("id-1", {"m"}, "60")], "the same schedule, not a second one"
    assert event("changed", schedule("m", "m-2", period="30"), after="id-1") == ("OK",)
    assert told() == [("id-1", {"m", "m-2"}, "30")]
    assert event("canceled", schedule("m", "m-2"), after="id-1") == ("OK",)
    assert told() == []


def test_events_without_a_create_of_ours(event, told):
    assert event("created", schedule("m")) == ("OK",)
    assert event("changed", schedule("m", period="60"), after="elsewhere") == ("OK",)
    assert [item[1:] for item in told()] == [({"m"}, "60")]
    assert event("changed", schedule("new", period="7")) == ("OK",)
    assert event("deleted", schedule("m"), after="unknown") == ("OK",)
    assert [item[1:] for item in told()] == [({"new"}, "7")]
    assert event("deleted", schedule("never known")) == ("OK",), "that it is not there is what the event says"


# ------------------------------------------------------------------------------------------ meaning


@pytest.mark.parametrize(
    ("item", "code", "about", "said"),
    [
        (schedule(), "1.7", None, "names whom to read"),
        (schedule(more="<UsagePoint/>"), "1.7", None, "a UsagePoint is named by its mRID or by Names"),
        (
            schedule("m", start=5, end=4),
            "2.29",
            "m",
            "scheduleInterval ends at 2026-03-04T00:00:00Z, before it starts",
        ),
        (schedule("m", period="0"), "2.29", "m", "recurrencePeriod is 0 s; it must be more than 0 s"),
        (schedule("m", period="-900"), "2.29", "m", "recurrencePeriod is -900 s"),
        (schedule("m", period="NaN"), "2.29", "m", "recurrencePeriod is NaN s"),
        (schedule("m", period="INF"), "2.29", "m", "recurrencePeriod is INF s"),
        (
            schedule(
                "m",
                times="<TimePoints><window><end>2026-03-01T00:00:00Z</end>"
                "<start>2026-03-02T00:00:00Z</start></window></TimePoints>",
            ),
            "2.29",
            "m",
            "TimePoints/window ends at",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["create", "change", "created", "changed"])
def test_a_schedule_that_makes_no_sense(send, told, verb, item, code, about, said):
    reply = send(verb, schedule("good") if verb.startswith("create") else "", item).reply
    errors = [error for error in reply.errors if error.code == code]
    assert [(error.code, error.id and error.id.value) for error in errors] == [(code, about)]
    assert said in errors[0].reason
    assert reply.result.value == ("PARTIAL" if verb.startswith("create") else "FAILED")
    assert [item[1] for item in told()] == ([{"good"}] if verb.startswith("create") else [])


def test_what_is_legal(outcome, told):
    assert outcome("create", schedule("m-1", start=4, end=4)) == ("OK",)
    assert outcome("create", schedule("m-2", times="<recurrencePattern>daily</recurrencePattern>")) == ("OK",)
    assert outcome("create", f'<{NOUN} xmlns="{NAMESPACE}">{named("UsagePointGroup", "g")}</{NOUN}>') == ("OK",)


# ------------------------------------------------------------------------------------------- asking


@pytest.fixture
def known(send):
    """Three schedules, by their MessageIDs."""
    send("create", schedule("m", start=1, end=10, types=["kWh"]), message_id="early")
    send("create", schedule("m", start=20, types=["kvarh"], more=named("UsagePoint", "p")), message_id="late")
    send("create", schedule(times="", more=named("UsagePointGroup", "g")), message_id="group")


def window(start, end):
    return f"<TimeSchedule>{interval(start, end)}</TimeSchedule>"


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("", ["early", "late", "group"]),
        (named("EndDevice", "m"), ["early", "late"]),
        (named("Meter", "m"), ["early", "late"]),
        (named("UsagePoint", "p"), ["late"]),
        (named("EndDevice", "m") + named("UsagePoint", "p"), ["late"]),
        (named("UsagePointGroup", "g"), ["group"]),
        ("<ReadingType><mRID>kWh</mRID></ReadingType>", ["early", "group"]),
        (window(5, 6), ["early", "group"]),
        (window(12, 14), ["group"]),
        (window(10, 20), ["early", "late", "group"]),
        (window(2, 3) + window(28, 30), ["early", "late", "group"]),
        (named("Meter", "m") + window(28, 30), ["late"]),
    ],
)
def test_what_is_asked_for(known, told, profile, expected):
    assert [item[0] for item in told(profile)] == expected


def test_asked_for_by_ids_and_times_of_the_request(known, told, send):
    assert [item[0] for item in told(request=of("early") + of("group"))] == ["early", "group"]
    assert [item[0] for item in told(request="<ID>late</ID>")] == ["late"], "a typed get has no attributes on ID"
    assert [item[0] for item in told(named("Meter", "m"), request=of("late") + of("group"))] == ["late"]
    times = "<StartTime>2026-03-11T00:00:00Z</StartTime><EndTime>2026-03-12T00:00:00Z</EndTime>"
    assert [item[0] for item in told(request=times)] == ["group"]
    reply = send("get", request='<ID objectType="UsagePoint">p</ID>').reply
    assert [identifier.value for identifier in reply.ids] == ["late"]


def test_what_a_get_says_of_what_is_not_there(known, outcome):
    def get(profile, request=""):
        return outcome("get", request=f'{request}<Get{NOUN} xmlns="{QUERY}">{profile}</Get{NOUN}>')

    assert get(named("EndDevice", "nobody")) == ("FAILED", ("2.4", "Meter", "nobody"))
    assert get(named("EndDevice", "m", "nobody")) == ("PARTIAL", ("2.4", "Meter", "nobody"))
    outcome("create", schedule("once"), message_id="once")
    outcome("cancel", request=of("once"))
    assert get(named("EndDevice", "once")) == ("FAILED", ("5.7", "Meter", "once"))
    assert get(named("EndDevice", "m") + window(12, 14)) == ("FAILED", ("5.7", None, None))


def test_a_cancel_is_not_lost_to_a_change_by_another_process(settings, exchange, outcome, told):
    numbers = [f"id-{n}" for n in range(20)]
    for number in numbers:
        outcome("create", schedule("m"), message_id=number)
    together = Barrier(2)

    def each(sender, verb, payload):
        results = []
        for number in numbers:
            together.wait(60)
            results.append(sender.send(verb, noun=NOUN, request=of(number), payload=payload).reply.result.value)
        return results

    with Adapter(settings) as other, ThreadPoolExecutor(2) as both:
        changes = both.submit(each, exchange, "change", schedule("m", period="1"))
        cancels = both.submit(each, type(exchange)(other), "cancel", "")
        assert cancels.result() == ["OK"] * len(numbers)
        assert set(changes.result()) <= {"OK", "FAILED"}
    assert told() == []
