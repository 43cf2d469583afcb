"""Late answers are acknowledged and kept, whatever noun they are about."""

import uuid

import pytest
from sqlalchemy import select

from cim_adapter.envelope import MESSAGE_NS


@pytest.mark.parametrize("noun", ["MeterReadings", "MeterConfig", "EndDeviceControls"])
@pytest.mark.parametrize(("root", "verb"), [("ResponseMessage", "reply"), ("Message", "created")])
def test_a_late_answer_is_acknowledged_and_found_by_its_correlation(exchange, adapter, noun, root, verb):
    asked = str(uuid.uuid4())
    header = f"<Verb>{verb}</Verb><Noun>{noun}</Noun><MessageID>{uuid.uuid4()}</MessageID>"
    reply = "<Reply><Result>FAILED</Result><Error><code>2.4</code></Error></Reply>"
    header += f"<CorrelationID>{asked}</CorrelationID>"
    answer = exchange.take(f'<{root} xmlns="{MESSAGE_NS}"><Header>{header}</Header>{reply}</{root}>')
    assert answer.reply.result == "OK"
    assert [error.code for error in answer.reply.errors] == ["0.3"]
    journal = adapter.store.tables.journal
    rows = adapter.store.read_now(
        lambda reader: reader.select(select(journal.c.correlation_id, journal.c.noun)).all()
    )
    assert [tuple(row) for row in rows] == [(asked, noun)]
