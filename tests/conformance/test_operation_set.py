"""IEC 61968-100: OperationSet (facts/envelope.md §1.3, §5.4) and how its parts are answered (§5.5)."""

from __future__ import annotations

import pytest
from lxml import etree

from cim_adapter.contract import ContractFiles


@pytest.fixture(scope="module")
def schema():
    return etree.XMLSchema(etree.parse(ContractFiles.locate().schema("Message.xsd")))


@pytest.fixture
def send(standing_server, messages, schema):
    """The answer, which is valid by the envelope's XSD: operationId included, and in its place."""
    with standing_server.client() as client:

        def run(body):
            answer = messages.send(client, body)
            schema.assertValid(etree.fromstring(etree.tostring(answer.message)))
            return answer

        yield run


@pytest.fixture
def given(messages):
    """A good operation and one of nobody."""
    orphan = {"IntervalBlocks": messages.meter()["IntervalBlocks"]}
    return (
        messages.operation(1, "create", messages.readings(messages.meter())),
        messages.operation(2, "create", messages.readings(orphan)),
    )


def test_5_4_no_operation_id_means_the_whole_set(send, messages, given):
    answer = send(messages.operation_set(given[0]))
    assert (answer.result, answer.codes) == ("OK", ["0.0"])
    assert answer.message.find(".//{*}operationId") is None


def test_5_4_errors_carry_the_operation_id(send, messages, given):
    answer = send(messages.operation_set(*given))
    assert answer.result == "PARTIAL"
    assert [error["operationId"] for error in answer.errors] == ["2"]


def test_5_4_integrity_rolls_back_and_says_5_9_of_the_rest(send, messages, given):
    answer = send(messages.operation_set(*given, enforceMsgSequence="true", enforceTransactionalIntegrity="true"))
    assert answer.result == "FAILED"
    assert {error["operationId"]: error["code"] for error in answer.errors} == {"1": "5.9", "2": "1.7"}


def test_5_4_a_profile_may_stand_as_noun_in_an_event(send, messages, given):
    operation = {**given[0], "verb": "created"}
    answer = send(messages.operation_set(operation, verb="executed", header={"Noun": "MeterReadings"}))
    assert (answer.result, answer.codes) == ("OK", ["0.0"])


def test_1_3_a_set_that_breaks_the_schema_is_a_fault(standing_server, messages, given):
    body = messages.operation_set(given[0])
    next(body.iter("{*}operationId")).text = "first"
    with standing_server.client() as client:
        answer = messages.send(client, body)
    assert (answer.fault, answer.codes) == ("Client", ["1.8"])


def test_5_5_failed_has_a_code_that_is_not_zero(send, messages, given):
    answer = send(messages.operation_set(given[1]))
    assert (answer.result, answer.codes) == ("FAILED", ["1.7"])
