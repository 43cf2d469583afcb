"""`python -m benchmarks`: runs the rounds, prints the table, ends with 1 if a single reply failed."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import machine, report, rest
from benchmarks.messages import KINDS
from benchmarks.rounds import BULK_INSERT, STACKS, Load, Round, play, stacks_for
from benchmarks.trivial import ceiling

CEILING = "ceiling"
EVERY = {name: kind.sizes for name, kind in (*KINDS.items(), *rest.KINDS.items())}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a window (default 10)")
    parser.add_argument("--clients", type=int, default=16, help="clients in a closed loop (default 16)")
    parser.add_argument(
        "--bulk-clients", type=int, default=4, help="clients from 1,000 items a message up (default 4)"
    )
    parser.add_argument("--kinds", default=",".join(EVERY), help=f"what to do (default {','.join(EVERY)})")
    for kind, default in EVERY.items():
        sizes = ",".join(map(str, default))
        parser.add_argument(f"--{kind}", default=sizes, help=f"items a message of {kind} (default {sizes})")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each stack, alternating (default 2)")
    parser.add_argument(
        "--only", choices=(*STACKS, BULK_INSERT, CEILING), help="one stack, or the generator by itself"
    )
    options = parser.parse_args()
    options.kinds = options.kinds.split(",")
    if unknown := set(options.kinds).difference(EVERY):
        parser.error(f"--kinds: {', '.join(sorted(unknown))} is none of {', '.join(EVERY)}")
    return options


def main() -> int:
    """Prints as it goes: a bench that takes minutes should show that it lives."""
    options = arguments()
    sizes = {kind: getattr(options, kind.replace("-", "_")).split(",") for kind in options.kinds}
    plays = [(kind, int(size)) for kind in options.kinds for size in sizes[kind]]
    load = Load(options.seconds, options.clients, options.bulk_clients)
    with TemporaryDirectory(prefix="bench-") as folder:
        top = ceiling(Path(folder), "readings", 1, load.clients, min(3.0, options.seconds))
        print(f"Machine: {machine.describe(Path(folder))}.", flush=True)
    print(f"Load generator against a server that does nothing: {top.per_second:,.0f} messages/s.\n", flush=True)
    if options.only == CEILING:
        return 1 if top.failures else 0

    wrong: list[str] = []
    print(report.HEAD, flush=True)
    for kind, size in plays:
        stacks = [stack for stack in stacks_for(kind) if options.only in (None, stack)]
        rounds: dict[str, list[Round]] = {stack: [] for stack in stacks}
        for _ in range(options.rounds):
            for stack in stacks:
                done = play(stack, kind, size, load)
                rounds[stack].append(done)
                wrong += filter(None, [report.failures(stack, kind, size, done)])
        print("\n".join(report.rows(kind, size, load.clients_for(size), rounds)), flush=True)
    for problem in wrong:
        print(f"\nFAILED: {problem}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
