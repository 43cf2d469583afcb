# ruff: noqa: E501  # one mistake, one line: the table reads best so
"""What no XSD sees: identifiers, references, series in time, headers that contradict their messages."""

from __future__ import annotations

import pytest

from tests.validate.mutations import EXAMPLES

DAY = (EXAMPLES / "generic-create.xml").read_text()
TYPED = (EXAMPLES / "MeterReadings" / "create.xml").read_text()
KWH = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
QUARTER = "2026-03-01T00:30:00Z"


def changed(good: str, bad: str, text: str = DAY) -> str:
    assert good in text
    return text.replace(good, bad, 1)


#: (document, rule, severity, what is marked, a part of what is found, a part of the proposal)
CASES = {
    "too few numbers": (changed(KWH, "0.0.2.4.1.1.12"), "identifier", "error", "ref=", "7 parts", ""),
    "a name in the code": (
        changed(KWH, "0.0.2.4.1.x.12.0.0.0.0.0.0.0.0.3.72.0"), "dangling reference", "error", "ref=", "", "",
    ),
    "a negative flow direction": (
        changed(KWH, "0.0.2.4.-1.1.12.0.0.0.0.0.0.0.0.3.72.0"), "identifier", "error", "ref=", "flowDirection", "",
    ),
    "a number that is in no list": (
        changed(KWH, "0.0.2.4.99.1.12.0.0.0.0.0.0.0.0.3.72.0"), "unknown code", "warning", "ref=", "flowDirection 99", "",
    ),
    "a reading type that nothing defines": (
        changed(KWH, "activeEnergy"), "dangling reference", "error", "ref=", "'activeEnergy'", "",
    ),
    "a quality of two numbers": (
        changed('ref="1.0.0"', 'ref="1.0"'), "identifier", "error", "ref=", "2 parts", "",
    ),
    "voltage in ampere": (
        changed(KWH, "0.0.2.4.1.1.54.0.0.0.0.0.0.0.0.0.5.0"), "unit", "error", "ref=", "measurementKind voltage in A", "write 29 (V)",
    ),
    "two values at once": (
        changed(QUARTER, "2026-03-01T00:15:00Z"), "overlap", "error", "2026-03-01T00:15", "a second reading at", "",
    ),
    "an interval inside another": (
        changed("</mr:ReadingQualities>\n              </mr:IntervalReadings>\n              <mr:IntervalReadings>\n                <mr:timeStamp>2026-03-01T00:45",
                "</mr:ReadingQualities>\n<mr:timePeriod><mr:end>2026-03-01T00:30:00Z</mr:end><mr:start>2026-03-01T00:05:00Z</mr:start></mr:timePeriod>\n"
                "</mr:IntervalReadings>\n              <mr:IntervalReadings>\n                <mr:timeStamp>2026-03-01T00:45"),
        "overlap", "error", QUARTER, "an interval from 2026-03-01T00:05", "",
    ),
    "an hour that is not there": (
        changed(QUARTER, "2026-03-01T00:16:00Z", changed("2026-03-01T00:45:00Z", "2026-03-01T00:17:00Z")),
        "gap", "warning", "2026-03-01T01:00", "1 missing", "",
    ),
    "backwards": (
        changed(QUARTER, "2026-03-01T00:45:00Z", changed("2026-03-01T00:45:00Z", QUARTER)),
        "out of order", "warning", QUARTER, f"{QUARTER} after 2026-03-01T00:45", "",
    ),
    "the noun of another profile": (
        changed(">MeterReadings<", ">MeterReading<"), "noun", "error", "MeterReading<", "MeterReadings in Payload", "write MeterReadings",
    ),
    "the verb of another message": (
        changed(">create<", ">change<", TYPED), "verb", "error", "change<", "CreateMeterReadings", "write create",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_told(validate, tmp_path, case):
    import json

    text, rule, severity, marked, found, proposal = CASES[case]
    (tmp_path / "a.xml").write_text(text)
    assert validate(tmp_path).status == 0, "the XSD sees nothing"
    done = validate(tmp_path, "--semantics", "--format", "json")
    remarks = json.loads(done.out)["documents"][0]["remarks"]
    remark = next(remark for remark in remarks if remark["rule"] == rule)
    assert remark["severity"] == severity
    assert text.split("\n")[remark["line"] - 1][remark["column"] - 1 :].startswith(marked)
    assert found in remark["found"]
    assert proposal in remark["proposal"]
    assert done.status == (1 if any(one["severity"] == "error" for one in remarks) else 0)


def test_a_message_id_is_used_once(validate, tmp_path):
    (tmp_path / "a.xml").write_text(DAY)
    (tmp_path / "b.xml").write_text(DAY)
    done = validate(tmp_path, "--semantics")
    assert done.status == 1
    assert f"found the MessageID of {tmp_path / 'a.xml'}" in done.out


def test_what_the_message_defines_may_be_referred_to(validate, tmp_path):
    definition = (
        "<mr:ReadingType><mr:Names><mr:name>activeEnergy</mr:name></mr:Names></mr:ReadingType></mr:MeterReadings>"
    )
    (tmp_path / "a.xml").write_text(changed(KWH, "activeEnergy", changed("</mr:MeterReadings>", definition)))
    assert validate(tmp_path, "--semantics").status == 0


def test_the_examples_mean_what_they_say(validate):
    assert validate(EXAMPLES, "--semantics").out.endswith(" documents, 0 invalid\n")


def test_a_stream_is_not_asked_what_it_means(validate, tmp_path):
    done = validate(tmp_path, "--semantics", "--stream")
    assert (done.status, "whole documents" in done.err) == (2, True)
