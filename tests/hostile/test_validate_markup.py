"""Documents that attack whoever checks them: entities, crowds, depth, and reports that are to run something."""

from __future__ import annotations

import json
import time

import pytest
from lxml import etree

BODY = '<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">{}</MeterReadings>'
LAUGHS = (
    "<!DOCTYPE a [" + '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
)
DOCUMENTS = {
    "billion laughs": f"{LAUGHS}]>{BODY.format('&a9;')}",
    "a file as an entity": f'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>{BODY.format("&e;")}',
    "a DTD of elsewhere": f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">{BODY.format("")}',
    "in the depth": BODY.format("<a>" * 5_000 + "</a>" * 5_000),
    "a name without end": BODY.format(f"<{'a' * 100_000}/>"),
    "very many attributes": BODY.format("<a " + " ".join(f'a{n}=""' for n in range(100_000)) + "/>"),
    "very many declarations": BODY.format("<a " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(50_000)) + "/>"),
    "quotes that never end": BODY.format('<a b="' + "x" * 200_000),
    "open brackets": BODY.format("<" * 200_000),
    "unknown siblings": BODY.format("<MeterReading>" + "<a/><b/>" * 20_000 + "</MeterReading>"),
    "NULs": BODY.format("\0" * 1_000),
    "nothing": "",
}


@pytest.mark.parametrize("stream", [(), ("--stream",)])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_refused_soon(validate, tmp_path, name, stream):
    path = tmp_path / "a.xml"
    path.write_text(DOCUMENTS[name])
    begun = time.perf_counter()
    done = validate(path, *stream)
    assert done.status == 1
    assert time.perf_counter() - begun < 20
    assert not {"Traceback", "root:x:0"} & set(done.out.split())
    assert done.err == ""


EVIL = "<script>alert(1)</script>\u202e'\"&]]>"


@pytest.mark.parametrize("form", ["text", "json", "junit", "html"])
def test_a_report_does_what_no_document_says(validate, tmp_path, form):
    root = etree.Element("{http://iec.ch/TC57/2011/MeterReadings#}MeterReadings")
    etree.SubElement(root, "{http://iec.ch/TC57/2011/MeterReadings#}MeterReading").text = EVIL
    etree.SubElement(root, "x").set("a", EVIL)
    root.append(etree.fromstring("<y/>"))
    (tmp_path / "a.xml").write_bytes(etree.tostring(root, encoding="UTF-8"))
    out = validate(tmp_path, "--format", form).out
    if form == "html":
        assert "<script>alert" not in out
        assert "default-src 'none'" in out
    elif form == "junit":
        assert etree.fromstring(out).tag == "testsuites"
    elif form == "json":
        assert json.loads(out)["documents"]
    else:
        assert "\u202e" not in out


def test_a_program_in_a_value_does_not_steer_the_terminal(validate, tmp_path):
    (tmp_path / "a.xml").write_text(BODY.format("<MeterReading><a>\u009b2J\u2066</a></MeterReading>"))
    out = validate(tmp_path).out
    assert not {"\u009b", "\u2066"} & set(out)
