import pytest

from cim_adapter.codes import ReplyCodes
from cim_adapter.envelope import ID, Error, Header, Message, Reply, ReplyWords, Result
from cim_adapter.errors import DuplicateMessage, Finding, Invalid, Unauthenticated

OWN = ID(value="uid", id_type="journal", kind="transaction")


@pytest.fixture
def words():
    return ReplyWords(ReplyCodes())


def test_one_error_for_the_whole(words):
    message = Message(header=Header(verb="create", noun="MeterReadings", message_id="m-1"))
    reply = words.failure(DuplicateMessage("used before"), OWN, message)
    assert (reply.result, reply.ids) == (Result.FAILED, (OWN,))
    assert reply.errors == (Error(code="2.15", level="FATAL", reason="used before", related_id=ID(value="m-1")),)


def test_one_error_for_each_finding(words):
    findings = [Finding(line=n, path=f"a/b[{n}]", found="x", expected="y") for n in (3, 9)]
    reply = words.failure(Invalid("breaks its XSD", findings), OWN)
    assert [error.reason for error in reply.errors] == [
        "line 3, a/b[3]: found x; expected y",
        "line 9, a/b[9]: found x; expected y",
    ]
    assert {(error.code, error.details, error.related_id) for error in reply.errors} == {
        ("1.8", "breaks its XSD", None)
    }


def test_a_stranger_gets_no_journal_id(words):
    assert words.failure(Unauthenticated("who?")).ids == ()


def test_errors_are_completed_from_the_code_table(words):
    reply = words.complete(Reply(errors=(Error(code="0.0"), Error(code="2.4", reason="mine"), Error(code="V9.9"))))
    assert [(error.level, error.reason) for error in reply.errors] == [
        ("INFORM", "No error"),
        ("FATAL", "mine"),
        ("FATAL", None),
    ]


def test_a_complete_reply_stays_as_it_is(words):
    reply = Reply(errors=(Error(code="5.7", level="WARNING", reason="nothing"),))
    assert words.complete(reply) is reply
