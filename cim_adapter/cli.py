"""The command ``cim-adapter``."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from cim_adapter import instants, watching
from cim_adapter.export import arguments as export_arguments
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store.sealing import StoreError
from cim_adapter.validate.command import add_arguments
from cim_adapter.validate.command import run as run_validate

if TYPE_CHECKING:  # what a command needs it imports itself: --help is there at once
    from cim_adapter.store.transaction import Transaction


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 done, 1 found something wrong, 2 could not run."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (SettingsError, StoreError, OSError) as error:
        print(f"cim-adapter: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"cim-adapter: the database: {error.args[0] if error.args else error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cim-adapter", description="Adapter for IEC 61968-9 metering messages in IEC 61968-100 envelopes."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the server", parents=[_storage()])
    serve.add_argument("--host", metavar="H")
    serve.add_argument("--port", metavar="P", type=int)
    serve.add_argument("--workers", metavar="N", type=int)
    serve.add_argument("--tls-cert", metavar="FILE")
    serve.add_argument("--tls-key", metavar="FILE")
    serve.add_argument("--client-ca", metavar="FILE")
    serve.add_argument(
        "--schemas",
        metavar="DIR",
        type=Path,
        action="append",
        help="a folder of XSDs of yours; may stand several times",
    )
    serve.add_argument(
        "--allow-plain-http", action="store_true", default=None, help="without TLS, behind a proxy that speaks it"
    )
    serve.add_argument("--public-url", metavar="URL")
    serve.add_argument("--open", action="store_true", default=None, help="let anyone in; loopback only")
    serve.set_defaults(run=_serve)

    watch = commands.add_parser("watch", help="take files from a folder", parents=[_storage()])
    watching.add_arguments(watch)
    watch.set_defaults(run=_watch)

    key = commands.add_parser("key", help="API keys").add_subparsers(required=True, metavar="ACTION")
    create = key.add_parser("create", help="make a key and print it, this once", parents=[_storage()])
    create.add_argument("name", metavar="NAME", help="the partner; stands in journal and audit")
    create.add_argument("--role", required=True, metavar="ROLE")
    create.add_argument("--quota", type=int, metavar="N", help="messages a minute; 0: no limit")
    create.add_argument(
        "--scope",
        metavar="KIND:NAME",
        action="append",
        default=[],
        help="what it may reach, where not everything: Meter, UsagePoint, EndDeviceGroup or UsagePointGroup, and "
        "its mRID or name; may stand several times",
    )
    create.set_defaults(run=_create_key)
    revoke = key.add_parser("revoke", help="revoke every key of a partner", parents=[_storage()])
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(run=_revoke_key)

    rotate = key.add_parser(
        "rotate-data", help="seal everything anew with another data key, while servers run", parents=[_storage()]
    )
    rotate.set_defaults(run=_rotate_data)

    token = commands.add_parser("token", help="bearer tokens").add_subparsers(required=True, metavar="ACTION")
    issue = token.add_parser("create", help="sign a token for trials and print it", parents=[_storage()])
    issue.add_argument("name", metavar="NAME", help="the partner; stands in journal and audit")
    issue.add_argument("--role", required=True, metavar="ROLE")
    issue.add_argument("--minutes", type=float, default=60, metavar="N", help="how long it is good; default 60")
    issue.add_argument("--quota", type=int, metavar="N", help="messages a minute; 0: no limit")
    issue.set_defaults(run=_create_token)

    audit = commands.add_parser("audit", help="the audit trail").add_subparsers(required=True, metavar="ACTION")
    verify = audit.add_parser("verify", help="find what was changed or removed", parents=[_storage()])
    verify.set_defaults(run=_verify_audit)
    export = audit.add_parser("export", help="print it as JSON lines", parents=[_storage()])
    export.add_argument("--since", metavar="TIME", help="xs:dateTime; calls that arrived then or later")
    export.add_argument("--until", metavar="TIME", help="xs:dateTime; calls that arrived before then")
    export.set_defaults(run=_export_audit)

    exporting = commands.add_parser("export", help="write what is stored as XML, JSON lines, CSV or Parquet")
    export_arguments.add_arguments(exporting, _storage())
    exporting.set_defaults(run=_export)

    explain = commands.add_parser("explain", help="an identifier of the standard, in words")
    explain.add_argument("code", metavar="CODE", help="such as 0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0 or 3.26.0.85")
    explain.set_defaults(run=_explain)

    validate = commands.add_parser("validate", help="say what is wrong with XML files")
    add_arguments(validate)
    validate.set_defaults(run=run_validate)

    wsdl = commands.add_parser("wsdl", help="the contract").add_subparsers(required=True, metavar="ACTION")
    build = wsdl.add_parser("build", help="generate typed message schemas and WSDLs from xsd/")
    build.add_argument("--check", action="store_true", help="write nothing; 1 if a file is not up to date")
    build.set_defaults(run=_build_wsdl)
    return parser


def _storage() -> argparse.ArgumentParser:
    """The options of every command that opens the store."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings, TOML")
    parser.add_argument("--data", metavar="DIR", help="default: data")
    parser.add_argument("--database", metavar="URL", help="default: SQLite in the data directory")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    named = {name: value for name, value in vars(options).items() if name in Settings.names()}
    settings = Settings.load(options.config, flags=named)
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for talkative in ("alembic", "watchfiles"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    if re.match(r"[^/]+://[^/@]*:[^/@]+@", named.get("database") or ""):
        logging.getLogger("cim_adapter").warning(
            "the password in --database stands in the list of processes: give the URL in the file of --config, or "
            "as CIM_ADAPTER_DATABASE"
        )
    return settings


def _serve(options: argparse.Namespace) -> int:
    gc.disable()  # what starting makes stays: to look for garbage in it takes time; ``serve`` enables it again
    from cim_adapter.server import serve

    serve(_settings(options), announce=lambda line: print(line, flush=True))
    return 0


def _watch(options: argparse.Namespace) -> int:
    rejected = watching.watch(_settings(options), options, announce=lambda line: print(line, flush=True))
    return 1 if options.once and rejected else 0


def _create_key(options: argparse.Namespace) -> int:
    from cim_adapter.access import give_key
    from cim_adapter.store.scope import Named
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    _check_role(settings, options.role)
    prepare(settings)
    try:
        scope = [Named.of(text) for text in options.scope]
    except ValueError as error:
        raise SettingsError(str(error)) from error
    with Store(settings) as store:
        key = asyncio.run(give_key(store, name=options.name, role=options.role, quota=options.quota, scope=scope))
    print(key)
    return 0


def _rotate_data(options: argparse.Namespace) -> int:
    from cim_adapter.access import administered
    from cim_adapter.store.rotation import rotate
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    prepare(settings)
    rotate(settings, tell=lambda line: print(line, flush=True))
    with Store(settings) as store:
        asyncio.run(store.commit(lambda transaction: transaction.audit(administered("change", "DataKey"))))
    return 0


def _create_token(options: argparse.Namespace) -> int:
    from cim_adapter.access import administered, issue
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    _check_role(settings, options.role)
    prepare(settings)
    with Store(settings) as store:
        vault = store.vault
        told = administered("create", "Token", f"Token/{options.name}")
        asyncio.run(store.commit(lambda transaction: transaction.audit(told)))
    print(
        issue(settings, vault, name=options.name, role=options.role, minutes=options.minutes, quota=options.quota)
    )
    return 0


def _verify_audit(options: argparse.Namespace) -> int:
    from cim_adapter.store import audit
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    prepare(settings)
    with Store(settings) as store:
        found = store.read_now(lambda reader: sum(_printed(finding) for finding in audit.verify(reader)))
    if not found:
        print("the audit trail is as it was written")
    return 1 if found else 0


def _export_audit(options: argparse.Namespace) -> int:
    from cim_adapter.store import audit
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    since, until = (_instant(text) for text in (options.since, options.until))
    prepare(settings)
    with Store(settings) as store:
        store.read_now(
            lambda reader: sum(_printed(json.dumps(row)) for row in audit.export(reader, since=since, until=until))
        )
    return 0


def _export(options: argparse.Namespace) -> int:
    from cim_adapter.export.command import export

    return export(_settings(options), options, tell=lambda line: print(f"cim-adapter: {line}", file=sys.stderr))


def _printed(line: str) -> int:
    """One line more."""
    print(line)
    return 1


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else instants.instant(text)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _check_role(settings: Settings, role: str) -> None:
    from cim_adapter.access import Roles

    roles = Roles(settings.roles)
    if role not in roles:
        raise SettingsError(f"{role!r} is no role; these are: {', '.join(roles.names)}")


def _revoke_key(options: argparse.Namespace) -> int:
    from cim_adapter.access import administered
    from cim_adapter.store import api_keys
    from cim_adapter.store.store import Store, prepare

    settings = _settings(options)
    prepare(settings)

    def revoke(transaction: Transaction) -> int:
        ids = api_keys.revoke(transaction, options.name)
        if ids:
            transaction.audit(administered("delete", "ApiKey", *(f"ApiKey/{key_id}" for key_id in ids)))
        return len(ids)

    with Store(settings) as store:
        revoked = asyncio.run(store.commit(revoke))
    print(f"{revoked} revoked")
    return 0 if revoked else 1


def _explain(options: argparse.Namespace) -> int:
    from cim_adapter.codes import MalformedCode, explain_text

    try:
        print(explain_text(options.code))
    except MalformedCode as error:
        print(f"cim-adapter: {error}", file=sys.stderr)
        return 1
    return 0


def _build_wsdl(options: argparse.Namespace) -> int:
    from cim_adapter.contract import ContractFiles, outdated, write

    files = ContractFiles.locate()
    paths = list(outdated(files)) if options.check else list(write(files))
    for path in paths:
        print(path)
    return 1 if options.check and paths else 0
