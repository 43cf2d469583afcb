"""The page that lies beside a rejected file: the documents that could not be read, with their mistakes marked."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence

from cim_adapter.errors import AdapterError
from cim_adapter.schema import Catalogue
from cim_adapter.validate.document import Inspector, Rules, refused
from cim_adapter.validate.formats.html import HtmlReport
from cim_adapter.validate.formats.report import Total

LARGEST = 1024 * 1024
"""Bytes of a document that is shown; a larger one has its findings in the other report."""
MOST = 20
"""Documents on one page."""


def page_of(documents: Sequence[tuple[str, bytes]], catalogue: Catalogue) -> bytes | None:
    """What ``cim-adapter validate --format html`` has to say of documents, by their names. None where that fails:
    a page is a help, and what became of the file is in its reply.
    """
    out, total, inspector = io.StringIO(), Total(), Inspector(Rules(catalogue=catalogue))
    report = HtmlReport(out)
    report.begin()
    try:
        for name, body in documents[:MOST]:
            try:
                found = list(inspector.inspect(body, name))
            except AdapterError as error:
                found = [refused(name, error, len(body))]
            for checked in found:
                total.count(checked)
                report.add(checked)
    except Exception:  # a defect of ours must not keep a file from being filed
        logging.getLogger("cim_adapter.files").exception(
            "there is no page for %s", [name for name, _ in documents]
        )
        return None
    report.end(total)
    return out.getvalue().encode()
