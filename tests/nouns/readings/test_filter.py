import pytest
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, read_message
from cim_adapter.errors import Refused
from cim_adapter.nouns.readings.filter import ReadingFilter, ReadingSelector, Tie, read_filter
from cim_adapter.nouns.readings.model import Block, Quality, Reading
from cim_adapter.store.objects import Identity, Name
from cim_adapter.store.readings import FOREVER, Kind

QUERY = "http://iec.ch/TC57/2011/GetMeterReadings#"
READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
SECOND = 1_000_000
BLOCK = Block(Kind.INTERVALS, "t", [])


def at(seconds):
    return f"1970-01-01T00:00:{seconds:02}Z"


@pytest.fixture
def asked():
    """The filter of a get with this in Request, this in the profile, or the profile in Payload."""

    def run(request="", profile=None, *, in_payload=False):
        query = "" if profile is None else f'<GetMeterReadings xmlns="{QUERY}">{profile}</GetMeterReadings>'
        parts = (
            f"<Request>{request}</Request><Payload>{query}</Payload>"
            if in_payload
            else f"<Request>{request}{query}</Request>"
        )
        header = "<Header><Verb>get</Verb><Noun>MeterReadings</Noun></Header>"
        return read_filter(
            read_message(
                etree.fromstring(f'<RequestMessage xmlns="{MESSAGE_NS}">{header}{parts}</RequestMessage>')
            )
        )

    return run


def times(start, end):
    return f"<StartTime>{at(start)}</StartTime><EndTime>{at(end)}</EndTime>"


def schedule(start, end):
    interval = f"<end>{at(end)}</end><start>{at(start)}</start>"
    return f"<TimeSchedule><scheduleInterval>{interval}</scheduleInterval></TimeSchedule>"


def test_nothing_asked_is_everything(asked):
    everything = ReadingFilter()
    assert asked() == everything
    assert asked(profile="") == ReadingFilter(namespace=READINGS)
    assert everything.hull == FOREVER
    assert (
        read_filter(
            read_message(
                etree.fromstring(f'<m xmlns="{MESSAGE_NS}"><Header><Verb>get</Verb><Noun>x</Noun></Header></m>')
            )
        )
        == everything
    )


def test_ids_and_times_of_the_request(asked):
    wanted = asked(
        f'{times(1, 2)}<ID>m-1</ID><ID kind="uuid">m-2</ID><ID kind="name" idType="T" idAuthority="A">n</ID>'
    )
    meters = (Identity("m-1"), Identity("m-2"), Identity(None, (Name("n", "T", "A"),)))
    assert wanted.targets == tuple(("Meter", identity) for identity in meters)
    assert wanted.windows == ((SECOND, 2 * SECOND),)


def test_an_open_end(asked):
    assert asked(f"<StartTime>{at(5)}</StartTime>").hull == (5 * SECOND, FOREVER[1])
    assert asked(f"<EndTime>{at(5)}</EndTime>", "").hull == (FOREVER[0], 5 * SECOND)


def test_the_profile_wins_over_ids_and_times(asked):
    wanted = asked(f"{times(1, 2)}<ID>m-1</ID>", f"<EndDevice><mRID>m-2</mRID></EndDevice>{schedule(3, 4)}")
    assert wanted.targets == (("Meter", Identity("m-2")),)
    assert wanted.windows == ((3 * SECOND, 4 * SECOND),)


def test_times_of_the_request_serve_a_profile_without_times(asked):
    wanted = asked(times(1, 2), "<EndDevice><mRID>m</mRID></EndDevice><ReadingType><mRID>t</mRID></ReadingType>")
    assert (wanted.targets, wanted.reading_types) == ((("Meter", Identity("m")),), ("t",))
    assert wanted.windows == ((SECOND, 2 * SECOND),)


def test_a_profile_in_the_payload_is_taken_too(asked):
    profile = f"<EndDevice><mRID>m</mRID></EndDevice>{schedule(1, 2)}"
    assert asked("", profile, in_payload=True) == asked("", profile)


