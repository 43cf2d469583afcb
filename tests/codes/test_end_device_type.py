import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim_adapter.codes import CodeLists, EndDeviceControlType, EndDeviceEventType, MalformedCode, UnknownName

LISTS = CodeLists()
KINDS = [EndDeviceEventType, EndDeviceControlType]
number = st.one_of(st.integers(0, 310), st.integers(0, 999_999_999))
#: facts/metering.md §5.
EVENTS = {
    "3.26.0.85": "electric meter: power lost",
    "3.26.0.216": "electric meter: power restored",
    "3.31.0.42": "electric meter: connected",
    "3.31.0.68": "electric meter: disconnected",
    "3.31.0.67": "electric meter: connect failed",
    "3.31.0.84": "electric meter: disconnect failed",
    "3.12.0.257": "electric meter: tamper detected",
    "3.12.29.212": "electric meter: cover removed",
    "3.12.66.257": "electric meter: magnetic tamper detected",
    "3.26.38.223": "electric meter: voltage sag started",
    "3.2.22.150": "electric meter: battery low",
    "3.36.114.24": "electric meter: clock changed",
    "3.8.0.215": "electric meter: demand reset occurred",
    "3.12.65.85": "electric meter: login failed",
    "3.12.93.219": "electric meter: reverse rotation",
    "3.12.48.219": "electric meter: reverse flow",
    "3.12.0.263": "electric meter: tilted",
    "3.26.38.224": "electric meter: voltage sag stopped",
    "3.26.38.248": "electric meter: voltage swell started",
    "3.26.38.249": "electric meter: voltage swell stopped",
    "3.26.38.47": "electric meter: voltage loss detected",
    "3.26.38.98": "electric meter: voltage imbalance",
    "3.26.38.93": "electric meter: voltage above limit",
    "3.26.38.150": "electric meter: voltage below limit",
    "3.26.25.85": "electric meter: phase failed",
    "3.26.25.216": "electric meter: phase restored",
    "3.36.116.58": "electric meter: clock synchronisation succeeded",
    "3.36.116.85": "electric meter: clock synchronisation failed",
    "3.1.52.29": "electric meter: communication with the head end established",
    "3.1.0.85": "electric meter: communication failed",
    "3.7.0.24": "electric meter: configuration changed",
    "3.11.17.24": "electric meter: firmware changed",
    "3.11.0.85": "electric meter: firmware failed",
    "3.17.44.28": "electric meter: event log cleared",
    "3.17.44.32": "electric meter: event log full",
    "3.15.43.81": "electric meter: load-control event: opted out",
    "4.26.0.85": "gas meter: power lost",
    "4.15.43.80": "gas meter: load-control event: opted in",
    "3.31.147.79": "electric meter: RCD switch meter bus error",
    "0.0.0.0": "any device: not applicable",
}
CONTROLS = {
    "3.31.0.18": "electric meter: connect the load-side switch",
    "3.31.0.23": "electric meter: disconnect the load-side switch",
    "2.31.0.23": "DER device: disconnect the load-side switch",
    "3.31.0.5": "electric meter: arm the switch for closure",
    "3.31.139.26": "electric meter: enable the supply capacity limit",
    "3.8.0.214": "electric meter: reset demand",
    "0.15.0.54": "any device: start load control",
    "3.15.148.8": "electric meter: cancel all load-control events",
    "3.13.112.77": "electric meter: display a text",
    "3.10.73.298": "electric meter: open the pairing window",
    "3.12.32.13": "electric meter: change the security key",
    "3.20.97.13": "electric meter: change billing holiday",
    "0.0.0.0": "any device: not applicable",
}


@pytest.mark.parametrize(("text", "words"), EVENTS.items())
def test_events_in_words(text, words):
    found = EndDeviceEventType.parse(text, LISTS)
    assert found.describe() == words
    assert (str(found), found.unknown, found.plausible) == (text, (), True)


@pytest.mark.parametrize(("text", "words"), CONTROLS.items())
def test_controls_in_words(text, words):
    found = EndDeviceControlType.parse(text, LISTS)
    assert found.describe() == words
    assert (str(found), found.unknown, found.plausible) == (text, (), True)


