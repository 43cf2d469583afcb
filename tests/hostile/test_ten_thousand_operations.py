"""An OperationSet of ten thousand operations: refused at once, or carried out where the operator wants it."""

from __future__ import annotations

from itertools import islice

import pytest
from lxml import etree


@pytest.fixture
def crowd(messages):
    """A set of so many operations, the last of which is of nobody."""

    def make(count: int):
        document = messages.readings(messages.meter("m"))
        body = messages.operation_set(messages.operation(1, "create", document))
        (template,) = body.iter("{*}Operation")
        for number in range(2, count + 1):
            again = template.__deepcopy__({})
            again.find("{*}operationId").text = str(number)
            again.find(".//{*}Meter/{*}mRID").text = f"m{number % 100}"
            template.getparent().append(again)
        meter = again.find(".//{*}Meter")
        meter.getparent().remove(meter)
        # A budget of its own bounds declarations: one for each document would be too many.
        etree.cleanup_namespaces(body, top_nsmap={"msg": messages.MSG, "m": messages.READINGS})
        return body

    return make


def test_ten_thousand_operations_are_refused_at_once(fresh_target, crowd):
    answer = fresh_target.strike_message(crowd(10_000), times=1)
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["3.1"])
    assert "10000 operations and this adapter takes 1000" in answer.said


def test_ten_thousand_operations_are_carried_out_where_they_may_be(launch_sqlite, tmp_path, messages, crowd):
    server = launch_sqlite(tmp_path, CIM_ADAPTER_MAX_OPERATIONS="10000")
    with server.client() as client:
        answer = messages.send(client, crowd(10_000))
        assert (answer.status, answer.result, answer.codes) == (200, "PARTIAL", ["1.7"])
        assert answer.errors[0]["operationId"] == "10000"
        found = messages.send(client, messages.get({"EndDevice": [{"mRID": f"m{n}"} for n in range(100)]}))
        assert len(list(islice(found.payload.iter("{*}value"), 200))) == 100


def test_one_operation_too_many(launch_sqlite, tmp_path, messages, crowd):
    server = launch_sqlite(tmp_path, CIM_ADAPTER_MAX_OPERATIONS="3")
    with server.client() as client:
        assert messages.send(client, crowd(3)).codes == ["1.7"]
        assert messages.send(client, crowd(4)).codes == ["3.1"]
