"""Several operations in one message, each by its own handler, in one transaction."""

from __future__ import annotations

import copy

import pytest
from lxml import etree


@pytest.fixture
def stored(send, messages):
    """The values that are stored of a meter, by time."""

    def values(meter: dict) -> list[str]:
        found = send(messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
        return [] if found.payload is None else [value.text for value in found.payload.iter("{*}value")]

    return values


@pytest.fixture
def create(messages):
    def make(number: int, *meters: dict, verb: str = "create", **more: str) -> dict:
        return messages.operation(number, verb, messages.readings(*meters), **more)

    return make


@pytest.fixture
def broken(messages):
    """A MeterReading of nobody."""
    return {"IntervalBlocks": messages.meter()["IntervalBlocks"]}


def failures(answer) -> dict[str, str]:
    """Code by operationId; an operation has one error here."""
    assert len({error["operationId"] for error in answer.errors}) == len(answer.errors)
    assert all(error["reason"] and error["level"] for error in answer.errors)
    return {error["operationId"]: error["code"] for error in answer.errors}


def test_all_operations_are_carried_out(send, messages, create, stored):
    one, two = messages.meter(value="1"), messages.meter(value="2")
    answer = send(messages.operation_set(create(1, one), create(2, two)))
    assert (answer.status, answer.result, answer.codes) == (200, "OK", ["0.0"])
    assert (answer.header["Verb"], answer.header["Noun"]) == ("reply", "OperationSet")
    assert "operationId" not in answer.errors[0]
    assert (stored(one), stored(two)) == (["1"], ["2"])


def test_an_event_tells_of_operations_that_happened(send, messages, create, stored):
    meter = messages.meter(value="1")
    answer = send(messages.operation_set(create(1, meter, verb="created"), verb="executed"))
    assert (answer.result, stored(meter)) == ("OK", ["1"])


@pytest.mark.parametrize(("sequence", "last"), [("true", "10"), ("false", "9"), (None, "9")])
def test_operations_run_by_operation_id_only_where_it_is_asked(send, messages, create, stored, sequence, last):
    meter = messages.meter()
    later = {n: create(n, messages.meter(meter["Meter"]["mRID"], value=str(n))) for n in (10, 9)}
    flags = {} if sequence is None else {"enforceMsgSequence": sequence}
    assert send(messages.operation_set(*later.values(), **flags)).result == "OK"
    assert stored(meter) == [last]


def test_each_operation_stands_alone(send, messages, create, broken, stored):
    one, three = messages.meter(value="1"), messages.meter(value="3")
    answer = send(messages.operation_set(create(1, one), create(2, broken), create(3, three)))
    assert (answer.result, failures(answer)) == ("PARTIAL", {"2": "1.7"})
    assert (stored(one), stored(three)) == (["1"], ["3"])


def test_a_partly_done_operation_keeps_what_was_done(send, messages, create, broken, stored):
    meter = messages.meter(value="1")
    answer = send(messages.operation_set(create(7, meter, broken)))
    assert (answer.result, failures(answer), stored(meter)) == ("PARTIAL", {"7": "1.7"}, ["1"])


def test_no_operation_succeeds(send, messages, create, broken):
    answer = send(messages.operation_set(create(1, broken), create(2, broken)))
    assert (answer.result, failures(answer)) == ("FAILED", {"1": "1.7", "2": "1.7"})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_all_or_nothing(send, messages, create, broken, stored, place):
    meters = [messages.meter(value="1"), messages.meter(value="2")]
    given = [create(n, meter) for n, meter in enumerate(meters, 1)]
    given.insert(place, create(3, broken))
    answer = send(messages.operation_set(*given, enforceTransactionalIntegrity="true"))
    assert (answer.result, failures(answer)) == ("FAILED", {"1": "5.9", "2": "5.9", "3": "1.7"})
    assert answer.codes[0] == "1.7"  # the cause comes first
    assert [stored(meter) for meter in meters] == [[], []]


def test_half_done_is_not_all(send, messages, create, broken, stored):
    meter = messages.meter()
    answer = send(messages.operation_set(create(1, meter, broken), enforceTransactionalIntegrity="true"))
    assert (answer.result, failures(answer), stored(meter)) == ("FAILED", {"1": "1.7"}, [])


def test_all_of_all_or_nothing(send, messages, create, stored):
    one, two = messages.meter(value="1"), messages.meter(value="2")
    answer = send(messages.operation_set(create(2, one), create(1, two), enforceTransactionalIntegrity="true"))
    assert (answer.result, stored(one), stored(two)) == ("OK", ["1"], ["2"])


def test_every_operation_that_cannot_be_is_told_at_once(send, messages, create):
    late = messages.readings(messages.meter())
    next(late.iter("{*}timeStamp")).text = "never"
    wrong = {
        "1": (messages.operation(1, "create", late), "1.8"),
        "2": (create(2, messages.meter(), noun="Bananas"), "2.5"),
        "3": (create(3, messages.meter(), verb="destroy"), "2.9"),
        "4": (create(4, messages.meter(), verb="executed"), "2.9"),
        "5": (messages.operation(5, "create"), "1.7"),
        "6": (messages.operation(6, "get"), "2.9"),
        "7": (messages.operation(7, None, messages.readings(messages.meter())), "2.9"),
        "8": (messages.operation(8, "execute", noun="OperationSet"), "2.5"),
        "9": (
            messages.operation(9, "delete", messages.readings(messages.meter()), elementOperation="true"),
            "5.2",
        ),
    }
    good = create(10, messages.meter())
    answer = send(messages.operation_set(*(operation for operation, _ in wrong.values()), good))
    assert (answer.result, failures(answer)) == ("PARTIAL", {number: code for number, (_, code) in wrong.items()})
    answer = send(
        messages.operation_set(
            *(operation for operation, _ in wrong.values()), good, enforceTransactionalIntegrity="1"
        )
    )
    assert failures(answer) == {number: code for number, (_, code) in wrong.items()} | {"10": "5.9"}


def test_the_noun_may_be_that_of_the_document(send, messages, stored):
    meter = messages.meter(value="1")
    operation = messages.operation(1, "create", messages.readings(meter))
    del operation["noun"]
    assert send(messages.operation_set(operation)).result == "OK"
    assert stored(meter) == ["1"]


def test_a_message_may_name_a_profile_as_its_noun(send, messages, create, stored):
    """As the event MO-8-1 of EPRI's part 6 does (facts/envelope.md §5.4)."""
    meter = messages.meter(value="1")
    answer = send(messages.operation_set(create(1, meter), header={"Noun": "MeterReadings"}))
    assert (answer.result, answer.header["Noun"], stored(meter)) == ("OK", "MeterReadings", ["1"])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"header": {"Verb": "create"}}, "2.9"),
        ({"operations": ()}, "1.7"),
        ({"operations": (1, 1)}, "2.15"),
    ],
    ids=["not to be executed", "empty", "one id twice"],
)
def test_the_set_itself_is_refused(send, messages, create, given, code):
    operations = [create(number, messages.meter()) for number in given.get("operations", (1,))]
    answer = send(messages.operation_set(*operations, header=given.get("header")))
    assert (answer.result, answer.codes) == ("FAILED", [code])
    assert "operationId" not in answer.errors[0]


