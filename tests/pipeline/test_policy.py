"""What is taken by its header alone."""

import pytest

from cim_adapter import Settings
from cim_adapter.envelope import Header
from cim_adapter.errors import Refused
from cim_adapter.pipeline.policy import Policy


def admits(header: dict, **settings) -> str:
    """The code that a header is refused with; empty where it is admitted."""
    try:
        Policy(Settings(**settings)).admit(Header(verb="create", noun="MeterReadings", **header))
    except Refused as error:
        return error.code
    return ""


def test_everything_is_taken_where_there_are_no_rules():
    for header in ({}, {"context": "TESTING"}, {"revision": "99"}):
        assert admits(header) == ""


@pytest.mark.parametrize(
    ("context", "code"), [(None, ""), ("PRODUCTION", ""), ("TESTING", "7.7"), ("production", "7.7")]
)
def test_context(context, code):
    assert admits({"context": context}, context="PRODUCTION") == code


@pytest.mark.parametrize(("revision", "code"), [(None, ""), ("1", ""), ("2", ""), ("3", "1.9"), ("", "")])
def test_revision(revision, code):
    assert admits({"revision": revision}, revisions=("1", "2")) == code


def test_no_revision_means_the_first():
    assert admits({}, revisions=("2",)) == "1.9"


def test_replay_detection_may_be_required():
    assert admits({}, require_replay_detection=True) == "1.5"
