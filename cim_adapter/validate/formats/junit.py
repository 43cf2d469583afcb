"""For build servers: a test suite in which each document is a test case."""

from __future__ import annotations

from typing import TextIO

from lxml import etree

from cim_adapter.errors import printable
from cim_adapter.validate.formats.report import Total, rest_of
from cim_adapter.validate.remark import Checked, Remark, Severity


class JunitReport:
    """The counts stand in front, so cases are kept until the end; a case is as small as its remarks."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._suite = etree.Element("testsuite", name="cim-adapter validate")

    def begin(self) -> None:
        """Nothing comes first."""

    def add(self, checked: Checked) -> None:
        case = etree.SubElement(
            self._suite, "testcase", name=printable(checked.name), classname=printable(checked.kind or "document")
        )
        errors = [remark for remark in checked.remarks if remark.severity is Severity.ERROR]
        if not checked.valid:
            first = errors[0] if errors else None
            message = f"{checked.errors:,} errors" + (f"; the first: {_line(first)}" if first else "")
            failure = etree.SubElement(case, "failure", type="invalid", message=printable(message))
            failure.text = printable("\n".join([*map(_line, errors), rest_of(checked)]).strip())
        warnings = [remark for remark in checked.remarks if remark.severity is Severity.WARNING]
        if warnings:
            etree.SubElement(case, "system-out").text = printable("\n".join(map(_line, warnings)))

    def end(self, total: Total) -> None:
        self._suite.set("tests", str(total.documents))
        self._suite.set("failures", str(total.invalid))
        self._suite.set("errors", "0")
        suites = etree.Element("testsuites")
        for key, value in self._suite.items():
            suites.set(key, value)
        suites.append(self._suite)
        self._out.write(etree.tostring(suites, encoding="unicode", pretty_print=True))


def _line(remark: Remark) -> str:
    do = f" {remark.proposal[:1].upper()}{remark.proposal[1:]}." if remark.proposal else ""
    where = f"line {remark.line}, column {remark.column}, {remark.path}: " if remark.line else ""
    return f"{where}found {remark.found}; expected {remark.expected}. {remark.why}{do}"
