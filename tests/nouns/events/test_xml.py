"""What is read of EndDeviceEvent elements."""

from lxml import etree

from cim_adapter.nouns.events.xml import read_event, read_keys

NAMED = "<Names><name>N</name><NameType><name>T</name></NameType></Names>"
EVENTS = f"""
<EndDeviceEvents xmlns="http://iec.ch/TC57/2011/EndDeviceEvents#" xmlns:v="http://vendor.example/">
  <EndDeviceEvent>
    <mRID> e-1 </mRID><createdDateTime>2026-03-07T16:42:10Z</createdDateTime><issuerID>HES</issuerID>
    <issuerTrackingID>EV-1</issuerTrackingID><reason>storm</reason><severity>high</severity>
    <Assets><mRID>m-1</mRID></Assets>
    <EndDeviceEventDetails><name>phases</name><value>ABC</value></EndDeviceEventDetails>
    <EndDeviceEventType ref=" 3.26.0.85 "/>{NAMED}<UsagePoint>{NAMED}</UsagePoint>
  </EndDeviceEvent>
  <EndDeviceEvent>
    <createdDateTime>2026-03-07T16:42:11Z</createdDateTime>
    <v:More><mRID>no</mRID><EndDeviceEventType ref="no"/>{NAMED}<EndDeviceEvent/></v:More>
    <Assets/><EndDeviceEventType ref="3.12.0.257"/>
  </EndDeviceEvent>
  <EndDeviceEvent><mRID/><Assets>{NAMED}{NAMED}</Assets></EndDeviceEvent>
  <v:More><mRID>no</mRID></v:More>
</EndDeviceEvents>"""


def test_the_keys_of_many_are_what_each_says():
    profile = etree.fromstring(EVENTS)
    found = read_keys(profile)
    assert [element for element, _ in found] == list(profile)[:3]
    for element, keys in found:
        event = read_event(element)
        assert (keys.mrid, keys.created, keys.tracking, keys.type) == (
            event.mrid,
            event.created,
            event.tracking,
            event.type,
        )
        assert tuple(keys.names) == event.names
        assert keys.objects == [(kind, identity) for kind, identity in event.objects if identity]
    assert found[0][1].mrid == "e-1"
    assert len(found[2][1].objects[0][1].names) == 2


def test_a_profile_without_events_has_none():
    assert (
        read_keys(etree.fromstring('<EndDeviceEvents xmlns="x"><mRID>e-1</mRID><Names/></EndDeviceEvents>')) == []
    )
