"""The contract with an operator's own XSDs in it: more nouns, or other editions of ours.

An XSD of a namespace that ours has, takes its place; everything else is added. Where a namespace follows
the convention of profiles, ``<base>/<Noun>#``, typed messages and WSDLs are generated as they are for ours.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from cim_adapter.contract.build import build
from cim_adapter.contract.files import ContractFiles
from cim_adapter.contract.markup import MESSAGE, MESSAGE_FILE, XS, parse
from cim_adapter.contract.profiles import ContractError


def overlay(files: ContractFiles, folders: Sequence[Path], place: Path) -> ContractFiles:
    """The contract of ``files`` and ``folders``, written below ``place``; made once for the same content.

    Safe to call from several processes at once. Raises ContractError for a folder that is none and a file
    that is no XSD.
    """
    given = {path.relative_to(folder): path for folder in folders for path in _schemas_of(folder)}
    made = place / _fingerprint([*sorted(files.xsd.glob("*.xsd")), *given.values()])
    if not made.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=place))
        _write(files, given, aside)
        try:
            aside.rename(made)  # the folder appears with everything in it, or not at all
        except OSError:
            shutil.rmtree(aside)
            if not made.is_dir():
                raise
    return ContractFiles(made / "xsd", made / "wsdl")


def _write(files: ContractFiles, given: dict[Path, Path], place: Path) -> None:
    xsd, wsdl = place / "xsd", place / "wsdl"
    xsd.mkdir()
    wsdl.mkdir()
    own = {_namespace(path): name for name, path in given.items()}
    for path in files.xsd.glob("*.xsd"):
        if path.name == MESSAGE_FILE or (_namespace(path) not in own and not path.stem.endswith("Message")):
            shutil.copyfile(path, xsd / path.name)
    for name, path in given.items():
        (xsd / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, xsd / name)
    if MESSAGE in own and own[MESSAGE] != Path(MESSAGE_FILE):
        shutil.copyfile(given[own[MESSAGE]], xsd / MESSAGE_FILE)
    for target, content in build(xsd, strict=False).items():
        if not (place / target).exists():  # an operator's own schema of typed messages stays
            (place / target).write_bytes(content)


def _schemas_of(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise ContractError(f"{folder} is no folder")
    yield from sorted(folder.rglob("*.xsd"))


def _namespace(path: Path) -> str:
    try:
        root = parse(path.read_bytes())
    except etree.XMLSyntaxError as error:
        raise ContractError(f"{path} is not well-formed XML: {error}") from error
    if root.tag != f"{{{XS}}}schema":
        raise ContractError(f"{path} is not an XML Schema: its document element is {root.tag}")
    return root.get("targetNamespace") or ""


def _fingerprint(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
