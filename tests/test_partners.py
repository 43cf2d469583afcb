import pickle
import re

import pytest

from cim_adapter import Settings
from cim_adapter.partners import TOLERANT, Partners, PartnersError, Switch
from cim_adapter.reference import pages
from cim_adapter.settings import SettingsError


@pytest.fixture
def load(tmp_path):
    """Settings from a TOML file with this content."""

    def run(content):
        path = tmp_path / "cim_adapter.toml"
        path.write_text(content)
        return Settings.load(path, {}).partners

    return run


def test_without_a_table_everyone_has_the_default_profile():
    assert Partners().of("ACME") == TOLERANT
    assert Settings().partners.of("ACME") == TOLERANT


def test_envelopes_are_read_tolerantly_and_payloads_strictly():
    assert Switch.ENVELOPE_ORDER in TOLERANT
    assert Switch.PROFILE_ORDER not in TOLERANT
    assert Switch.VENDOR_ELEMENTS not in TOLERANT


def test_a_partner_starts_from_the_default_profile(load):
    partners = load("""
        [partners.default]
        tolerate = ["profile order"]
        refuse = ["unknown root", "profile www"]
        [partners.ACME]
        tolerate = ["Profile WWW"]
        refuse = ["verb case"]
        [partners."Head-end 2"]
        strict = true
        [partners.HES]
        strict = true
        tolerate = ["verb case"]
    """)
    base = (TOLERANT | {Switch.PROFILE_ORDER}) - {Switch.UNKNOWN_ROOT, Switch.PROFILE_WWW}
    assert partners.of("nobody") == base
    assert partners.of("default") == base
    assert partners.of("ACME") == (base | {Switch.PROFILE_WWW}) - {Switch.VERB_CASE}
    assert partners.of("Head-end 2") == frozenset()
    assert partners.of("HES") == {Switch.VERB_CASE}


def test_the_default_profile_may_be_strict(load):
    partners = load("[partners.default]\nstrict = true\n[partners.ACME]\ntolerate = ['verb case']")
    assert (partners.of("x"), partners.of("ACME")) == (frozenset(), {Switch.VERB_CASE})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("partners = 5", "partners: give a table for each partner in the settings file: [partners.NAME]"),
        ("[partners]\nACME = 5", "partners: ACME is no table; write [partners.ACME]"),
        (
            '[partners.ACME]\ntolerates = ["verb case"]\nmode = 1',
            "partners: ACME has mode, tolerates; it takes strict, tolerate, refuse and large_answers",
        ),
        ('[partners.ACME]\nstrict = "yes"', "ACME: strict is true or false, not 'yes'"),
        ('[partners.ACME]\ntolerate = "verb case"', 'ACME: tolerate is a list of switches, such as ["verb case"]'),
        (
            '[partners.ACME]\nlarge_answers = "whole"',
            'ACME: large_answers is "parts" or "stream", not \'whole\'',
        ),
        ("[partners.ACME]\nrefuse = [1]", "ACME: refuse is a list of switches"),
        (
            '[partners.ACME]\ntolerate = ["vendor element"]',
            "ACME: tolerate has 'vendor element', which is no switch; did you mean 'vendor elements'?",
        ),
        (
            '[partners.default]\nrefuse = ["zzz"]',
            "default: refuse has 'zzz', which is no switch; these are: verb c",
        ),
        (
            '[partners.ACME]\ntolerate = ["verb case"]\nrefuse = ["verb case"]',
            "ACME both tolerates and refuses verb case",
        ),
    ],
)
def test_what_cannot_be_is_told_by_name(load, content, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(content)


def test_the_environment_cannot_say_it():
    with pytest.raises(SettingsError, match="in the settings file"):
        Settings.load(environment={"CIM_ADAPTER_PARTNERS": "ACME"})


def test_an_error_is_one_of_values():
    with pytest.raises(PartnersError):
        Partners.read([])


def test_profiles_travel_to_worker_processes():
    partners = Partners.read({"ACME": {"strict": True, "tolerate": ["verb case"]}})
    assert pickle.loads(pickle.dumps(partners)) == partners


def test_every_switch_is_on_the_page():
    page = pages()["partners.md"]
    for switch in Switch:
        assert switch.accepts
        assert switch.seen
        assert f"| `{switch}` | {'on' if switch.default else 'off'} | {switch.accepts} |" in page
