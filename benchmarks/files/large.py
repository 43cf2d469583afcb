"""One file of very many readings, 96 a block: ours beside tools that keep nothing of it.

The wall time of each is that of a process from its start to its end. A core of one's own: that of the first one
that this process may use.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.process import python

NAMESPACE = "http://iec.ch/TC57/2011/MeterReadings#"
DELTA = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
XSD = Path(__file__).parents[2] / "xsd" / "MeterReadings.xsd"
BLOCK = 96
_SLOW = 20_000  # readings that xmlschema is given

_BY_LXML = """
import sys
from lxml import etree
schema, readings = etree.XMLSchema(file=sys.argv[1]), 0
space = "{http://iec.ch/TC57/2011/MeterReadings#}"
for _, meter in etree.iterparse(sys.argv[2], tag=space + "MeterReading", schema=schema):
    readings += len(meter.findall(f".//{space}IntervalReadings"))
    meter.clear()
    while meter.getprevious() is not None:
        del meter.getparent()[0]
print(readings)
"""
_BY_XMLSCHEMA = """
import sys, xmlschema
schema = xmlschema.XMLSchema10(sys.argv[1])
errors = list(schema.iter_errors(xmlschema.XMLResource(sys.argv[2], lazy=True)))
print(len(errors))
"""


@dataclass(frozen=True)
class Ran:
    """What one process cost: seconds by the clock and of CPU, and its peak in MB; ``problem`` where it failed."""

    wall: float
    cpu: float
    peak: float
    problem: str = ""


def write(path: Path, readings: int) -> int:
    """A MeterReadings document with nothing around it, each block of a meter of its own; its readings."""
    start, blocks = datetime(2026, 1, 1, tzinfo=UTC), -(-readings // BLOCK)
    stamps = [f"{start + timedelta(minutes=15 * quarter):%Y-%m-%dT%H:%M:%SZ}" for quarter in range(1, BLOCK + 1)]
    with path.open("w", encoding="utf-8") as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<m:MeterReadings xmlns:m="{NAMESPACE}">\n')
        for block in range(blocks):
            file.write(" <m:MeterReading>\n  <m:IntervalBlocks>\n")
            for quarter, stamp in enumerate(stamps):
                value = f"{(block * 7 + quarter * 13) % 9973}.{quarter:02}"
                file.write(
                    f"   <m:IntervalReadings>\n    <m:timeStamp>{stamp}</m:timeStamp>\n"
                    f"    <m:value>{value}</m:value>\n   </m:IntervalReadings>\n"
                )
            file.write(
                f'   <m:ReadingType ref="{DELTA}"/>\n  </m:IntervalBlocks>\n'
                f"  <m:Meter><m:mRID>meter-{block}</m:mRID></m:Meter>\n </m:MeterReading>\n"
            )
        file.write("</m:MeterReadings>\n")
    return blocks * BLOCK


def run(command: Sequence[str | Path], expected: str, *, one_core: bool = False) -> Ran:
    """Run it to its end; it must say ``expected``."""
    core = {min(os.sched_getaffinity(0))}
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, core)) if one_core else None,
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    problem = "" if process.returncode == 0 and expected in said else said[-500:] or "it said nothing"
    return Ran(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, problem)


def by_us(path: Path, home: Path, *, one_core: bool = False) -> Ran:
    """Taken from an inbox, into a database of its own."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    os.link(path, inbox / path.name)
    command = [*python("cim_adapter", "watch"), inbox, "--once", "--settle", "0", "--data", home / "data"]
    try:
        return run(command, f"done {path.name}", one_core=one_core)
    finally:
        shutil.rmtree(home)


def compare(home: Path, readings: int) -> list[str]:
    """Prints a table; what went wrong."""
    path, part = home / "large.xml", home / "part.xml"
    count, few = write(path, readings), write(part, _SLOW)
    xmllint = ["xmllint", "--noout", "--stream", "--schema", XSD, path]
    validate = [*python("cim_adapter", "validate"), "--stream", path]
    stacks: dict[str, Callable[[], Ran]] = {
        "xmllint --stream --schema": lambda: run(xmllint, "validates"),
        "ours, validate --stream": lambda: run(validate, "0 invalid"),
        "ours, validate --stream, one core": lambda: run(validate, "0 invalid", one_core=True),
        "ours, taken": lambda: by_us(path, home / "all"),
        "ours, taken, one core": lambda: by_us(path, home / "one", one_core=True),
        "lxml iterparse, with the XSD": lambda: run([sys.executable, "-c", _BY_LXML, XSD, path], str(count)),
    }
    size = path.stat().st_size / 1e6
    print(f"\nOne file of {count:,} readings, {size:,.0f} MB:\n")
    print("| stack | seconds | CPU s | us/reading | peak MB | to xmllint |\n|---|---:|---:|---:|---:|---:|")
    wrong, base = [], None
    for stack, work in stacks.items():
        if stack.startswith("xmllint") and shutil.which("xmllint") is None:
            print("| xmllint is not here (Debian: libxml2-utils) | | | | | |")
            continue
        ran = work()
        base = ran.wall if stack.startswith("xmllint") else base
        ratio = f"{ran.wall / base:.2f}×" if base else ""
        each = ran.wall / count * 1e6
        print(f"| {stack} | {ran.wall:.1f} | {ran.cpu:.1f} | {each:.2f} | {ran.peak:.0f} | {ratio} |", flush=True)
        wrong += [f"{stack}: {ran.problem}"] if ran.problem else []
    slow = run([sys.executable, "-c", _BY_XMLSCHEMA, XSD, part], "0")
    wrong += [f"xmlschema: {slow.problem}"] if slow.problem else []
    each = slow.wall / few * 1e6
    print(f"| xmlschema, lazy ({few:,} readings alone) | {slow.wall:.1f} | {slow.cpu:.1f} | {each:.2f} | | |")
    return wrong
