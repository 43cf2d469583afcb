"""What the bench ran on: enough to compare, nothing that identifies the machine."""

import os
import platform
import statistics
from pathlib import Path
from time import perf_counter


def describe(folder: Path) -> str:
    """One line: processor, cores, memory, Python, kernel, and what an fsync costs in `folder`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB RAM, "
        f"Python {platform.python_version()}, Linux {platform.release().split('-')[0]}, "
        f"fsync {fsync_ms(folder):.2f} ms (median of 4 KiB appends)"
    )


def fsync_ms(folder: Path, times: int = 200) -> float:
    """Median milliseconds of an append and fsync, as a commit does it."""
    spent = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(times):
            began = perf_counter()
            file.write(b"\0" * 4096)
            os.fsync(file.fileno())
            spent.append(perf_counter() - began)
    return statistics.median(spent) * 1e3


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
