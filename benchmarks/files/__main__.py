"""Many small files, then one large one, and a table of each; ends with 1 if a file was lost or out of order."""

import argparse
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from lxml import etree

from benchmarks import machine
from benchmarks.files import large
from benchmarks.process import python

NAMESPACE = "http://iec.ch/TC57/2011/MeterReadings#"
DELTA = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
XSD = Path(__file__).parents[2] / "xsd" / "MeterReadings.xsd"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument(
        "--large", type=int, default=10_000_000, help="readings in the large one (default 10,000,000); 0: none"
    )
    parser.add_argument("--readings", type=int, default=4, help="readings in each (default 4)")
    return parser.parse_args()


def document(number: int, readings: int) -> bytes:
    """MeterReadings of one of 1,000 meters, with nothing around it."""
    root = etree.Element(f"{{{NAMESPACE}}}MeterReadings", nsmap={None: NAMESPACE})
    meter = etree.SubElement(root, f"{{{NAMESPACE}}}MeterReading")
    block = etree.SubElement(meter, f"{{{NAMESPACE}}}IntervalBlocks")
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number // 1_000)
    for quarter in range(readings):
        reading = etree.SubElement(block, f"{{{NAMESPACE}}}IntervalReadings")
        stamp = start + timedelta(minutes=15 * quarter)
        etree.SubElement(reading, f"{{{NAMESPACE}}}timeStamp").text = f"{stamp:%Y-%m-%dT%H:%M:%SZ}"
        etree.SubElement(reading, f"{{{NAMESPACE}}}value").text = f"{number % 977}.25"
    etree.SubElement(block, f"{{{NAMESPACE}}}ReadingType").set("ref", DELTA)
    named = etree.SubElement(meter, f"{{{NAMESPACE}}}Meter")
    etree.SubElement(named, f"{{{NAMESPACE}}}mRID").text = f"meter-{number % 1_000}"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def drop(inbox: Path, files: int, readings: int) -> list[str]:
    """Their names, in order of arrival."""
    inbox.mkdir()
    names = [f"{number * 7_919 % files:06}-{number}.xml" for number in range(files)]
    for number, name in enumerate(names):
        (inbox / name).write_bytes(document(number, readings))
        os.utime(inbox / name, ns=(number, number))
    return names


def by_us(inbox: Path, names: list[str]) -> tuple[float, str]:
    """Seconds, and what was wrong."""
    command = [*python("cim_adapter", "watch"), str(inbox), "--once", "--data", str(inbox.parent / "data")]
    began = perf_counter()
    done = subprocess.run([*command, "--settle", "0"], capture_output=True, text=True)
    took = perf_counter() - began
    if done.stdout.splitlines() != [f"done {name}" for name in names]:
        return took, f"not all were done in order of arrival: {done.stdout[-500:]}{done.stderr[-500:]}"
    replies = len(list(inbox.glob("done/*/*.reply.xml")))
    return took, "" if replies == len(names) else f"{replies:,} replies"


def by_xmllint(inbox: Path, names: list[str]) -> tuple[float, str]:
    """Seconds of a shell loop, one process for each file, as scripts have it."""
    loop = f'for file in "$1"/*.xml; do xmllint --noout --schema "{XSD}" "$file" || exit 1; done'
    began = perf_counter()
    done = subprocess.run(["sh", "-c", loop, "sh", str(inbox)], capture_output=True, text=True)
    return perf_counter() - began, done.stderr[-500:] if done.returncode else ""


def main() -> int:
    options = arguments()
    wrong = []
    with TemporaryDirectory(prefix="bench-files-") as home:
        folder = Path(home)
        print(f"Machine: {machine.describe(folder)}.")
        if options.files:
            wrong += _small(folder, options.files, options.readings)
        if options.large:
            wrong += large.compare(folder, options.large)
    for problem in wrong:
        print(f"\nFAILED: {problem}", file=sys.stderr)
    return 1 if wrong else 0


def _small(folder: Path, files: int, readings: int) -> list[str]:
    """Prints a table; what went wrong."""
    wrong = []
    names = drop(folder / "inbox", files, readings)
    print("\n| stack | files | seconds | files/s |\n|---|---:|---:|---:|")
    for stack, run in (("xmllint, a process a file", by_xmllint), ("ours", by_us)):
        if stack != "ours" and shutil.which("xmllint") is None:
            print("| xmllint is not here (Debian: libxml2-utils) | | | |")
            continue
        took, problem = run(folder / "inbox", names)
        wrong += [f"{stack}: {problem}"] if problem else []
        print(f"| {stack} | {len(names):,} | {took:.1f} | {len(names) / took:,.0f} |", flush=True)
    shutil.rmtree(folder / "inbox")
    shutil.rmtree(folder / "data")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
