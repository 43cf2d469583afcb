"""Files of every kind through the one pipeline, and what lies beside them afterwards."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest
from lxml import etree
from sqlalchemy import select


def result(path):
    return etree.parse(path).findtext(".//{*}Reply/{*}Result")


def journal(drop):
    """(transport, remote, partner, credential, verb, noun, message_id, result, repeats) of each row."""
    table, trail = drop.adapter.store.tables.journal.c, drop.adapter.store.tables.audit.c
    statement = select(
        table.transport,
        table.remote,
        table.partner,
        trail.credential,
        table.verb,
        table.noun,
        table.message_id,
        table.result,
        table.repeats,
    ).join_from(drop.adapter.store.tables.journal, drop.adapter.store.tables.audit, trail.journal_uid == table.uid)
    return drop.adapter.store.read_now(
        lambda reader: [tuple(row) for row in reader.select(statement.order_by(table.received))]
    )


@pytest.mark.parametrize("shape", ["A", "B", "C", "typed"])
def test_an_envelope_in_each_shape(drop, messages, shape):
    made = messages.create(messages.meter(count=4), shape=shape, header={"MessageID": "m-1"})
    drop.put("readings.xml", made)
    (report,) = drop.take()
    assert (report.outcome, report.line) == ("done", "done readings.xml")
    assert drop.stored() == {"m-1": (1, 4)}
    assert [path.name for path in drop.filed()] == ["readings.xml"]
    assert drop.filed()[0].read_bytes() == etree.tostring(made)
    (reply,) = drop.filed(".reply.xml")
    assert reply.name == "readings.xml.reply.xml"
    assert result(reply) == "OK"
    assert etree.parse(reply).findtext(".//{*}CorrelationID") == "m-1"
    assert list(drop.folder.glob("*.xml")) == []


def test_a_profile_alone_tells_what_is_so(drop, messages):
    drop.put("profile.xml", messages.readings(messages.meter(count=3)))
    (report,) = drop.take()
    assert report.outcome == "done", report
    (row,) = journal(drop)
    number = report.messages[0].message_id
    assert row == ("files", "profile.xml", "ACME", "inbox:acme", "created", "MeterReadings", number, "OK", None)
    assert drop.stored() == {number: (1, 3)}


def test_what_a_profile_alone_means_is_set(new_drop, messages):
    drop = new_drop(verb="create")
    drop.put("profile.xml", messages.readings(messages.meter()))
    (report,) = drop.take()
    assert (report.messages[0].verb, report.outcome) == ("create", "done")


def test_a_query_alone_asks(drop, messages):
    made = messages.meter(count=2)
    drop.put("1.xml", messages.readings(made))
    drop.put("2.xml", messages.element(messages.QUERY, "GetMeterReadings", {"EndDevice": made["Meter"]}))
    assert [report.outcome for report in drop.take()] == ["done", "done"]
    (payload,) = etree.parse(drop.filed(".reply.xml")[1]).iter(f"{{{messages.READINGS}}}MeterReadings")
    assert messages.plain(payload) == {"MeterReading": made}


def test_findings_of_a_profile_have_the_lines_of_the_file(drop, messages):
    made = messages.readings(messages.meter())
    next(made.iter("{*}timeStamp")).text = "never"
    profile = etree.tostring(made, pretty_print=True)
    drop.put("wrong.xml", profile)
    (report,) = drop.take()
    assert report.outcome == "rejected"
    (finding,) = report.messages[0].findings
    assert finding.line == profile.split(b"never")[0].count(b"\n") + 1
    assert "never" in finding.found
    written = json.loads(drop.filed(".report.json")[0].read_bytes())
    assert written["messages"][0]["findings"][0]["line"] == finding.line
    assert written["messages"][0]["journal"]
    (page,) = drop.filed(".report.html")
    marked = etree.HTML(page.read_bytes()).xpath('//tr[@class="error"]')
    assert [row.findtext("td") for row in marked] == [str(finding.line)]
    assert marked[0].findtext(".//mark") == "never"


def test_the_same_file_again_is_the_same_message(drop, messages):
    """Also without a MessageID: it gets one by its name and content. Another name is another message."""
    content = etree.tostring(messages.create(messages.meter(), header={"MessageID": None}))
    first = drop.put("readings.xml", content).name
    drop.take()
    drop.put(first, content)
    drop.put("other.xml", content)
    again, other = drop.take()
    assert again.messages[0].message_id != other.messages[0].message_id
    assert [row[-1] is not None for row in journal(drop)] == [False, True, False]
    replies = [path.read_bytes() for path in drop.filed(".reply.xml") if path.name.startswith("readings")]
    assert len(replies) == 2
    assert replies[0] == replies[1]
    names = [path.name for path in drop.filed()]
    assert names == ["other.xml", "readings-2.xml", "readings.xml"]


def test_a_message_id_that_was_used_with_other_content(drop, messages):
    for name in ("1.xml", "2.xml"):
        drop.put(name, messages.create(messages.meter(), header={"MessageID": "same"}))
    assert [report.line[:40] for report in drop.take()] == [
        "done 1.xml",
        "rejected 2.xml: 2.15 MessageID same was ",
    ]


def test_gzip(drop, messages):
    drop.put("readings.xml.gz", gzip.compress(etree.tostring(messages.create(messages.meter(count=5)))))
    (report,) = drop.take()
    assert report.outcome == "done"
    assert list(drop.stored().values()) == [(1, 5)]
    assert [path.name for path in drop.filed(".reply.xml")] == ["readings.xml.gz.reply.xml"]


def test_a_zip_archive_comes_back_as_one(drop, messages):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("day/1.xml", etree.tostring(messages.create(messages.meter(count=2))))
        archive.writestr("day/2.xml", b"<order/>")
        archive.writestr("day/3.xml", etree.tostring(messages.readings(messages.meter(count=3))))
        archive.mkdir("empty")
    drop.put("day.zip", held.getvalue())
    (report,) = drop.take()
    assert report.outcome == "rejected"
    assert [(told.member, told.result) for told in report.messages] == [
        ("day/1.xml", "OK"),
        ("day/2.xml", "FAILED"),
        ("day/3.xml", "OK"),
    ]
    assert sorted(drop.stored().values()) == [(1, 2), (1, 3)]
    with zipfile.ZipFile(drop.filed(".reply.zip")[0]) as replies:
        assert replies.namelist() == [f"day/{n}.xml.reply.xml" for n in (1, 2, 3)]
        assert [result(replies.open(name)) for name in replies.namelist()] == ["OK", "FAILED", "OK"]


def test_replies_go_to_the_outbox(new_drop, messages, tmp_path):
    outbox = tmp_path / "partner" / "outbox"
    drop = new_drop(outbox=str(outbox))
    drop.put("a.xml", messages.create(messages.meter()))
    drop.put("b.xml", b"no XML")
    drop.put("quiet.xml", messages.create(messages.meter(), header={"AckRequired": "false"}))
    drop.take()
    assert sorted(path.name for path in outbox.iterdir()) == ["a.xml.reply.xml", "b.xml.reply.xml"]
    assert [result(path) for path in drop.filed(".reply.xml")] == ["OK", "OK", "FAILED"]
    (outbox / "a.xml.reply.xml").write_text("not yet picked up")
    drop.put("a.xml", messages.create(messages.meter()))
    drop.take()
    assert (outbox / "a.xml.reply.xml").read_text() == "not yet picked up"
    assert result(outbox / "a-2.xml.reply.xml") == "OK"


def test_the_role_of_an_inbox_is_heeded_and_quotas_are_not(new_drop, messages):
    drop = new_drop(role="partner", settings={"quota": 1})
    for number in range(5):
        drop.put(f"{number}.xml", messages.create(messages.meter()))
    drop.put("6.xml", messages.message("delete"))
    reports = drop.take()
    assert [report.outcome for report in reports] == ["done"] * 5 + ["rejected"]
    assert reports[-1].messages[0].failure == "7.5"


def test_the_profile_of_the_partner_is_heeded(drop, messages):
    """Where the settings say nothing, envelopes are read tolerantly: the names of verbs, for one."""
    drop.put("shouted.xml", messages.create(messages.meter(), header={"Verb": "CREATE"}))
    assert drop.take()[0].outcome == "done"


def test_an_edition_of_its_own_is_answered_and_reported(drop, messages):
    body = etree.tostring(messages.create(messages.meter()))
    old = body.replace(messages.MSG.encode(), b"http://www.iec.ch/TC57/2008/schema/message")
    drop.put("good.xml", old)
    drop.put("bad.xml", old.replace(b"2026-03-01T", b"never").replace(b"MessageID", b"Comment"))
    good, bad = drop.take()
    assert (good.outcome, bad.outcome) == ("done", "rejected")
    assert bad.messages[0].failure == "1.8"


def test_files_are_taken_in_order_of_arrival(new_drop, messages):
    """The name decides where the time is the same; the name alone says nothing."""
    drop = new_drop(at_once=4)
    names = [f"{(n * 7) % 50:02}.xml" for n in range(50)]
    for name in names:
        drop.put(name, messages.create(messages.meter(), header={"MessageID": name}))
    assert [report.file for report in drop.take()] == names
    assert [row[1] for row in journal(drop)] == names


def test_only_names_that_are_wanted(drop, messages):
    body = messages.create(messages.meter())
    for name in ("a.XML", "b.xml.part", ".c.xml", "d.txt"):
        drop.put(name, body if name == "a.XML" else b"")
    (drop.folder / "e.xml").mkdir()
    assert [report.file for report in drop.take()] == ["a.XML"]


def test_a_file_that_is_too_large(new_drop):
    drop = new_drop(settings={"max_bytes": 1000})
    drop.put("large.xml", b"<a/>" + b" " * 1000)
    (report,) = drop.take()
    assert report.line == (
        "rejected large.xml: 3.1 found 1,004 bytes; expected at most 1,000 bytes. Send it in several messages."
    )


def test_a_partial_result_is_done(drop, messages):
    """Something of it is stored, so it must not be sent again as it is; the report says what was not."""
    made = messages.meter()
    drop.put("1.xml", messages.create(made))
    meters = [{"Meter": made["Meter"]}, {"Meter": {"mRID": "nobody"}}]
    drop.put("2.xml", messages.message("delete", payload=messages.readings(*meters)))
    _, report = drop.take()
    assert (report.outcome, report.messages[0].result) == ("done", "PARTIAL")
    assert report.messages[0].errors
