"""All findings, not the first: also what stands behind a mistake that stops other validators."""

from __future__ import annotations

import pytest
from lxml import etree

PROFILE = "http://iec.ch/TC57/2011/MeterReadings#"


def readings(inner: str) -> str:
    return f'<MeterReadings xmlns="{PROFILE}">\n<MeterReading>\n{inner}\n</MeterReading>\n</MeterReadings>\n'


HIDDEN = readings(
    """<Zones/>
<Readings>
<timestamp>soon</timestamp>
<value>1</value>
<colour>red</colour>
<colour>blue</colour>
<ReadingType reff="a"/>
</Readings>
<Meter><mrid>1</mrid></Meter>"""
)


def test_what_is_hidden_behind_a_mistake_is_found(inspect):
    told = [(one.line, one.rule, one.path.rpartition("MeterReading[1]/")[2]) for one in inspect(HIDDEN).remarks]
    assert told == [
        (3, "unknown", "Zones"),
        (5, "misspelt", "Readings[1]/timestamp"),
        (5, "value", "Readings[1]/timestamp"),
        (7, "unknown", "Readings[1]/colour[1]"),
        (8, "unknown", "Readings[1]/colour[2]"),
        (9, "attribute", "Readings[1]/ReadingType/@reff"),
        (11, "order", "Meter"),
        (11, "misspelt", "Meter/mrid"),
    ]


def test_of_a_storm_the_first_are_told_and_the_rest_is_counted(inspect, tmp_path, validate):
    storm = readings("<Readings>\n<timeStamp>x</timeStamp>\n<ReadingType/>\n</Readings>\n" * 1_000)
    checked = inspect(storm)
    assert (len(checked.remarks), checked.rest, checked.errors, checked.more) == (100, 900, 1_000, False)
    (tmp_path / "storm.xml").write_text(storm)
    assert "and 995 more like these; --limit 0 lists all" in validate(tmp_path, "--limit", 5).out
    assert validate(tmp_path, "--limit", 0).out.count("found 'x'") == 1_000
    assert "and 995 more like these" in validate(tmp_path, "--limit", 5, "--stream").out


def test_every_flaw_of_what_is_not_well_formed_is_told(inspect):
    checked = inspect("<a>\n<b>1 & 2</b>\n<c d=1/>\n</a>\n")
    assert {remark.line for remark in checked.remarks} == {2, 3}
    assert checked.remarks[0].column == 7
    assert "&amp;" in checked.remarks[0].why


def test_a_payload_that_came_compressed_is_checked_inside(catalogue, messages):
    from cim_adapter.validate.document import Inspector, Rules

    inner = etree.fromstring(readings("<Zones/>"))
    message = messages.compressed(messages.message("create", payload=inner))
    outer, inside = Inspector(Rules(catalogue=catalogue)).inspect(etree.tostring(message), "a.xml")
    assert outer.valid, outer.remarks
    assert inside.name == "a.xml » Compressed"
    assert [remark.path for remark in inside.remarks] == ["MeterReadings/MeterReading[1]/Zones"]


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_every_shape_is_recognised(inspect, messages, shape):
    for document in (readings("<Meter/>"), readings("<Zones/>")):
        message = messages.message("create", payload=etree.fromstring(document), shape=shape)
        for wrapped in (message, messages.envelope(message), messages.envelope(message, messages.SOAP12)):
            checked = inspect(etree.tostring(wrapped))
            assert [remark.rule for remark in checked.remarks] == (["unknown"] if "Zones" in document else [])


def test_an_operation_is_looked_into(inspect, messages):
    operations = messages.operation_set(messages.operation(1, "create", etree.fromstring(readings("<Zones/>"))))
    (remark,) = inspect(etree.tostring(operations)).remarks
    assert (remark.rule, remark.proposal) == ("unknown", "remove Zones")
