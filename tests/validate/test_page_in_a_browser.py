"""The HTML report, as a person sees it."""

from __future__ import annotations

import json

import pytest

from tests.browser import browsing
from tests.validate.mutations import EXAMPLES

#: What a person can see: drawn, with a size, and not hidden.
_SEEN = """(selector => [...document.querySelectorAll(selector)].filter(node => node.checkVisibility() &&
    node.getBoundingClientRect().height > 0).map(node => node.innerText.trim()))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("browser") / "profile") as opened:
        yield opened


@pytest.fixture
def show(page, tmp_path, validate):
    def open_report(text: str, *options: str):
        (tmp_path / "day.xml").write_text(text)
        report = tmp_path / "report.html"
        assert validate(tmp_path / "day.xml", "--format", "html", "--output", report, *options).status == 1
        page.requests.clear()
        page.complaints.clear()
        page.call("Page.navigate", url=report.as_uri())
        page.until("document.readyState === 'complete' && document.querySelector('.total') !== null")
        return page

    return open_report


def seen(page, selector):
    return page.run(f"{_SEEN}({json.dumps(selector)})")


@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_line_message_and_proposal_are_visible(show, options):
    text = (EXAMPLES / "generic-create.xml").read_text().replace("2026-03-01T00:30:00Z", "01.03.2026 0:30")
    page = show(text, *options)
    line = text[: text.index("01.03.2026")].count("\n") + 1
    assert seen(page, "tr.error > td.number") == [str(line)]
    assert seen(page, "tr.error mark") == ["01.03.2026 0:30"]
    assert seen(page, "aside .found") == ["Found '01.03.2026 0:30'; expected xs:dateTime."]
    assert seen(page, "aside .why") == ["This is not the form of xs:dateTime."]
    assert seen(page, "aside .do") == ["Write 2026-03-01T00:30:00."]
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("file:")] == []


def test_what_a_document_holds_stays_text(show):
    evil = '&lt;script>document.title="taken"&lt;/script>&lt;img src=http://127.0.0.1:9/x onerror=alert(1)>'
    text = (EXAMPLES / "generic-create.xml").read_text().replace(">create<", f">{evil}<")
    page = show(text.replace("<msg:Source>HES", "<msg:Source><![CDATA[</td></table><script>1</script>]]>"))
    assert page.run("document.title") == "cim-adapter validate"
    assert page.run("document.scripts.length + document.images.length") == 0
    assert 'document.title="taken"' in seen(page, "aside .found")[0]
    assert [url for url in page.requests if not url.startswith("file:")] == []
