"""The rules by which controls and their targets move."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.nouns.controls.life import FINAL, OPEN, at, moved, of_control, restarted
from cim_adapter.store.control_states import State

stored = st.sampled_from([state for state in State if state is not State.EXPIRED])
news = st.sampled_from([State.SENT, State.IN_PROGRESS, *FINAL])
states = st.sampled_from(list(State))
instants = st.integers(-(2**40), 2**40)
ends = st.none() | instants


def after(state: State, told: list[State]) -> State:
    for one in told:
        state = moved(state, one) or state
    return state


def test_every_state_is_open_final_or_expired():
    assert {*OPEN, *FINAL, State.EXPIRED} == set(State)
    assert [state.word for state in State] == [
        "received",
        "sent",
        "in progress",
        "completed",
        "failed",
        "canceled",
        "expired",
    ]


@given(states, news)
def test_a_target_only_goes_forward(state, told):
    reached = moved(state, told)
    if reached is None:
        return
    assert state not in FINAL
    assert reached is told
    assert reached in FINAL or (state in OPEN and reached > state)


@given(st.sampled_from(FINAL), st.lists(news))
def test_what_is_final_stays(state, told):
    assert after(state, told) is state
    assert restarted(state) is None


@given(st.sampled_from(OPEN), st.lists(news))
def test_the_first_end_that_is_told_counts(state, told):
    ends_told = [one for one in told if one in FINAL]
    reached = after(state, told)
    assert reached is (ends_told[0] if ends_told else max([state, *told]))


@given(st.sampled_from(OPEN), st.lists(news), st.integers(0, 20))
def test_news_told_twice_change_nothing(state, told, place):
    again = [*told, *told[: place + 1]]
    assert after(state, again) is after(state, told)


@given(stored, ends, instants)
def test_the_clock_ends_what_is_open_and_nothing_else(state, end, now):
    seen = at(state, end, now)
    passed = end is not None and now >= end
    assert seen is (State.EXPIRED if passed and state in OPEN else state)


@given(stored, instants, instants, instants)
def test_what_has_expired_stays_expired(state, end, first, later):
    first, later = sorted((first, later))
    if at(state, end, first) is State.EXPIRED:
        assert at(state, end, later) is State.EXPIRED


@given(news)
def test_an_expired_target_may_only_end(told):
    assert moved(State.EXPIRED, told) is (told if told in FINAL else None)
    assert restarted(State.EXPIRED) is None


@given(st.sampled_from(OPEN))
def test_a_change_starts_anew(state):
    assert restarted(state) is State.RECEIVED


# --------------------------------------------------------------------------------------- the control

many = st.lists(states, min_size=1, max_size=12)


@given(many)
def test_a_control_is_open_as_long_as_one_target_is(targets):
    assert (of_control(targets) in OPEN) is any(target in OPEN for target in targets)


@given(many, st.randoms())
def test_the_order_of_targets_does_not_matter(targets, random):
    shuffled = list(targets)
    random.shuffle(shuffled)
    assert of_control(shuffled) is of_control(targets)


@given(states, st.integers(1, 5))
def test_a_control_whose_targets_agree_is_what_they_are(state, count):
    assert of_control([state] * count) is state


@given(many)
def test_one_failure_makes_a_failed_control_once_all_are_done(targets):
    done = [target for target in targets if target not in OPEN] + [State.FAILED]
    assert of_control(done) is State.FAILED


@given(st.lists(st.sampled_from(OPEN), min_size=1), st.lists(st.tuples(st.integers(0, 20), news)))
def test_a_control_never_goes_back(targets, told):
    rank = {State.RECEIVED: 0, State.SENT: 1, State.IN_PROGRESS: 2}
    before = of_control(targets)
    for place, one in told:
        place %= len(targets)
        targets[place] = moved(targets[place], one) or targets[place]
        now = of_control(targets)
        assert rank.get(now, 3) >= rank.get(before, 3)
        before = now


def test_the_gravest_end_counts():
    completed, canceled, expired = State.COMPLETED, State.CANCELED, State.EXPIRED
    assert of_control([completed, canceled]) is completed
    assert of_control([completed, expired]) is expired
    assert of_control([State.RECEIVED, completed]) is State.IN_PROGRESS
    assert of_control([State.RECEIVED, State.SENT]) is State.SENT
