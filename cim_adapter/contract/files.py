"""Where the contract's files are, and finding one of them by the name a client asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cim_adapter.contract.services import GENERIC_SERVICE

_SOAP12 = ".soap12"


@dataclass(frozen=True, slots=True)
class ContractFiles:
    """The two folders of the contract.

    A file is found only if its folder lists a file of just that name, so no spelling of a name
    (``..``, a slash, a drive, another case) leads anywhere else.
    """

    xsd: Path
    wsdl: Path

    @classmethod
    def locate(cls) -> ContractFiles:
        """The copies inside the installed package or, in a checkout, the folders at its top level.

        Raises ``FileNotFoundError`` where neither is there.
        """
        package = Path(__file__).resolve().parent
        for home in (package, package.parents[1]):
            if (home / "xsd").is_dir() and (home / "wsdl").is_dir():
                return cls(home / "xsd", home / "wsdl")
        raise FileNotFoundError("the contract's folders xsd and wsdl are missing from this installation")

    def schema(self, name: str) -> Path | None:
        """The schema of this file name (``Message.xsd``), or None."""
        return _listed(self.xsd, name, ".xsd")

    def description(self, service: str | None = None, *, soap12: bool = False) -> Path | None:
        """The WSDL of a typed service (``GetMeterReadings``), or None; without a name, the generic one.

        ``soap12`` asks for the document with a SOAP 1.2 port only; the generic one has both ports anyway.
        """
        if service is None:
            return _listed(self.wsdl, f"{GENERIC_SERVICE}.wsdl", ".wsdl")
        if service == GENERIC_SERVICE or service.endswith(_SOAP12):
            return None
        return _listed(self.wsdl, f"{service}{_SOAP12}.wsdl" if soap12 else f"{service}.wsdl", ".wsdl")

    def services(self) -> tuple[str, ...]:
        """The names of the typed services, in order."""
        stems = {path.name.removesuffix(".wsdl").removesuffix(_SOAP12) for path in self.wsdl.glob("*.wsdl")}
        return tuple(sorted(stems - {GENERIC_SERVICE}))


def _listed(folder: Path, name: str, suffix: str) -> Path | None:
    if name in os.listdir(folder):
        path = folder / name
        if path.suffix == suffix and path.is_file():
            return path
    return None
