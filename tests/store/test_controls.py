"""Controls and their targets in the store."""

import pytest

from cim_adapter.store import control_states, controls, objects
from cim_adapter.store.control_states import State
from cim_adapter.store.controls import Control
from cim_adapter.store.objects import Identity


@pytest.fixture
def add(store, commit, journaled):
    """``add(mrid, "m-1", …)``: the uid of the message that brought this control of these meters."""

    def make(mrid, *meters, message_id=None, start=0, end=None, via=None):
        uid = journaled(message_id=message_id)

        def run(transaction):
            ids = [objects.resolve(transaction, "Meter", Identity(meter)) for meter in meters]
            group = None if via is None else objects.resolve(transaction, "EndDeviceGroup", Identity(via))
            control = Control(
                position=0,
                partner="cis",
                mrid=mrid,
                keys=(
                    controls.mrid_key(mrid),
                    controls.tracking_key(store.vault, f"WO-{mrid}"),
                    controls.correlation_key(message_id or mrid),
                ),
                type="3.31.0.23",
                start=start,
                end=end,
                sealed=store.vault.seal(f"<{mrid}/>".encode(), controls.control_row(uid, 0)),
            )
            controls.add(transaction, uid, objects.new_id(), control, [(i, group) for i in ids], now=7)

        commit(run)
        return uid

    return make


def test_a_control_is_found_by_each_of_its_keys(store, add):
    uid = add("c-1", "m-1", message_id="x")
    keys = [
        controls.mrid_key("c-1"),
        controls.tracking_key(store.vault, "WO-c-1"),
        controls.correlation_key("x"),
    ]
    for key in keys:
        (found,) = store.read_now(lambda reader, key=key: controls.by_key(reader, key))
        assert (found.journal_uid, found.mrid, found.partner, found.content) == (uid, "c-1", "cis", b"<c-1/>")
    (found,) = store.read_now(lambda reader: controls.of_message(reader, "x", "hes"))
    assert found.mrid == "c-1"
    assert store.read_now(lambda reader: controls.of_message(reader, "x", "another")) == []


def test_an_mrid_may_be_as_long_as_it_likes(store, add):
    add("c" * 10_000, "m-1")
    key = controls.mrid_key("c" * 10_000)
    assert len(key[1]) == 16
    assert len(store.read_now(lambda reader: controls.by_key(reader, key))) == 1


def test_targets_move_and_history_is_kept(store, add, commit, journaled):
    first = add("c-1", "m-1", "m-2")
    second = journaled()

    def run(transaction):
        (found,) = controls.by_key(transaction, controls.mrid_key("c-1"))
        own = control_states.targets(transaction, [found.id], to_move=True)[found.id]
        control_states.move(transaction, second, [(own[1], State.RECEIVED, State.FAILED)], now=9)
        return found.id

    control_id = commit(run)
    targets = store.read_now(lambda reader: control_states.targets(reader, [control_id]))[control_id]
    assert [(t.position, t.state, t.since, t.moved_by) for t in targets] == [
        (0, State.RECEIVED, 7, first),
        (1, State.FAILED, 9, second),
    ]
    (move,) = store.read_now(lambda reader: control_states.history(reader, control_id))
    assert (move.position, move.before, move.state, move.at, move.journal_uid) == (
        1,
        State.RECEIVED,
        State.FAILED,
        9,
        second,
    )


def test_search_narrows_by_time_and_by_devices(store, add):
    add("c-1", "m-1", start=100, end=200)
    add("c-2", "m-2", start=150, via="g")
    add("c-3", "m-1", "m-2", start=50, end=120)

    def search(**narrowed):
        return [found.mrid for found in store.read_now(lambda reader: list(controls.search(reader, **narrowed)))]

    def ids(kind, mrid):
        return store.read_now(lambda reader: objects.find(reader, kind, Identity(mrid)))

    assert search() == ["c-3", "c-1", "c-2"]
    assert search(window=(121, 149)) == ["c-1"]
    assert search(window=(150, 150)) == ["c-1", "c-2"]
    assert search(window=(201, 900)) == []
    assert search(objects=ids("Meter", "m-2")) == ["c-3", "c-2"]
    assert search(objects=ids("EndDeviceGroup", "g")) == ["c-2"]
    assert search(objects=[]) == []
    assert search(types=["3.31.0.18"]) == []
