"""Generates the contract from the schema folder, and keeps the files in step: ``cim-adapter wsdl build``."""

from __future__ import annotations

from pathlib import Path

from cim_adapter.contract.files import ContractFiles
from cim_adapter.contract.message_schema import message_schema, query_schema, set_schema
from cim_adapter.contract.profiles import read_schemas
from cim_adapter.contract.services import generic_service, in_soap12, typed_services
from cim_adapter.contract.wsdl import description


def build(profiles: Path, *, strict: bool = True) -> dict[str, bytes]:
    """Every generated file by its place (``xsd/MeterReadingsMessage.xsd``, ``wsdl/Service.wsdl``, …).

    ``profiles`` is the folder with ``Message.xsd`` and the profiles. The same folder gives the same bytes.
    ``strict`` as in ``read_schemas``. Raises :class:`~cim_adapter.contract.profiles.ContractError`.
    """
    schemas = read_schemas(profiles, strict=strict)
    files = {"wsdl/Service.wsdl": description(generic_service(schemas.envelope))}
    for noun in schemas.nouns:
        files[f"xsd/{noun.profile.message_file}"] = message_schema(noun.profile)
        files[f"xsd/{noun.profile.operation_set.message_file}"] = set_schema(noun.profile)
        if noun.query is not None:
            files[f"xsd/{noun.query.message_file}"] = query_schema(noun.profile, noun.query)
        for service in typed_services(noun):
            files[f"wsdl/{service.name}.wsdl"] = description(service)
            files[f"wsdl/{service.name}.soap12.wsdl"] = description(in_soap12(service))
    return files


def outdated(files: ContractFiles) -> dict[Path, bytes]:
    """The files that are missing or differ from what :func:`build` makes, with what they ought to hold."""
    folders = {"xsd": files.xsd, "wsdl": files.wsdl}
    wanted = {}
    for place, content in build(files.xsd).items():
        folder, name = place.split("/")
        wanted[folders[folder] / name] = content
    return {path: content for path, content in wanted.items() if not path.exists() or path.read_bytes() != content}


def write(files: ContractFiles) -> tuple[Path, ...]:
    """Brings the generated files up to date; returns those that were written."""
    changed = outdated(files)
    for path, content in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tuple(changed)
