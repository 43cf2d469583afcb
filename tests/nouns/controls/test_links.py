"""Controls and events of usage points, and of who has them: links decide which meter is meant, and when."""

from __future__ import annotations

import pytest

BASE = "http://iec.ch/TC57/2011/"


def linkage(*members, since="2026-01-01T00:00:00Z"):
    inside = "".join(f"<{kind}><mRID>{mrid}</mRID></{kind}>" for kind, mrid in sorted(members))
    return f"<ConfigurationEvent><effectiveDateTime>{since}</effectiveDateTime></ConfigurationEvent>{inside}"


def control(mrid, target, start):
    timing = f"<primaryDeviceTiming><interval><start>{start}T00:00:00Z</start></interval></primaryDeviceTiming>"
    targets = f"<UsagePoints><mRID>{target}</mRID></UsagePoints>"
    inside = f'<mRID>{mrid}</mRID><EndDeviceControlType ref="3.31.0.23"/>{timing}{targets}'
    return f"<EndDeviceControl>{inside}</EndDeviceControl>"


def event(mrid, meter, at):
    inside = f"<mRID>{mrid}</mRID><createdDateTime>{at}T00:00:00Z</createdDateTime>"
    inside += f'<Assets><mRID>{meter}</mRID></Assets><EndDeviceEventType ref="3.26.0.85"/>'
    return f"<EndDeviceEvent>{inside}</EndDeviceEvent>"


@pytest.fixture
def world(ask):
    """Usage point u had meter m-1 in January 2026 and has m-2 since February. Account a has u, and customer c
    the account. Usage point v is at the same place s as u, with meter m-3."""

    def done(reply):
        assert reply.reply.result == "OK", reply.reply.errors

    done(ask("create", "MasterDataLinkageConfig", linkage(("Meter", "m-1"), ("UsagePoint", "u"))))
    moved = "2026-02-01T00:00:00Z"
    done(ask("close", "MasterDataLinkageConfig", linkage(("Meter", "m-1"), ("UsagePoint", "u"), since=moved)))
    done(ask("create", "MasterDataLinkageConfig", linkage(("Meter", "m-2"), ("UsagePoint", "u"), since=moved)))
    done(ask("create", "MasterDataLinkageConfig", linkage(("Meter", "m-3"), ("UsagePoint", "v"))))
    done(ask("create", "MasterDataLinkageConfig", linkage(("CustomerAccount", "a"), ("UsagePoint", "u"))))
    for point in "uv":
        place = f"<UsagePoint><mRID>{point}</mRID><ServiceLocation><mRID>s</mRID></ServiceLocation></UsagePoint>"
        done(ask("create", "UsagePointConfig", place))


@pytest.fixture
def find(ask):
    """``find(noun, kind, mrid)`` → the mRIDs of what belongs to an object."""

    def query(noun, kind, mrid):
        request = f'<Get{noun} xmlns="{BASE}Get{noun}#"><{kind}><mRID>{mrid}</mRID></{kind}></Get{noun}>'
        reply = ask("get", noun, request=request)
        return [e.text for p in (reply.payload.elements if reply.payload else ()) for e in p.xpath("*/*[1]")]

    return query


@pytest.mark.parametrize(("start", "device"), [("2026-01-15", "m-1"), ("2026-02-15", "m-2"), ("2025-01-01", "u")])
def test_a_usage_point_stands_for_the_meter_it_has_at_the_start(world, ask, start, device):
    ask("create", "EndDeviceControls", control("c-1", "u", start))
    reply = ask("get", "EndDeviceControls", request="<ID>c-1</ID>").reply
    assert [(e.reason, e.id.value) for e in reply.errors] == [("received", device)]


def test_controls_are_found_by_usage_point_and_by_meter(world, ask, find):
    ask("create", "EndDeviceControls", control("c-1", "u", "2026-01-15") + control("c-2", "u", "2026-02-15"))
    assert find("EndDeviceControls", "UsagePoint", "u") == ["c-1", "c-2"]
    assert find("EndDeviceControls", "Meter", "m-1") == ["c-1"]
    assert find("EndDeviceControls", "CustomerAccount", "a") == ["c-1", "c-2"]
    assert find("EndDeviceControls", "UsagePoint", "v") == []


def test_events_belong_to_who_had_the_meter_then(world, ask, find):
    told = (
        event("e-1", "m-1", "2026-01-15") + event("e-2", "m-1", "2026-02-15") + event("e-3", "m-2", "2026-02-16")
    )
    ask("created", "EndDeviceEvents", told + event("e-4", "m-3", "2026-02-17"))
    assert find("EndDeviceEvents", "UsagePoint", "u") == ["e-1", "e-3"]
    assert find("EndDeviceEvents", "CustomerAccount", "a") == ["e-1", "e-3"]
    assert find("EndDeviceEvents", "ServiceLocation", "s") == ["e-1", "e-3", "e-4"]
    assert find("EndDeviceEvents", "Meter", "m-1") == ["e-1", "e-2"]


def test_an_event_of_the_meter_moves_the_control_of_its_usage_point(world, ask):
    ask("create", "EndDeviceControls", control("c-1", "u", "2026-02-15"), message_id="create-1")
    happened = event("e-1", "m-2", "2026-02-15").replace("3.26.0.85", "3.31.0.68")
    ask("created", "EndDeviceEvents", happened, correlation_id="create-1")
    reply = ask("get", "EndDeviceControls", request="<ID>c-1</ID>").reply
    assert [e.reason for e in reply.errors] == ["completed"]
