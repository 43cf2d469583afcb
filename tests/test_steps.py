"""Work in steps: alone, and in step with others."""

import pytest

from cim_adapter.steps import finish, in_step


def worker(name, done, *, steps=2, fails_at=None):
    for step in range(steps):
        if step == fails_at:
            raise ValueError(name)
        done.append((step, name))
        yield
    return name


def test_one_alone():
    done = []
    assert finish(worker("a", done)) == "a"
    assert done == [(0, "a"), (1, "a")]


def test_one_alone_raises():
    with pytest.raises(ValueError, match="a"):
        finish(worker("a", [], fails_at=1))


def test_all_take_a_step_before_any_takes_the_next():
    done = []
    assert in_step(worker(name, done) for name in "abc") == ["a", "b", "c"]
    assert done == [(step, name) for step in (0, 1) for name in "abc"]


def test_outcomes_keep_their_order_whoever_is_ready_first():
    lengths = {"a": 3, "b": 0, "c": 1}
    assert in_step(worker(name, [], steps=steps) for name, steps in lengths.items()) == ["a", "b", "c"]


def test_one_that_fails_keeps_no_other_from_going_on():
    done = []
    outcomes = in_step([worker("a", done), worker("b", done, fails_at=1), worker("c", done)])
    assert (outcomes[0], str(outcomes[1]), outcomes[2]) == ("a", "b", "c")
    assert isinstance(outcomes[1], ValueError)
    assert (1, "c") in done


def test_nothing_to_do():
    assert in_step([]) == []
