import pytest

from cim_adapter.envelope import Verb


def test_there_are_fourteen():
    assert len(Verb) == 14


def test_past_tense_is_an_event():
    events = {verb.value for verb in Verb if verb.is_event}
    assert events == {"canceled", "changed", "created", "closed", "deleted", "executed"}


def test_only_get_reads_only():
    assert [verb for verb in Verb if verb.reads_only] == [Verb.GET]


@pytest.mark.parametrize("text", ["", "Get", "CREATE", "update", "show", "subscribe", " get"])
def test_other_words_are_unknown(text):
    assert not Verb.knows(text)


@pytest.mark.parametrize("verb", list(Verb))
def test_knows_its_own(verb):
    assert Verb.knows(verb.value)
