import re
from pathlib import Path

import pytest

from cim_adapter import Settings
from cim_adapter.inboxes import Inboxes
from cim_adapter.partners import Partners
from cim_adapter.settings import SettingsError


@pytest.fixture
def config(tmp_path):
    """A TOML file with this content."""

    def write(content):
        path = tmp_path / "cim_adapter.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_every_setting_has_a_default_and_a_meaning():
    for name, kind, default, meaning in Settings.described():
        assert name in Settings.names()
        assert kind in {"str", "int", "float", "bool", "path", "list of str", "list of path", "table", "tables"}, (
            name,
            kind,
        )
        assert meaning
        own = getattr(Settings(), name)
        assert default == (
            ", ".join(own)
            if isinstance(own, tuple)
            else str("" if own in (Partners(), Inboxes()) or (not own and own not in (0, False)) else own)
        )


def test_described_keeps_the_order_of_the_file():
    names = [name for name, *_ in Settings.described()]
    assert names == list(Settings.__dataclass_fields__)
    assert names[:2] == ["host", "port"]


def test_nothing_given_is_the_defaults():
    assert Settings.load(environment={}) == Settings()


def test_flags_win_over_environment_and_that_over_the_file(config):
    file = config('host = "file"\nport = 1\nsource = "file"\n')
    environment = {"CIM_ADAPTER_PORT": "2", "CIM_ADAPTER_SOURCE": "environment", "PATH": "/bin", "PORT": "9"}
    loaded = Settings.load(file, environment, {"source": "flag", "port": None})
    assert (loaded.host, loaded.port, loaded.source) == ("file", 2, "flag")


def test_the_environment_is_that_of_the_process(monkeypatch):
    monkeypatch.setenv("CIM_ADAPTER_PORT", "81")
    assert Settings.load().port == 81


@pytest.mark.parametrize(
    ("toml", "text", "expected"),
    [
        ("port = 81", "81", {"port": 81}),
        ("open = true", "true", {"open": True}),
        ("open = false", "No", {"open": False}),
        ("key_cache_seconds = 2.5", "2.5", {"key_cache_seconds": 2.5}),
        ("key_cache_seconds = 2", "2", {"key_cache_seconds": 2.0}),
        ('data = "/var/lib/cim"', "/var/lib/cim", {"data": Path("/var/lib/cim")}),
        ('tls_cert = ""', "", {"tls_cert": None}),
        (
            'trusted_proxies = ["10.0.0.1", "10.1.0.0/16"]',
            "10.0.0.1, 10.1.0.0/16,",
            {"trusted_proxies": ("10.0.0.1", "10.1.0.0/16")},
        ),
    ],
)
def test_file_and_environment_mean_the_same(config, toml, text, expected):
    ((name, value),) = expected.items()
    for loaded in (
        Settings.load(config(toml), {}),
        Settings.load(environment={f"CIM_ADAPTER_{name.upper()}": text}),
    ):
        assert getattr(loaded, name) == value
        assert type(getattr(loaded, name)) is type(value)


@pytest.mark.parametrize(
    "toml",
    [
        'port = "many"',
        "port = []",
        "port = 80.5",
        "port = true",
        "port = 70000",
        "port = -1",
        'open = "maybe"',
        "open = 2",
        'key_cache_seconds = "soon"',
        "key_cache_seconds = nan",
        "data = 5",
        'data = ""',
        "trusted_proxies = 5",
        "trusted_proxies = [5]",
        "host = 5",
        "host = {a = 1}",
        "workers = 0",
        "readers = 0",
        "commit_batch = 0",
        "max_bytes = -1",
        'log_level = "LOUD"',
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_setting(config, toml):
    name = toml.split()[0]
    with pytest.raises(SettingsError, match=rf"\b{name}\b"):
        Settings.load(config(toml), {})


def test_unknown_settings_are_all_named():
    with pytest.raises(SettingsError, match="no such setting: colour, hots"):
        Settings.load(environment={"CIM_ADAPTER_HOTS": "x"}, flags={"colour": "red"})


@pytest.mark.parametrize("content", ["port = ", "[", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(config, content):
    path = config(content)
    with pytest.raises(SettingsError, match=re.escape(str(path))):
        Settings.load(path, {})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml"):
        Settings.load(tmp_path / "none.toml", {})


def test_settings_do_not_change():
    with pytest.raises(AttributeError):
        Settings().port = 5
