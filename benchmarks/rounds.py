"""One round: a fresh server in a fresh directory under load, and what it used meanwhile."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks import ours, rest, stock
from benchmarks.load import Plan, Result, drive
from benchmarks.messages import KINDS
from benchmarks.messages.requests import IEC, Dialect
from benchmarks.process import Server, free_port, python

STACKS = ("ours", "stock")
BULK_INSERT = "stock, bulk"  # of REST alone: its creates as one INSERT instead of ORM objects
BULK = 1_000  # items a message from which `bulk_clients` send
AT_LEAST = 10  # replies a window must hold, however long they take


@dataclass(frozen=True)
class Load:
    """How hard to drive; the same for both stacks."""

    seconds: float
    clients: int
    bulk_clients: int
    warm_up: float = 2.0

    def clients_for(self, size: int) -> int:
        """Fewer clients send very large messages."""
        return self.bulk_clients if size >= BULK else self.clients


@dataclass(frozen=True)
class Round:
    """What one round measured."""

    result: Result
    cpu_seconds: float
    peak_bytes: int

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds per 1,000 messages."""
        return self.cpu_seconds * 1_000 / self.result.replies if self.result.replies else 0.0


@dataclass(frozen=True)
class _Side:
    command: list[str]
    path: str
    dialect: Dialect | None
    headers: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)


def _side(stack: str, kind: str, size: int, port: int, data: Path) -> _Side:
    if kind in rest.KINDS:
        return _rest_side(stack, port, data)
    if stack == "ours":
        return _Side(ours.command(port, data), ours.path(KINDS[kind]), IEC, {"X-API-Key": ours.key(data)})
    threads = str(stock.fastest_threads(size))
    command = python("benchmarks.stock", "--port", str(port), "--data", str(data), "--threads", threads)
    return _Side(command, "/", stock.DIALECT)


def stacks_for(kind: str) -> tuple[str, ...]:
    """The stacks that a kind is measured on."""
    return (*STACKS, BULK_INSERT) if kind == "rest-create" else STACKS


def _rest_side(stack: str, port: int, data: Path) -> _Side:
    if stack == "ours":
        return _Side(ours.command(port, data), rest.PATH, None, {"X-API-Key": ours.key(data)})
    key = str(uuid4())
    command = python("benchmarks.rest.stock", "--port", str(port), "--data", str(data))
    if stack == BULK_INSERT:
        command.append("--bulk")
    return _Side(command, rest.PATH, None, {"X-API-Key": key}, {"BENCH_KEY": key})


def play(stack: str, kind: str, size: int, load: Load) -> Round:
    """Starts the stack, drives it, stops it. CPU is counted from the window's opening to its closing."""
    with TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        port = free_port()
        side = _side(stack, kind, size, port, data)
        plan = Plan(
            port=port,
            path=side.path,
            dialect=side.dialect,
            kind=kind,
            size=size,
            clients=load.clients_for(size),
            seconds=load.seconds,
            warm_up=load.warm_up,
            at_least=AT_LEAST,
            headers=side.headers,
        )
        with Server(side.command, Path(folder), environment=side.environment) as server:
            _seed(plan)
            marks: list[float] = []
            result = drive(plan, lambda _: marks.append(server.cpu_seconds()))
            peak = server.peak_memory()
        return Round(result, marks[1] - marks[0] if len(marks) == 2 else 0.0, peak)


def _seed(plan: Plan) -> None:
    """What a query is to find, created beforehand."""
    seed = rest.KINDS[plan.kind].seed if plan.kind in rest.KINDS else 0
    if not seed:
        return
    times = seed // rest.SEEDED_AT_ONCE
    creates = replace(
        plan, kind="rest-create", size=rest.SEEDED_AT_ONCE, clients=1, seconds=0, warm_up=0, at_least=times - 1
    )
    if failures := drive(creates).samples:
        raise RuntimeError(f"the readings to be queried could not be created: {failures[0]}")