@pytest.mark.parametrize("kind", KINDS)
@given(numbers=st.tuples(number, number, number, number))
def test_a_code_written_and_read_is_the_same(kind, numbers):
    found = kind(*numbers, lists=LISTS)
    assert kind.parse(str(found), LISTS) == found
    assert kind.from_names(LISTS, found.names, vendor=True) == found
    assert kind.from_name(found.name, LISTS, vendor=True) == found
    assert found.describe()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_a_catalogue_is_found_by_code_and_by_name(kind):
    catalogue = kind.catalogue(LISTS)
    for row in catalogue:
        device = 58 if row.code.startswith("*") else 0
        found = kind.from_name(row.name, LISTS, device=device, vendor=True)
        assert row.code in (str(found), found.pattern)
        assert found.catalogued is catalogue.get(row.code)
        assert found.unknown == ()
        assert found.plausible
        assert catalogue.by_name(row.name) is row
        assert catalogue.by_name(found.name.upper()) is not None
        assert row.code in catalogue


def test_a_device_type_of_its_own_comes_before_any_device():
    assert LISTS.events.get("10.12.211.2").code == "10.12.211.2"
    assert LISTS.events.get("24.26.0.85").code == "*.26.0.85"
    assert LISTS.events.get("nonsense") is None
    assert LISTS.events.by_name("nonsense") is None


def test_events_and_controls_are_different_values():
    event, control = (kind.parse("3.31.0.18", LISTS) for kind in KINDS)
    assert event != control
    assert (event.plausible, control.plausible) == (False, True)
    assert not EndDeviceControlType.parse("3.26.0.85", LISTS).plausible
    assert EndDeviceEventType.parse("3.7.0.13", LISTS).plausible, "the catalogue of events has it"


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_numbers_are_legal_and_flagged(kind):
    found = kind.parse("99.98.997.996", LISTS)
    assert found.unknown == ("type", "domain", "subDomain", "eventOrAction")
    assert found.plausible
    assert found.name == "99.98.997.996"
    assert "unknown domain 98" in found.describe()


@pytest.mark.parametrize("text", ["3.0.129.160", "12.15.17.13"])
def test_codes_of_the_field_that_no_catalogue_has(text):
    found = EndDeviceEventType.parse(text, LISTS)
    assert found.unknown == ()
    assert found.catalogued is None


def test_a_code_built_from_names():
    assert (
        str(EndDeviceEventType.build(LISTS, type="ElectricMeter", domain="Power", event_or_action="Failed"))
        == "3.26.0.85"
    )
    assert str(EndDeviceControlType.from_name("*.RCDSwitch.NotApplicable.Connect", LISTS, device=3)) == "3.31.0.18"
    assert EndDeviceEventType.parse("3.26.0.85", LISTS).name == "ElectricMeter.Power.NotApplicable.Failed"
    assert EndDeviceEventType.parse("3.26.0.85", LISTS).pattern == "*.26.0.85"


def test_vendor_names_are_admitted_on_demand():
    with pytest.raises(UnknownName, match="vendor extension of domain"):
        EndDeviceEventType.build(LISTS, domain="Scheduler1")
    found = EndDeviceEventType.build(LISTS, domain="Scheduler1", vendor=True)
    assert found.vendor == ("domain",)


@pytest.mark.parametrize("name", ["", "Power.Failed", "a.b.c.d.e"])
def test_a_name_of_another_form(name):
    with pytest.raises(MalformedCode, match="expected 4 names"):
        EndDeviceEventType.from_name(name, LISTS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text", ["", "3", "3.26.0", "3.26.0.85.1", "*.26.0.85", "3.26..85", "3.-1.0.85", "3.26.0.85 ", "a.b.c.d"]
)
def test_a_malformed_code_says_what_was_found(kind, text):
    with pytest.raises(MalformedCode, match=rf"is no {kind.__name__}: found .*; expected 4 whole numbers"):
        kind.parse(text, LISTS)
