import pytest

from cim_adapter.access import Roles
from cim_adapter.settings import SettingsError

#: Who may do what, the whole table: ``x`` may, ``-`` may not.
CASES = """
                              reader meter-operator control-operator partner auditor admin
get MeterReadings                x         x               x            x       x      x
get EndDeviceControls            x         x               x            x       x      x
create MeterReadings             -         x               -            x       -      x
created MeterReadings            -         x               -            x       -      x
changed MeterReadings            -         x               -            x       -      x
delete MeterReadings             -         x               -            -       -      x
create MeterReadSchedule         -         x               -            -       -      x
create MeterConfig               -         x               -            -       -      x
change MeterConfig               -         x               -            -       -      x
delete UsagePointConfig          -         x               -            -       -      x
create EndDeviceControls         -         -               x            -       -      x
cancel EndDeviceControls         -         -               x            -       -      x
change EndDeviceGroups           -         -               x            -       -      x
create EndDeviceEvents           -         x               -            x       -      x
created EndDeviceEvents          -         x               -            x       -      x
close EndDeviceEvents            -         x               -            -       -      x
execute OperationSet             -         -               -            -       -      x
"""


def table():
    head, *rows = [line.split() for line in CASES.strip().splitlines()]
    for verb, noun, *marks in rows:
        for role, mark in zip(head, marks, strict=True):
            yield pytest.param(role, verb, noun, mark == "x", id=f"{role}-{verb}-{noun}")


@pytest.mark.parametrize(("role", "verb", "noun", "allowed"), list(table()))
def test_who_may_do_what(role, verb, noun, allowed):
    assert Roles().may(role, verb, noun) is allowed


def test_the_table_knows_every_role():
    assert set(CASES.split("\n")[1].split()) == set(Roles().names)
    assert all(name in Roles() for name in Roles().names)


@pytest.mark.parametrize("role", ["", "root", "Admin", "*"])
def test_an_unknown_role_may_nothing(role):
    assert role not in Roles()
    assert not Roles().may(role, "get", "MeterReadings")


@pytest.mark.parametrize("noun", ["", "x:MeterReadings", "MeterReadings ", "meterreadings"])
def test_a_noun_that_only_looks_like_one_is_another(noun):
    assert not Roles().may("partner", "create", noun)


def test_roles_of_the_operator():
    roles = Roles({"billing": ("get:MeterReadings", "create*:*Config")})
    assert "billing" in roles
    assert roles.names[-1] == "billing"
    assert roles.may("billing", "get", "MeterReadings")
    assert roles.may("billing", "created", "MeterConfig")
    assert not roles.may("billing", "delete", "MeterReadings")
    assert roles.may("admin", "delete", "MeterReadings")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"admin": ("get:*",)}, "admin is built in"),
        ({"billing": ("get",)}, "verb:noun"),
        ({"billing": ("get:Meter Readings",)}, "verb:noun"),
        ({"billing": ("GET:MeterReadings",)}, "verb:noun"),
    ],
)
def test_roles_that_cannot_be_are_refused(own, said):
    with pytest.raises(SettingsError, match=said):
        Roles(own)
