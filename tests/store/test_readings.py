import pytest

from cim_adapter.store import journal, objects, readings
from cim_adapter.store.objects import Identity
from cim_adapter.store.readings import FOREVER, Block, Kind


@pytest.fixture
def object_of(commit):
    return lambda mrid, kind="Meter": commit(lambda tx: objects.resolve(tx, kind, Identity(mrid)))


@pytest.fixture
def add(store, commit, journaled):
    """A message that brings blocks (start, end, reading type); its uid."""

    def run(*spans, meter=None, point=None, **message):
        uid = journaled(**message)
        blocks = [
            Block(
                kind=Kind.INTERVALS,
                position=position,
                reading_type=(*span, "t")[2],
                start=span[0],
                end=span[1],
                readings=1,
                sealed=store.vault.seal(b"content", readings.block_row(uid, position)),
            )
            for position, span in enumerate(spans)
        ]
        commit(lambda tx: readings.add(tx, uid, blocks, meter_id=meter, usage_point_id=point))
        return uid

    return run


@pytest.fixture
def spans(store):
    """(start, end) of what is found."""

    def run(**wanted):
        return store.read_now(lambda reader: [(b.start, b.end) for b in readings.blocks(reader, **wanted)])

    return run


def test_a_block_is_found_where_it_touches_the_window(add, spans, object_of):
    meter = object_of("m")
    first, second = (10, 20), (20, 30)
    add(first, second, meter=meter)
    found = {
        window: spans(meters=[meter], window=window)
        for window in (FOREVER, (0, 9), (0, 10), (15, 15), (20, 20), (0, 99), (30, 99), (31, 99))
    }
    assert found == {
        FOREVER: [first, second],
        (0, 9): [],
        (0, 10): [first],
        (15, 15): [first],
        (20, 20): [first, second],
        (0, 99): [first, second],
        (30, 99): [second],
        (31, 99): [],
    }


def test_what_is_found_is_opened(add, store, object_of):
    meter = object_of("m")
    uid = add((10, 20), meter=meter)
    (found,) = store.read_now(lambda reader: list(readings.blocks(reader)))
    assert (found.content, found.journal_uid, found.position, found.meter_id) == (b"content", uid, 0, meter)


def test_blocks_are_narrowed_by_meter_usage_point_and_type(add, spans, object_of):
    one, two, point = object_of("1"), object_of("2"), object_of("p", "UsagePoint")
    add((1, 1), (2, 2, "other"), meter=one, point=point)
    add((3, 3), meter=two)
    assert spans() == [(1, 1), (2, 2), (3, 3)]
    assert spans(meters=[two]) == [(3, 3)]
    assert spans(meters=[one, two], reading_types=["t"]) == [(1, 1), (3, 3)]
    assert spans(meters=[one, two], usage_points=[point]) == [(1, 1), (2, 2)]
    assert spans(meters=[two], usage_points=[point]) == []


def test_more_meters_than_a_statement_takes_values(add, spans, object_of):
    meter = object_of("m")
    add((1, 1), meter=meter)
    assert spans(meters=[*range(1_200), meter]) == [(1, 1)]


def test_erasing_hides_what_is_there_and_not_what_comes(add, commit, store, object_of, journaled):
    meter = object_of("m")
    add((10, 20), meter=meter)
    uid = journaled()
    assert commit(lambda tx: readings.erase(tx, uid, meter, (0, 15))) == 1
    add((10, 20), meter=meter)
    (erasure,) = store.read_now(lambda reader: readings.erasures(reader, [meter]))
    first, second = store.read_now(lambda reader: [b.id for b in readings.blocks(reader)])
    assert (erasure.object_id, erasure.start, erasure.end) == (meter, 0, 15)
    assert first < erasure.before <= second


def test_erasing_nothing_says_so(add, commit, store, object_of, journaled):
    meter = object_of("m")
    add((10, 20), meter=meter)
    uid = journaled()
    windows = [(0, 9), (21, 30)]
    assert [commit(lambda tx, w=w: readings.erase(tx, uid, meter, w)) for w in windows] == [0, 0]
    assert store.read_now(lambda reader: readings.erasures(reader, [meter])) == []


def test_what_was_withdrawn_is_nothing_to_erase(add, commit, object_of, journaled):
    meter = object_of("m")
    add((10, 20), meter=meter, message_id="m-1")
    uid = journaled()
    commit(lambda tx: readings.withdraw(tx, uid, "hes", "m-1"))
    assert commit(lambda tx: readings.erase(tx, uid, meter, FOREVER)) == 0


def test_a_usage_points_readings_are_erased_by_it(add, commit, store, object_of, journaled):
    point = object_of("p", "UsagePoint")
    add((10, 20), point=point)
    uid = journaled()
    assert commit(lambda tx: readings.erase(tx, uid, point, FOREVER)) == 1


def test_a_message_is_withdrawn_once_and_alone(add, commit, spans, object_of, journaled):
    meter = object_of("m")
    add((1, 1), (2, 2), meter=meter, message_id="m-1")
    add((3, 3), meter=meter, message_id="m-2")
    uid = journaled()
    withdraw = [commit(lambda tx: readings.withdraw(tx, uid, "hes", "m-1")) for _ in range(2)]
    assert withdraw == [2, 0]
    assert spans() == [(3, 3)]


def test_nobody_withdraws_what_another_partner_brought(add, commit, spans, object_of, journaled):
    add((1, 1), meter=object_of("m"), message_id="m-1")
    uid = journaled(partner="other")
    for partner, message_id in (("other", "m-1"), ("hes", "m-2")):
        assert commit(lambda tx, p=partner, m=message_id: readings.withdraw(tx, uid, p, m)) == 0
    assert spans() == [(1, 1)]


def test_whoever_has_seen_enough_just_stops(add, store, object_of):
    """PostgreSQL keeps what was not read, and is told that it is not wanted."""
    meter = object_of("m")
    add(*((start, start) for start in range(1_200)), meter=meter)
    first = store.read_now(lambda reader: next(readings.blocks(reader, meters=[meter])))
    assert first.start == 0
    assert len(store.read_now(lambda reader: list(readings.blocks(reader, meters=[meter])))) == 1_200


def test_a_block_needs_its_message(commit, store, object_of):
    """The journal's row may come later in a transaction, but it must come."""
    row = {"journal_uid": journal.new_uid(), "object_id": object_of("m"), "before": 1, "start": 0, "end": 1}
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        commit(lambda tx: tx.add(store.tables.erasure, row))
