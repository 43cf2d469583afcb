"""The examples are valid, are what ``make_day.py`` prints, and do what their page says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from lxml import etree

from cim_adapter.schema import Catalogue

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FORMS = {
    "create": "create-meter-readings.xml",
    "get": "get-meter-readings.xml",
    "generic": "generic-create.xml",
    "event": "created-event.xml",
}
HERE = "http://127.0.0.1:8080"  # where the page thinks the adapter is
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"


def run(*arguments):
    """A script of the examples as a process, with warnings as errors."""
    command = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_every_file_has_its_place_on_the_page():
    page = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.iterdir():
        assert path.name in page or path.name in ("README.md", "__pycache__"), path


@pytest.mark.parametrize(("form", "file"), FORMS.items())
def test_the_files_are_what_the_script_prints(form, file):
    assert run("examples/make_day.py", form) == (EXAMPLES / file).read_text()


@pytest.mark.parametrize("file", FORMS.values())
def test_the_files_are_valid(file):
    catalogue = Catalogue([ROOT / "xsd"])
    envelope = etree.parse(str(EXAMPLES / file)).getroot()
    assert envelope.tag == f"{ENVELOPE}Envelope"
    ((message,),) = envelope
    catalogue.check(message)
    for payload in message.iterfind("{*}Payload/*"):
        catalogue.check(payload)


def test_a_day_is_ninety_six_quarter_hours_and_two_registers():
    root = etree.parse(str(EXAMPLES / FORMS["create"])).getroot()
    stamps = [element.text for element in root.iterfind(".//{*}IntervalReadings/{*}timeStamp")]
    assert (len(set(stamps)), stamps[0], stamps[-1]) == (96, "2026-03-01T00:15:00Z", "2026-03-02T00:00:00Z")
    assert len(root.findall(".//{*}Readings")) == 2
    values, qualities = root.findall(".//{*}value"), root.findall(".//{*}ReadingQualityType")
    assert len(values) == len(qualities) == 98


def test_another_day_and_meter_make_another_message():
    def ids(*arguments):
        root = etree.fromstring(run("examples/make_day.py", *arguments).encode())
        return root.findtext(".//{*}MessageID"), root.findtext(".//{*}timeStamp")

    made = [ids(), ids("create", "--meter", "M-2"), ids("create", "--date", "2026-03-29"), ids("event")]
    assert len({message_id for message_id, _ in made}) == 4
    assert made[2][1] == "2026-03-29T00:15:00Z"


def test_the_page_says_what_happens(server):
    """Every line on the page is run, in order; what it says of the answer is what came back."""
    page = (EXAMPLES / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    lines = 0
    for (kind, content), (_, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        for line in content.splitlines() if kind == "sh" else ():
            words = shlex.split(line.replace("$KEY", server.key).replace(HERE, server.url))
            if words[0] == "curl":
                assert shape(curl(words)) == shape(shown.encode())
            else:
                said = run(*words[1:])
                assert said == shown or ">OK<" in said
            lines += 1
    assert lines == 9


def curl(words):
    """What curl would get. A page must not need it installed to be held to."""
    headers, file, url = {}, "", words[-1]
    for option, value in zip(words[1:-1:2], words[2:-1:2], strict=True):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name] = text
        else:
            assert option == "--data-binary"
            file = value.removeprefix("@")
    return httpx.post(url, content=(ROOT / file).read_bytes(), headers=headers, trust_env=False).content


def shape(xml):
    """The document without what is new each time, and without the readings that the page leaves out."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    for element in root.iter("{*}Timestamp", "{*}MessageID"):
        element.text = "new"
    for element in root.iterfind(".//{*}Reply/{*}ID"):
        element.text = "new"
    for block in root.iter("{*}IntervalBlocks"):
        for element in block.findall("{*}IntervalReadings")[2:]:
            block.remove(element)
    return etree.tostring(root, method="c14n").decode()
