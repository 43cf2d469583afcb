"""A verb that is none, or that the noun does not have."""

from __future__ import annotations

import pytest


@pytest.fixture
def is_refused(messages):
    def check(answer, soap):
        assert answer.soap == soap
        assert (answer.status, answer.fault) == (200, "")
        assert (answer.result, answer.codes, answer.header["Verb"]) == ("FAILED", ["2.9"], "reply")

    return check


@pytest.mark.parametrize("soap", ["SOAP11", "SOAP12"])
@pytest.mark.parametrize("shape", ["A", "B", "C"])
def test_no_verb(target, messages, is_refused, shape, soap):
    soap = getattr(messages, soap)
    answer = target.strike_message(messages.get(shape=shape, header={"Verb": "destroy"}), soap=soap)
    is_refused(answer, soap)
    assert "'destroy'" in answer.said
    assert "cancel, canceled, change" in answer.said


@pytest.mark.parametrize("verb", ["execute", "executed"])
def test_verb_that_the_noun_does_not_have(target, messages, is_refused, verb):
    answer = target.strike_message(messages.create(messages.meter(), header={"Verb": verb}))
    is_refused(answer, messages.SOAP11)
    assert f"'{verb}'" in answer.said
    assert "create" in answer.said


@pytest.mark.parametrize("verb", ["<script>", "create;drop table journal", "\u202e" * 100, "x" * 30_000])
def test_odd_verb(target, messages, is_refused, verb):
    is_refused(target.strike_message(messages.get(header={"Verb": verb})), messages.SOAP11)
