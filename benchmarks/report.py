"""Rounds in, Markdown out: medians over the rounds of each stack."""

from collections.abc import Callable
from statistics import median

from benchmarks.rounds import Round

HEAD = (
    "| kind | items/message | clients | stack | messages/s | items/s | p50 ms | p99 ms "
    "| CPU s per 1,000 messages | peak memory MB | ratio |\n"
    "|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|"
)


def rows(kind: str, size: int, clients: int, rounds: dict[str, list[Round]]) -> list[str]:
    """One line per stack; the ratio of messages/s stands in our line."""
    return [
        _row(kind, size, clients, stack, done, _ratio(stack, rounds)) for stack, done in rounds.items() if done
    ]


def failures(stack: str, kind: str, size: int, done: Round) -> str | None:
    """What went wrong in a round, or None."""
    if not done.result.failures:
        return None
    samples = "\n".join(f"  {sample}" for sample in done.result.samples)
    return f"{stack}, {size:,} {kind} a message: {done.result.failures:,} replies failed, such as\n{samples}"


def _row(kind: str, size: int, clients: int, stack: str, done: list[Round], ratio: str) -> str:
    rate = _over(done, lambda one: one.result.per_second)
    cells = [
        kind,
        f"{size:,}",
        str(clients),
        stack,
        _figure(rate),
        _figure(rate * size),
        _figure(_over(done, lambda one: one.result.p50_ms)),
        _figure(_over(done, lambda one: one.result.p99_ms)),
        f"{_over(done, lambda one: one.cpu_per_thousand):.2f}",
        f"{_over(done, lambda one: one.peak_bytes) / 1e6:.0f}",
        ratio,
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(stack: str, rounds: dict[str, list[Round]]) -> str:
    if stack != "ours" or not rounds.get("stock"):
        return ""
    stock = _over(rounds["stock"], lambda one: one.result.per_second)
    return f"**{_over(rounds['ours'], lambda one: one.result.per_second) / stock:.1f}×**" if stock else ""


def _over(rounds: list[Round], value: Callable[[Round], float]) -> float:
    return median(map(value, rounds))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
