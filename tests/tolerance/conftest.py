"""Partners, each with the profile that a test gives it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from lxml import etree
from sqlalchemy import select

from cim_adapter import Adapter, Settings
from cim_adapter.access import Credentials, new_key
from cim_adapter.errors import AdapterError
from cim_adapter.partners import Partners
from cim_adapter.store import api_keys
from cim_adapter.wire import Answer, Arrival


class PlainWire:
    name = "plain"

    def open(self, document: etree._Element) -> etree._Element:
        return document

    def close(self, message: etree._Element, _text: bytes) -> Answer:
        return Answer(body=etree.tostring(message))

    def fault(self, error: AdapterError, message: etree._Element) -> Answer:
        return Answer(body=etree.tostring(message), status=error.http_status)


@dataclass
class Taken:
    """What came of a message: the answer, and the row in the journal."""

    root: etree._Element
    verb: str | None
    noun: str | None
    warnings: list[dict] | None
    codes: list[str] = field(default_factory=list)
    said: str = ""

    @property
    def result(self) -> str:
        return self.root.findtext(".//{*}Reply/{*}Result")

    @property
    def switches(self) -> list[str]:
        return [warning["switch"] for warning in self.warnings or []]


class Partner:
    """Sends messages to an adapter under a name and key of its own."""

    def __init__(self, adapter: Adapter, name: str) -> None:
        self.adapter = adapter
        self.name = name
        self._key, row = new_key(name=name, role="admin")
        asyncio.run(adapter.store.commit(lambda tx: api_keys.add(tx, row)))

    @property
    def tolerated(self) -> dict[str, int]:
        counts = self.adapter.pipeline.tolerated.counts
        return {switch.value: n for (partner, switch), n in counts.items() if partner == self.name}

    def send(self, body: etree._Element) -> Taken:
        credentials = Credentials(api_key=self._key)
        arrival = Arrival(body=etree.tostring(body), credentials=credentials, remote=None, wire=PlainWire())
        root = etree.fromstring(asyncio.run(self.adapter.pipeline.take(arrival)).body)
        row = self.rows()[-1]
        return Taken(
            root,
            row.verb,
            row.noun,
            json.loads(row.warnings) if row.warnings else row.warnings,
            [code.text for code in root.iterfind(".//{*}Error/{*}code")],
            " ".join(text.text or "" for text in root.iter("{*}reason", "{*}details")),
        )

    def rows(self) -> list:
        """What the journal has of this partner, oldest first."""
        table = self.adapter.store.tables.journal
        own = select(table).where(table.c.partner == self.name).order_by(table.c.uid)
        return list(self.adapter.store.read_now(lambda reader: reader.select(own).all()))


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[tuple[Adapter, dict]]:
    """An adapter, and the profiles of its partners, to which each test adds one."""
    profiles: dict = {}
    data = tmp_path_factory.mktemp("tolerance")
    with Adapter.prepared(Settings(data=data, partners=Partners(profiles))) as adapter:
        yield adapter, profiles


@pytest.fixture
def partner_with(shared) -> Callable[..., Partner]:
    """A new partner, whose profile is what the table of a settings file makes it."""
    adapter, profiles = shared

    def make(**table) -> Partner:
        name = str(uuid.uuid4())
        profiles[name] = Partners.read({name: table}).of(name)
        return Partner(adapter, name)

    return make
