"""spyne 2.14 bundles a `six` whose importer has no `find_spec`, which Python 3.12 wants: here it is."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any


class SixMoves:
    """Finds and loads `spyne.util.six.moves`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        six: Any = sys.modules.get("spyne.util.six")
        known = six is not None and name in six._importer.known_modules
        return spec_from_loader(name, self, is_package=name.endswith(".moves")) if known else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return sys.modules["spyne.util.six"]._importer.load_module(spec.name)  # type: ignore[no-any-return]

    def exec_module(self, module: ModuleType) -> None:
        pass


def install() -> None:
    """Before spyne is imported."""
    if sys.version_info >= (3, 12):
        sys.meta_path.append(SixMoves())  # type: ignore[arg-type]
