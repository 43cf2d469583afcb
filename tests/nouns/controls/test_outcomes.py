"""What events of the code lists say of controls."""

from __future__ import annotations

import pytest

from cim_adapter.codes import CodeLists
from cim_adapter.nouns.controls.outcomes import answers, told_by_event
from cim_adapter.store.control_states import State


@pytest.fixture(scope="module")
def lists():
    return CodeLists()


def test_every_failure_of_the_list_is_one(lists):
    """Whatever its name ends in: ConnectFailed, WriteFailed."""
    for row in lists.table("end_device_event_or_action"):
        told = told_by_event(lists, f"3.31.0.{row.number}", "3.31.0.23")
        if "Failed" in row.name:
            assert told is State.FAILED, row.name
        elif row.kind != "event":
            assert told is None, row.name
        else:
            assert told in (State.FAILED, State.CANCELED, State.IN_PROGRESS, State.COMPLETED), row.name


def test_what_begins_is_in_progress_and_what_is_refused_has_failed(lists):
    def told(name):
        number = lists.table("end_device_event_or_action").number(name)
        return told_by_event(lists, f"3.15.0.{number}", "3.15.0.54")

    for name in ("Started", "InProgress", "ArmedForClosure", "ArmedForOpen", "Acknowledged", "Scheduled"):
        assert told(name) is State.IN_PROGRESS, name
    for name in ("Aborted", "Disallowed", "NotAuthorized", "NotArmed", "Error", "Expired", "Invalid"):
        assert told(name) is State.FAILED, name
    for name in ("Connected", "Disconnected", "Succeeded", "Displayed", "ErrorCleared", "Stopped", "Confirmed"):
        assert told(name) is State.COMPLETED, name
    assert told("Cancelled") is State.CANCELED


def test_a_control_that_cancels_is_done_when_it_has_canceled(lists):
    assert told_by_event(lists, "16.15.43.10", "16.15.43.8") is State.COMPLETED
    assert told_by_event(lists, "16.15.43.86", "16.15.43.8") is State.FAILED


@pytest.mark.parametrize(
    ("event", "control", "yes"),
    [
        ("3.31.0.42", "3.31.0.18", True),
        ("3.31.0.67", "3.31.0.18", True),
        ("3.31.0.68", "3.31.0.18", False),
        ("3.31.0.11", "3.31.0.5", True),
        ("3.31.0.12", "3.31.0.5", False),
        ("nonsense", "3.31.0.5", False),
        ("3.31.0.42", "nonsense", False),
    ],
)
def test_which_action_an_event_answers(lists, event, control, yes):
    assert answers(lists, event, control) is yes