def test_every_part_of_the_profile(asked):
    wanted = asked(
        profile="<EndDevice><mRID>m-1</mRID></EndDevice><EndDevice><Names><name>n</name></Names></EndDevice>"
        "<EndDeviceGroup><mRID>g-1</mRID></EndDeviceGroup>"
        "<MeterReadings><Meter><mRID>m-3</mRID></Meter><UsagePoint><mRID>p-1</mRID></UsagePoint></MeterReadings>"
        f"<Reading><reason>billing</reason><source>HES</source><timePeriod><end>{at(9)}</end></timePeriod></Reading>"
        "<ReadingQuality><ReadingQualityType><mRID>1.0.0</mRID></ReadingQualityType></ReadingQuality>"
        "<ReadingQuality><ReadingQualityType><Names><name>2.0.0</name></Names></ReadingQualityType></ReadingQuality>"
        "<ReadingType><Names><name>a</name></Names></ReadingType><ReadingType><mRID>b</mRID></ReadingType>"
        f"{schedule(1, 2)}{schedule(5, 6)}<TransformerTank><mRID>t-1</mRID></TransformerTank>"
        "<UsagePoint><mRID>p-2</mRID></UsagePoint><UsagePointGroup><mRID>g-2</mRID></UsagePointGroup>"
    )
    assert wanted == ReadingFilter(
        namespace=READINGS,
        targets=(
            ("Meter", Identity("m-1")),
            ("Meter", Identity(None, (Name("n"),))),
            ("EndDeviceGroup", Identity("g-1")),
            ("Meter", Identity("m-3")),
            ("UsagePoint", Identity("p-1")),
            ("TransformerTank", Identity("t-1")),
            ("UsagePoint", Identity("p-2")),
            ("UsagePointGroup", Identity("g-2")),
        ),
        reading_types=("a", "b"),
        qualities=frozenset({"1.0.0", "2.0.0"}),
        windows=((SECOND, 2 * SECOND), (5 * SECOND, 6 * SECOND)),
        selectors=(ReadingSelector("billing", "HES", (FOREVER[0], 9 * SECOND)),),
    )
    assert wanted.hull == (SECOND, 6 * SECOND)


def test_ids_of_other_objects_than_meters(asked):
    kinds = ("UsagePoint", "EndDeviceGroup", "UsagePointGroup", "TransformerTank", "EndDevice", "Other")
    wanted = asked("".join(f'<ID objectType="{kind}">x</ID>' for kind in kinds))
    assert [kind for kind, _ in wanted.targets] == [*kinds[:4], "Meter", "Meter"]


def test_what_readings_are_tied_to(asked):
    profile = (
        "<MeterReadings><isCoincidentTrigger>1</isCoincidentTrigger><EndDeviceEvents><EndDeviceEventType>"
        "<mRID>3.26.0.85</mRID></EndDeviceEventType></EndDeviceEvents><Meter><mRID>m</mRID></Meter><Readings>"
        "<reason>billing</reason><ReadingType><mRID>demand</mRID></ReadingType></Readings></MeterReadings>"
    )
    wanted = asked(profile=profile)
    assert wanted.targets == (("Meter", Identity("m")),)
    assert wanted.tie == Tie(
        trigger=True,
        event_types=("3.26.0.85",),
        reading_types=("demand",),
        selector=ReadingSelector("billing", None, FOREVER),
    )
    assert asked(profile="<MeterReadings><Meter><mRID>m</mRID></Meter></MeterReadings>").tie is None


def test_a_tie_to_nothing_is_refused_by_name(asked):
    with pytest.raises(Refused, match="EndDeviceEvents in this query names no EndDeviceEventType"):
        asked(profile="<MeterReadings><EndDeviceEvents/></MeterReadings>")


# ----------------------------------------------------------------------------------------- fitting


def fits(moment, reading=None, **wanted):
    return ReadingFilter(**wanted).fits(BLOCK, reading or Reading(), moment)


def test_windows_hold_both_their_ends():
    windows = ((10, 20), (30, 40))
    assert [m for m in range(50) if fits(m, windows=windows)] == [*range(10, 21), *range(30, 41)]


def test_one_quality_of_those_asked_for_is_enough():
    reading = Reading(qualities=(Quality("1.0.0"), Quality("1.5.258")))
    assert fits(0, reading, qualities=frozenset({"1.5.258", "9.9.9"}))
    assert not fits(0, reading, qualities=frozenset({"9.9.9"}))
    assert not fits(0, Reading(), qualities=frozenset({"1.0.0"}))


def test_one_selector_must_fit_wholly():
    reading = Reading(reason="billing", source="HES")
    good = ReadingSelector("billing", "HES", (5, 6))
    bad = [
        ReadingSelector("moveIn", "HES", (5, 6)),
        ReadingSelector("billing", "MDM", (5, 6)),
        ReadingSelector("billing", "HES", (7, 8)),
    ]
    assert fits(5, reading, selectors=(*bad, good))
    assert not fits(5, reading, selectors=tuple(bad))
    assert fits(5, reading, selectors=(ReadingSelector(None, None, FOREVER),))


def test_kinds_of_conditions_are_joined_by_and():
    reading = Reading(qualities=(Quality("1.0.0"),), source="HES")
    conditions = {
        "windows": ((5, 6),),
        "qualities": frozenset({"1.0.0"}),
        "selectors": (ReadingSelector(None, "HES", FOREVER),),
    }
    assert fits(5, reading, **conditions)
    assert not fits(7, reading, **conditions)
    assert not fits(5, Reading(source="HES"), **conditions)
    assert not fits(5, Reading(qualities=(Quality("1.0.0"),)), **conditions)


def test_the_hull_is_around_windows_and_within_selectors():
    wanted = ReadingFilter(
        windows=((10, 20), (30, 40)),
        selectors=(ReadingSelector(None, None, (15, 18)), ReadingSelector(None, None, (35, 99))),
    )
    assert wanted.hull == (15, 40)
