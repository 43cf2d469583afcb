"""Identifiers far longer than any database index takes, and of a kind that no compression shortens."""

from __future__ import annotations

import secrets

import pytest


@pytest.fixture(scope="module")
def long():
    return secrets.token_urlsafe(100_000)


@pytest.fixture
def post(standing_server, messages):
    with standing_server.client() as client:
        yield lambda body: messages.send(client, body)


@pytest.mark.parametrize("part", ["MessageID", "CorrelationID", "Source"])
def test_header_part(post, messages, long, part):
    answer = post(messages.create(messages.meter(), header={part: long}))
    assert answer.codes[0] != "5.3", answer.said
    assert answer.result in ("OK", "FAILED")


def test_mrid(post, messages, long):
    answer = post(messages.create(messages.meter(long)))
    assert answer.codes[0] != "5.3", answer.said


def test_reading_type(post, messages, long):
    meter = messages.meter()
    meter["IntervalBlocks"]["ReadingType"]["ref"] = long
    answer = post(messages.create(meter))
    assert answer.codes[0] != "5.3", answer.said


def test_query(post, messages, long):
    assert post(messages.get({"EndDevice": {"mRID": long[::-1]}})).codes == ["2.4"]
    assert post(messages.get({"ReadingType": {"Names": {"name": long[::-1]}}})).codes == ["5.7"]


def test_refusal_is_journaled_all_the_same(post, messages, long):
    answer = post(messages.get(header={"Verb": "destroy", "MessageID": long}))
    assert answer.codes == ["2.9"]
