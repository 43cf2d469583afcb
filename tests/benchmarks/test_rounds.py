"""Both stacks answer every kind of message."""

import pytest

from benchmarks import rest
from benchmarks.messages import KINDS
from benchmarks.rounds import STACKS, Load, Round, play, stacks_for


def short(stack: str, kind: str, size: int) -> Round:
    return play(stack, kind, size, Load(seconds=0.1, clients=4, bulk_clients=4, warm_up=0))


def check(done: Round) -> None:
    assert done.result.failures == 0, done.result.samples
    assert done.result.replies > 0
    assert done.peak_bytes > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stack", STACKS)
def test_no_reply_fails(stack: str, kind: str) -> None:
    check(short(stack, kind, 2))


@pytest.mark.parametrize(("kind", "stack"), [(kind, stack) for kind in rest.KINDS for stack in stacks_for(kind)])
def test_no_answer_of_rest_fails(stack: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi", reason="the peer is FastAPI: pip install '.[bench]'")
    monkeypatch.setattr(
        "benchmarks.rounds.rest.KINDS", {kind: rest.Kind(kind, (), seed=10_000 * (kind == "rest-query"))}
    )
    check(short(stack, kind, 200))
