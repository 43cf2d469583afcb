"""Every setting, once: name, type, default, unit and meaning.

A value comes from the TOML file of ``--config``, then from the environment (``CIM_ADAPTER_`` and the
name in capitals), then from the command line; the last one wins. ``docs/settings.md`` is made from
this file.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from cim_adapter.inboxes import Inboxes, InboxesError
from cim_adapter.partners import Partners, PartnersError

_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class SettingsError(ValueError):
    """A setting has no such name, or a value that it cannot take."""


def _setting(
    default: Any,
    meaning: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    of: Sequence[str] = (),
    secret: bool = False,
) -> Any:
    """``secret``: the value stands in no repr and in no error."""
    metadata = {"meaning": meaning, "bounds": (at_least, at_most), "of": of, "secret": secret}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set. Paths are relative to the working directory."""

    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(
        8080, "TCP port to listen on; 0: any that is free, told when ready", at_least=0, at_most=65535
    )
    workers: int = _setting(1, "server processes; they share one database", at_least=1)
    pin_workers: bool = _setting(
        True, "keep each server process to one processor, which a third more messages pass; see [scale](scale.md)"
    )
    tls_cert: Path | None = _setting(None, "certificate chain (PEM); turns on TLS 1.2 and 1.3")
    tls_key: Path | None = _setting(None, "private key (PEM) of tls_cert")
    client_ca: Path | None = _setting(None, "CA bundle (PEM); clients must then present a certificate of it")
    allow_plain_http: bool = _setting(
        False, "serve without TLS on addresses other than loopback, behind a proxy that speaks it"
    )
    public_url: str = _setting("", "URL by which partners reach us; written into WSDL addresses")
    worker_memory: int = _setting(
        1024, "MiB of memory at which a server process is replaced by a fresh one", at_least=64
    )
    trusted_proxies: tuple[str, ...] = _setting((), "addresses or networks whose X-Forwarded-* headers count")

    data: Path = _setting(Path("data"), "directory for the embedded database and the data key")
    database: str = _setting("", "SQLAlchemy URL; empty: SQLite in the data directory", secret=True)
    data_key: str = _setting(
        "", "data key, 32 bytes in base64; empty: that of data_key_command or of a file", secret=True
    )
    data_key_command: str = _setting(
        "", "command that prints the data key, such as the client of a key management system; no shell"
    )
    data_key_file: Path | None = _setting(None, "file with the data key; empty: data.key in data")
    readers: int = _setting(4, "threads, each with a database connection, that answer get requests", at_least=1)
    commit_batch: int = _setting(256, "messages at most that share one commit", at_least=1)
    commit_delay: float = _setting(
        0.003, "seconds at most that a busy writer waits for a group to fill", at_least=0, at_most=1
    )

    schemas: tuple[Path, ...] = _setting(
        (), "folders of XSDs that add nouns, or take the place of ours; later ones win"
    )

    partners: Partners = _setting(
        Partners(), "what is let pass, partner by partner: see [partners](partners.md); in the file alone"
    )
    inboxes: Inboxes = _setting(
        Inboxes(), "folders that files are taken from while serving: see [below](#inboxes); in the file alone"
    )

    open: bool = _setting(False, "let anyone in as admin; loopback addresses only")
    key_cache_seconds: float = _setting(
        1.0, "seconds for which a checked API key stays trusted unchecked", at_least=0
    )

    roles: Mapping[str, tuple[str, ...]] = _setting(
        _NOTHING, "more roles: name and verb:noun patterns, such as `billing = ['get:MeterReadings']`"
    )
    role_scopes: Mapping[str, tuple[str, ...]] = _setting(
        _NOTHING,
        "what holders of a role may reach, where not everything: meters, usage points and groups by mRID or name, "
        "such as `billing = ['EndDeviceGroup:north']`",
    )
    jwt_secret: str = _setting(
        "",
        "shared secret of bearer tokens signed with HS256, 32 bytes or more; empty: one of this database's own",
        secret=True,
    )
    jwt_jwks: str = _setting("", "file or https URL of the JWKS whose keys sign bearer tokens (RS256, ES256)")
    jwt_jwks_seconds: float = _setting(300.0, "seconds after which the JWKS is read again", at_least=1)
    jwt_issuer: str = _setting("", "iss of tokens; empty: any, where there is no jwt_jwks")
    jwt_audience: str = _setting("cim_adapter", "aud that tokens must name")
    jwt_name_claim: str = _setting("sub", "claim that names the holder of a token: the partner")
    jwt_role_claim: str = _setting("role", "claim with the holder's role or roles; dots lead into objects")
    jwt_scope_claim: str = _setting(
        "objects", "claim with what the holder may reach, where not everything, such as `['Meter:M-7']`"
    )
    jwt_leeway: float = _setting(30.0, "seconds by which clocks may differ", at_least=0, at_most=600)
    client_certificates: Mapping[str, tuple[str, ...]] = _setting(
        _NOTHING,
        "partner and role by certificate: `\"CN=hes,O=Utility\" = ['hes', 'partner']`, or by `DNS:`, `URI:`, "
        "`email:`, `IP:` and an alternative name",
    )
    client_certificate_header: str = _setting(
        "client-cert", "header in which trusted_proxies pass on a certificate they verified"
    )
    quota: int = _setting(
        100, "messages a minute of each caller whose key sets no other number; 0: no limit", at_least=0
    )

    max_bytes: int = _setting(32 * 1024 * 1024, "bytes at most in one message", at_least=1)
    bulk_bytes: int = _setting(
        10 * 1024 * 1024,
        "bytes above which a message is taken in parts, as it comes; what can be is then not bound by max_bytes",
        at_least=1,
    )
    bulk_part_bytes: int = _setting(
        1024 * 1024, "bytes of such a message that are validated and sealed at once, or somewhat more", at_least=1
    )
    bulk_threads: int = _setting(
        0, "threads that validate and seal the parts of such messages; 0: as many as there are cores", at_least=0
    )
    max_elements: int = _setting(200_000, "XML elements at most in one message", at_least=1)
    max_attributes: int = _setting(256, "attributes at most on one XML element", at_least=1)
    max_namespaces: int = _setting(10_000, "namespace declarations at most in one message", at_least=1)
    max_inflation: int = _setting(
        300,
        "bytes at most that each byte of a Compressed payload may inflate to, beyond the first MiB",
        at_least=1,
    )
    max_operations: int = _setting(
        1_000, "operations at most in one OperationSet; a larger one is refused with 3.1", at_least=1
    )
    inline_bytes: int = _setting(
        128 * 1024, "bytes up to which a message shares the writer's thread; a larger one gets its own", at_least=0
    )
    large_at_once: int = _setting(2, "larger messages at most that are worked on at once; others wait", at_least=1)
    max_items: int = _setting(
        10_000, "items at most in one REST request, or one batch of NDJSON; more are refused with 3.1", at_least=1
    )
    max_objects: int = _setting(
        100_000,
        "objects, events or controls in one reply; a larger answer comes in parts (0.1, 0.2)",
        at_least=1,
    )
    max_readings: int = _setting(
        100_000, "readings in one reply; a larger answer comes in parts (0.1, 0.2)", at_least=1
    )
    large_answers: str = _setting(
        "parts",
        "how a get of much is answered: in parts, or as a stream, one reply of any size that is written while it "
        "is read. A partner's table and an Option of the request may say otherwise",
        of=("parts", "stream"),
    )
    stream_patience: float = _setting(
        60.0, "seconds that a caller may take for each MiB of a stream; then it is broken off", at_least=1
    )

    context: str = _setting(
        "", "Header/Context that is taken, beside messages that have none; others are refused with 7.7. Empty: any"
    )
    revisions: tuple[str, ...] = _setting(
        (), "values of Header/Revision that are taken (absent means 1); others are refused with 1.9. Empty: any"
    )
    replay_window: float = _setting(
        300.0, "seconds that ReplayDetection/Created may differ from our clock; else refused with 7.7", at_least=0
    )
    require_replay_detection: bool = _setting(
        False, "refuse messages without ReplayDetection, and changes over REST without Idempotency-Key, with 1.5"
    )
    unknown_devices: str = _setting(
        "accept",
        "what a control or an event does with a device that nobody told of before: accept it and make it known, "
        "or refuse it with 2.4 or 2.12",
        of=("accept", "refuse"),
    )

    source: str = _setting("cim_adapter", "Header/Source of what we send")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR", of=("DEBUG", "INFO", "WARNING", "ERROR"))

    @classmethod
    def load(
        cls,
        config: Path | None = None,
        environment: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> Settings:
        """Settings from file, environment and flags. Raises SettingsError with the name and what it takes."""
        types, known = get_type_hints(cls), {item.name: item for item in fields(cls)}
        values: dict[str, Any] = {}
        if config is not None:
            try:
                values.update(tomllib.loads(config.read_text(encoding="utf-8")))
            except (OSError, ValueError) as error:
                raise SettingsError(f"{config}: {error}") from error
        for name, text in (os.environ if environment is None else environment).items():
            if name.startswith("CIM_ADAPTER_"):
                values[name.removeprefix("CIM_ADAPTER_").lower()] = text
        values.update({name: value for name, value in (flags or {}).items() if value is not None})
        if unknown := sorted(set(values) - set(types)):
            raise SettingsError(f"no such setting: {', '.join(unknown)}")
        return cls(
            **{name: _convert(name, value, types[name], known[name].metadata) for name, value in values.items()}
        )

    @classmethod
    def names(cls) -> frozenset[str]:
        return frozenset(item.name for item in fields(cls))

    @classmethod
    def described(cls) -> Iterator[tuple[str, str, str, str]]:
        """(name, type, default, meaning) of each setting, in the order of this file."""
        types = get_type_hints(cls)
        for item in fields(cls):
            kind = types[item.name]
            if kind in (Path, Path | None):
                name = "path"
            elif kind in (Partners, Inboxes):
                name = "tables"
            else:
                named = isinstance(kind, type) and kind.__module__ == "builtins"
                name = kind.__name__ if named else f"list of {'path' if kind == tuple[Path, ...] else 'str'}"
            if kind == Mapping[str, tuple[str, ...]]:
                name = "table"
            default = (
                "" if item.default in (None, (), "", MISSING, Partners(), Inboxes()) else _shown(item.default)
            )
            yield item.name, name, default, item.metadata["meaning"]


def _shown(default: Any) -> str:
    return ", ".join(default) if isinstance(default, tuple) else str(default)


def _convert(name: str, value: Any, kind: Any, metadata: Mapping[str, Any]) -> Any:
    try:
        converted = _converted(value, kind)
        least, most = metadata["bounds"]
        if (least is not None and not converted >= least) or (most is not None and not converted <= most):
            raise ValueError
        if metadata["of"] and converted not in metadata["of"]:
            raise ValueError
    except (PartnersError, InboxesError) as error:
        raise SettingsError(f"{name}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        takes = kind.__name__ if isinstance(kind, type) else kind
        shown = "what it is given" if metadata["secret"] else repr(value)
        raise SettingsError(f"{name}: {shown} is no {takes} that it takes: {metadata['meaning']}") from error
    return converted


def _converted(value: Any, kind: Any) -> Any:
    if kind is Partners:
        return Partners.read(value)
    if kind is Inboxes:
        return Inboxes.read(value)
    if kind is bool and isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[value.lower()]
    if kind == tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        if not all(isinstance(item, str) for item in items):
            raise TypeError
        return tuple(item.strip() for item in items if item.strip())
    if kind == tuple[Path, ...]:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(Path(item) for item in items if item)
    if kind == Mapping[str, tuple[str, ...]]:
        table = json.loads(value) if isinstance(value, str) else value
        return MappingProxyType({str(key): _converted(item, tuple[str, ...]) for key, item in table.items()})
    if kind in (Path, Path | None):
        if not value and kind is Path:
            raise ValueError
        return Path(value) if value else None
    if isinstance(value, bool) is not (kind is bool):
        raise TypeError
    if not isinstance(value, str | int if kind is int else str | int | float if kind is float else kind):
        raise TypeError
    return kind(value)
