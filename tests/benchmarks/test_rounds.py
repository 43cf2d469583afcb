"""Both stacks answer every kind of message."""

import pytest

from benchmarks.messages import KINDS
from benchmarks.rounds import STACKS, Load, play


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stack", STACKS)
def test_no_reply_fails(stack: str, kind: str) -> None:
    done = play(stack, kind, 2, Load(seconds=0.1, clients=4, bulk_clients=4, warm_up=0))
    assert done.result.failures == 0, done.result.samples
    assert done.result.replies > 0
    assert done.peak_bytes > 0
