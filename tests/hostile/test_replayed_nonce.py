"""A message that was overheard and is played again: refused, soon, an hour later, and dressed up as another."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def overheard(messages):
    """A create without MessageID, with a nonce, made so many seconds ago."""

    def make(age: float = 0, **header):
        created = f"{datetime.now(UTC) - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"
        replay = {"Nonce": str(uuid.uuid4()), "Created": created}
        return messages.create(messages.meter(), header={"MessageID": None, "ReplayDetection": replay, **header})

    return make


def test_played_again(target, overheard):
    body = overheard()
    assert target.strike_message(body, times=1).codes == ["0.0"]
    answer = target.strike_message(body)
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["7.7"])


def test_played_again_under_a_message_id(target, overheard, messages):
    body = overheard(MessageID=str(uuid.uuid4()))
    assert target.strike_message(body, times=1).codes == ["0.0"]
    next(body.iter("{*}MessageID")).text = str(uuid.uuid4())
    assert target.strike_message(body).codes == ["7.7"]


def test_played_again_with_other_content(target, overheard):
    body = overheard(MessageID=str(uuid.uuid4()))
    assert target.strike_message(body, times=1).codes == ["0.0"]
    next(body.iter("{*}value")).text = "999"
    assert target.strike_message(body).codes == ["2.15"]  # the MessageID tells first


def test_an_hour_later(target, overheard):
    answer = target.strike_message(overheard(age=3600))
    assert (answer.status, answer.result, answer.codes) == (200, "FAILED", ["7.7"])
    assert "compare clocks" in answer.said


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "12026-03-01T00:00:00Z"])
def test_times_out_of_this_world(target, overheard, created):
    body = overheard()
    next(body.iter("{*}Created")).text = created
    assert target.strike_message(body).codes == ["7.7"]


def test_a_nonce_as_long_as_it_likes(target, overheard):
    body = overheard()
    next(body.iter("{*}Nonce")).text = "x" * 40_000
    assert target.strike_message(body, times=1).codes == ["0.0"]
    assert target.strike_message(body).codes == ["7.7"]