def test_the_noun_alone_makes_no_set(send, messages):
    header = {"Noun": "OperationSet"}
    assert send(messages.message("execute", header=header)).codes == ["1.7"]
    # Where header and payload contradict each other, the payload decides, and readings are not executed.
    payload = messages.readings(messages.meter())
    assert send(messages.message("execute", header=header, payload=payload)).codes == ["2.9"]


def test_the_same_set_again_gets_the_same_reply(send, messages, create, broken, stored):
    meter = messages.meter(value="1")
    body = messages.operation_set(create(1, meter), create(2, broken))
    first, again = send(copy.deepcopy(body)), send(body)
    assert again.content == first.content
    assert stored(meter) == ["1"]


def test_a_failed_set_may_be_mended_under_its_message_id(send, messages, create, broken, stored):
    meter, header = messages.meter(value="1"), {"MessageID": messages.meter()["Meter"]["mRID"]}
    together = {"enforceTransactionalIntegrity": "true"}
    bad = messages.operation_set(create(1, meter), create(2, broken), header=header, **together)
    assert send(bad).result == "FAILED"
    assert send(messages.operation_set(create(1, meter), header=header, **together)).result == "OK"
    assert stored(meter) == ["1"]


def test_readings_of_several_operations_are_told_apart(send, messages, create, stored):
    """Each block is sealed to its place in the message, so no two operations may share one."""
    meter = messages.meter(count=3, value="1")
    day = messages.meter(meter["Meter"]["mRID"], count=3, day=2, value="2")
    assert send(messages.operation_set(create(1, meter), create(2, day))).result == "OK"
    assert stored(meter) == ["1"] * 3 + ["2"] * 3


def test_what_a_role_may_do_alone_it_may_do_in_a_set(server, run_cli, messages, create):
    key = run_cli("key", "create", "hes", "--role", "partner").stdout.strip()
    meter = messages.meter()
    with server.client(key) as client:
        answer = messages.send(client, messages.operation_set(create(1, meter), create(2, meter, verb="change")))
    assert (answer.result, failures(answer)) == ("PARTIAL", {"2": "7.5"})
    assert "does not allow change MeterReadings" in answer.said


@pytest.mark.parametrize("year", ["2011", "2015"])
def test_a_typed_set(send, messages, create, broken, stored, year):
    """As EPRI's part 6 has it: the three parts of Payload in the namespace of the typed message (§4.2)."""
    meter = messages.meter(value="1")
    generic = messages.operation_set(create(1, meter), create(2, broken))
    typed = f"http://iec.ch/TC57/{year}/MeterReadingsOperationSetMessage"
    body = etree.Element(f"{{{typed}}}ExecuteMeterReadingsOperationSet")
    for part in list(generic):
        part.tag = f"{{{typed}}}{etree.QName(part).localname}"
        body.append(part)
    own = next(body.iter("{*}OperationSet"))
    own.tag = f"{{{typed}}}OperationSet"
    answer = send(body)
    assert answer.message.tag == f"{{{typed}}}MeterReadingsOperationSetResponseMessage"
    assert (answer.result, failures(answer), stored(meter)) == ("PARTIAL", {"2": "1.7"}, ["1"])


def test_a_typed_message_holds_a_document_or_a_set(send, messages, create):
    """The typed schema lets both stand in one Payload."""
    body = messages.create(messages.meter(), shape="typed")
    own = next(messages.operation_set(create(1, messages.meter())).iter("{*}OperationSet"))
    own.tag = f"{{{messages.TYPED}}}OperationSet"
    next(body.iter("{*}Payload")).append(own)
    assert send(body).codes == ["2.9"]
