"""Reports for terminals, programs, build servers and people."""

from __future__ import annotations

import io
import json

import pytest
from lxml import etree

from cim_adapter.validate import command
from tests.validate.mutations import EXAMPLES

BAD = (EXAMPLES / "generic-create.xml").read_text().replace("create<", "crate<")


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.xml"
    path.write_text(BAD)
    return path


def test_text(validate, bad):
    assert validate(bad).out.replace(str(bad), "bad.xml") == (
        "bad.xml: invalid (SOAP, RequestMessage, crate MeterReadings)\n"
        "\n"
        "  bad.xml:6:19: error: found 'crate'; expected one of cancel, canceled, change, changed, create, "
        "created, close, closed, delete, deleted, get, reply, execute, executed\n"
        "      6 | <msg:Verb>crate</msg:Verb>\n"
        "        |           ^^^^^\n"
        "    at   RequestMessage/Header/Verb\n"
        "    why  Only the words of the list are taken, letter by letter.\n"
        "    do   write create\n"
        "1 document, 1 invalid, 1 error\n"
    )


def test_colour_is_for_terminals(monkeypatch, bad):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = parser.parse_args([str(bad)])
    monkeypatch.delenv("NO_COLOR", raising=False)
    for out, coloured in ((Terminal(), True), (io.StringIO(), False)):
        assert command.run(options, command.Streams(io.BytesIO(), out, io.StringIO())) == 1
        assert ("\x1b[31m^^^^^\x1b[0m" in out.getvalue()) is coloured
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    command.run(options, command.Streams(io.BytesIO(), out, io.StringIO()))
    assert "\x1b" not in out.getvalue()


def test_json(validate, bad):
    report = json.loads(validate(bad, bad.parent, "--format", "json").out)
    assert report["total"] == {"documents": 2, "invalid": 2, "errors": 2, "warnings": 0, "bytes": 2 * len(BAD)}
    (remark,) = report["documents"][0]["remarks"]
    told = {
        "file": str(bad),
        "line": 6,
        "column": 19,
        "length": 5,
        "path": "RequestMessage/Header/Verb",
        "value": "crate",
        "proposal": "write create",
        "action": "write",
    }
    assert told.items() <= remark.items()
    assert remark["expected"].startswith("one of cancel, canceled")


def test_junit(validate, bad):
    (bad.parent / "good.xml").write_text(BAD.replace("crate", "create"))
    suites = etree.fromstring(validate(bad.parent, "--format", "junit").out)
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    failed, passed = suites.iter("testcase")
    assert failed.findtext("failure").startswith("line 6, column 19, RequestMessage/Header/Verb: found 'crate'")
    assert (passed.get("name"), len(passed)) == (str(bad.parent / "good.xml"), 0)


def test_into_a_file(validate, bad):
    target = bad.parent / "report.html"
    assert validate(bad, "--format", "html", "--output", target).out == ""
    assert target.read_text().endswith("</html>\n")


def test_a_line_without_end_is_shown_around_the_mark(validate, tmp_path):
    one_line = BAD.replace("\n", " ")
    (tmp_path / "long.xml").write_text(one_line)
    for stream in ((), ("--stream",)):
        shown = validate(tmp_path, *stream).out.splitlines()
        (at,) = [number for number, line in enumerate(shown) if "^" in line]
        assert max(map(len, shown[at - 1 : at + 1])) < 120
        assert shown[at - 1][shown[at].index("^") :].startswith("crate<")
    page = validate(tmp_path, "--format", "html").out
    assert '<mark class="error">crate</mark>' in page
