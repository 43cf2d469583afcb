from datetime import UTC, datetime

import pytest

from cim_adapter.envelope import Error, Header, Reply, Result

NOW = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message_id", "correlation_id", "expected"),
    [("m", "c", "c"), ("m", None, "m"), (None, "c", "c"), (None, None, None)],
)
def test_reply_correlates_by_correlation_id_then_message_id(message_id, correlation_id, expected):
    header = Header(verb="create", noun="MeterReadings", message_id=message_id, correlation_id=correlation_id)
    assert header.answered(source="us", now=NOW, message_id="r").correlation_id == expected


def test_every_reply_has_a_message_id_of_its_own_and_the_time_of_its_making():
    header = Header(verb="get", noun="MeterReadings", message_id="m", timestamp="2020-01-01T00:00:00Z")
    reply = header.answered(source="us", now=NOW, message_id="r")
    assert reply.message_id == "r"
    assert reply.timestamp == "2026-03-01T12:30:00.250Z"


def test_reply_keeps_what_the_exchange_is_about_and_no_more():
    header = Header(
        verb="create",
        noun="MeterReadings",
        revision="2",
        context="TESTING",
        source="HES",
        comment="private",
        reply_address="https://hes.example/reply",
        properties=(("a", "b"),),
    )
    reply = header.answered(source="us", now=NOW, message_id="r")
    assert (reply.verb, reply.noun, reply.revision, reply.context) == ("reply", "MeterReadings", "2", "TESTING")
    assert (reply.source, reply.comment, reply.reply_address, reply.properties) == ("us", None, None, ())


@pytest.mark.parametrize(
    ("errors", "any_done", "result", "code"),
    [
        ([], True, Result.OK, "0.0"),
        ([], False, Result.OK, "0.0"),
        ([Error(code="2.4")], True, Result.PARTIAL, "2.4"),
        ([Error(code="2.4"), Error(code="5.7")], False, Result.FAILED, "2.4"),
    ],
)
def test_result_says_how_much_was_done(errors, any_done, result, code):
    reply = Reply.of(errors, any_done=any_done)
    assert (reply.result, reply.code) == (result, code)


def test_a_failed_reply_carries_no_payload():
    assert Reply.of([Error(code="2.4")], any_done=False, payload=(object(),)).payload == ()


def test_code_of_a_reply_without_errors():
    assert Reply(errors=()).code == "0.0"
