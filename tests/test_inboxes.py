from pathlib import Path

import msgspec
import pytest

from cim_adapter import Settings
from cim_adapter.inboxes import Inbox, Inboxes, InboxesError
from cim_adapter.settings import SettingsError


def test_from_a_settings_file(tmp_path):
    file = tmp_path / "cim_adapter.toml"
    file.write_text(
        '[inboxes.acme]\nfolder = "/srv/acme"\npartner = "ACME"\n'
        '[inboxes."Head-end 2"]\nfolder = "in"\npartner = "HES"\nrole = "admin"\npattern = ["*.xml"]\n'
        'outbox = "out"\nverb = "create"\npoll = 5\nsettle = 10\nat_once = 1\n'
    )
    acme, second = Settings.load(file, {}).inboxes.all
    assert acme == Inbox(name="acme", folder=Path("/srv/acme"), partner="ACME")
    assert second == Inbox(
        name="Head-end 2",
        folder=Path("in"),
        partner="HES",
        role="admin",
        pattern=("*.xml",),
        outbox=Path("out"),
        verb="create",
        poll=5,
        settle=10,
        at_once=1,
    )


GOOD = {"folder": "in", "partner": "ACME"}


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ("in", "give a table for each inbox in the settings file: [inboxes.NAME]"),
        ({"a": "in"}, "a: Expected `object`, got `str`"),
        ({"a": {"folder": "in"}}, "a: Object missing required field `partner`"),
        ({"a": {**GOOD, "patern": ["*"]}}, "a: Object contains unknown field `patern`"),
        ({"a": {**GOOD, "folder": ""}}, "a: Expected a path, got '' - at `$.folder`"),
        ({"a": {**GOOD, "pattern": []}}, "a: Expected `array` of length >= 1 - at `$.pattern`"),
        ({"a": {**GOOD, "at_once": 0}}, "a: Expected `int` >= 1 - at `$.at_once`"),
        ({"a": {**GOOD, "verb": "delete"}}, "a: Invalid enum value 'delete' - at `$.verb`"),
        ({"a": GOOD, "b": {**GOOD, "partner": "B"}}, "b: in belongs to a already; give each its own"),
        ({"a": {**GOOD, "outbox": "x"}, "b": {**GOOD, "folder": "y", "outbox": "x"}}, "b: x belongs to a already"),
    ],
)
def test_what_is_wrong_is_said(tables, said):
    with pytest.raises(InboxesError) as raised:
        Inboxes.read(tables)
    assert said in str(raised.value)


def test_not_in_the_environment():
    with pytest.raises(SettingsError, match="inboxes: give a table for each inbox"):
        Settings.load(None, {"CIM_ADAPTER_INBOXES": "in"})


def test_one_is_chosen_by_name_or_by_folder():
    known = Inboxes.read({"acme": {**GOOD, "outbox": "out"}})
    (acme,) = known.chosen("acme", {"poll": 3.0}).all
    assert acme == msgspec.structs.replace(known.all[0], poll=3.0)
    (own,) = known.chosen("some/where", {}).all
    assert own == Inbox(name="where", folder=Path("some/where"), partner="where")


def test_every_key_is_described():
    assert [key for key, *_ in Inbox.described()] == [name for name in Inbox.__struct_fields__ if name != "name"]
    assert all(kind and meaning for _, kind, _, meaning in Inbox.described())
