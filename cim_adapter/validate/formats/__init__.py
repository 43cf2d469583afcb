"""Reports, each written while the documents are checked: text, json, junit, html."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TextIO

from cim_adapter.validate.formats.html import HtmlReport
from cim_adapter.validate.formats.json import JsonReport
from cim_adapter.validate.formats.junit import JunitReport
from cim_adapter.validate.formats.report import Report
from cim_adapter.validate.formats.text import TextReport

__all__ = ["FORMATS", "Report", "TextReport"]

FORMATS: Mapping[str, Callable[[TextIO], Report]] = MappingProxyType(
    {"text": TextReport, "json": JsonReport, "junit": JunitReport, "html": HtmlReport}
)
