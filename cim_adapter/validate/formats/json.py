"""For programs: one JSON document, written document by document."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TextIO

from cim_adapter.validate.formats.report import Total
from cim_adapter.validate.remark import Checked, Remark

_LEFT_OUT = ("source", "at")


class JsonReport:
    """``{"documents": [{"name", "valid", "remarks": […], "rest", …}], "total": {…}}``."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._separator = ""

    def begin(self) -> None:
        self._out.write('{"documents": [')

    def add(self, checked: Checked) -> None:
        self._out.write(self._separator + "\n" + json.dumps(_document(checked)))
        self._separator = ","

    def end(self, total: Total) -> None:
        self._out.write(f'\n], "total": {json.dumps(asdict(total))}}}\n')


def _document(checked: Checked) -> dict[str, Any]:
    return {
        "name": checked.name,
        "kind": checked.kind,
        "valid": checked.valid,
        "bytes": checked.bytes,
        "errors": checked.errors,
        "warnings": checked.warnings,
        "remarks": [_remark(checked.name, remark) for remark in checked.remarks],
        "rest": checked.rest,
        "more": checked.more,
    }


def _remark(name: str, remark: Remark) -> dict[str, Any]:
    kept = {key: value for key, value in asdict(remark).items() if key not in _LEFT_OUT}
    return {"file": name, **kept}
