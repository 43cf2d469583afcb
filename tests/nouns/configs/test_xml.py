"""Profiles put together again."""

from lxml import etree

from cim_adapter.nouns.configs.xml import together


def test_profiles_that_are_one_object_themselves_stay_beside_each_other():
    pumps = [etree.fromstring(f'<Pump xmlns="urn:pump#"><mRID>{name}</mRID></Pump>') for name in "ab"]
    assert together(pumps, lambda root, element: ()) == pumps


def test_nothing_is_put_together_to_nothing():
    assert together([], lambda root, element: ()) == []
