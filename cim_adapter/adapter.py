"""The composition root: everything is built here, from Settings, and nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from types import ModuleType

from cim_adapter.access import Access
from cim_adapter.contract import ContractError, ContractFiles, overlay
from cim_adapter.nouns.registry import Registry, built_in_modules
from cim_adapter.pipeline import Pipeline
from cim_adapter.processors import Processors
from cim_adapter.schema import Catalogue, UnusableSchemaError
from cim_adapter.schema.bridge import Bridge
from cim_adapter.settings import Settings, SettingsError
from cim_adapter.store.store import Store, prepare


class Adapter:
    """An adapter over an open store. Close it, or use it as a context manager.

    ``handlers`` are modules with functions marked by ``handles``; they win over ours.
    """

    def __init__(
        self, settings: Settings, handlers: Iterable[ModuleType] = (), *, processors: Processors | None = None
    ) -> None:
        """``processors``: those that large work may be spread over; by default all that this process has."""
        self.settings = settings
        self.contract = contract_of(settings)
        self.catalogue = Catalogue([self.contract.xsd])
        self.bridge = Bridge(self.catalogue)
        self.registry = Registry([*built_in_modules(), *handlers], self.catalogue.nouns)
        self.store = Store(settings)
        self.access = Access(settings, self.store)
        self.pipeline = Pipeline(
            settings,
            self.registry,
            self.catalogue,
            self.bridge,
            self.access,
            self.store,
            processors or Processors(),
        )

    @classmethod
    def prepared(cls, settings: Settings, handlers: Iterable[ModuleType] = ()) -> Adapter:
        """An adapter whose data directory, tables and keys are made first, where they are not yet."""
        prepare(settings)
        return cls(settings, handlers)

    def close(self) -> None:
        """Commits what waits, and lets go of the store."""
        last_words = threading.Thread(target=lambda: asyncio.run(self.access.turned_away.flush()))
        last_words.start()
        last_words.join()
        self.pipeline.close()
        self.store.close()

    def __enter__(self) -> Adapter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def contract_of(settings: Settings) -> ContractFiles:
    """Our contract, with the XSDs of the setting ``schemas`` in it. Raises SettingsError where one of them
    cannot be used.
    """
    ours = ContractFiles.locate()
    if not settings.schemas:
        return ours
    try:
        files = overlay(ours, settings.schemas, settings.data / "contract")
        Catalogue([files.xsd]).warm()
    except (ContractError, UnusableSchemaError) as error:
        raise SettingsError(f"schemas: {error}") from error
    return files
