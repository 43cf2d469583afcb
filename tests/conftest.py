"""What most tests need: a database of each kind, an adapter on it, a server process on it."""

from __future__ import annotations

import asyncio
import base64
import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import hypothesis
import pytest
from lxml import etree
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from cim_adapter import Adapter, Settings
from cim_adapter.inboxes import Inboxes
from cim_adapter.store.store import Store, prepare
from cim_adapter.transports.files.report import Report
from cim_adapter.watching import Watchers

# A slow moment of the machine is no failure; what takes too long, the benchmarks say.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

POSTGRES = os.environ.get("CIM_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever touches a database runs on both."""
    if "backend" in metafunc.fixturenames:
        metafunc.parametrize("backend", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@contextmanager
def fresh_database(backend: str) -> Iterator[str]:
    """The setting ``database``: empty for SQLite, a schema of its own for PostgreSQL."""
    if backend == "sqlite":
        yield ""
        return
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"cim_test_{uuid.uuid4().hex}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f'create schema "{name}"'))
    except OperationalError as error:
        admin.dispose()
        reason = f"no PostgreSQL answers at {admin.url.render_as_string()}: {error.orig}"
        if os.environ.get("CIM_TEST_FORCE_SERVICES"):
            pytest.fail(reason)
        pytest.skip(reason)
    own = admin.url.update_query_dict({"options": f"-c search_path={name}"})
    yield own.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'drop schema "{name}" cascade'))
    admin.dispose()


@pytest.fixture(scope="session")
def fresh() -> Callable[[str], AbstractContextManager[str]]:
    """``fresh(backend)``: a database for more than one test."""
    return fresh_database


@pytest.fixture
def database(backend: str) -> Iterator[str]:
    with fresh_database(backend) as url:
        yield url


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", database=database)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    prepare(settings)
    with Store(settings) as opened:
        yield opened


@pytest.fixture
def adapter(settings: Settings) -> Iterator[Adapter]:
    with Adapter.prepared(settings) as built:
        yield built


@dataclass
class ServerProcess:
    """``cim-adapter serve`` as a process of its own. ``lines`` is what it printed; ``key`` an admin key."""

    process: subprocess.Popen[str]
    url: str
    key: str
    data: Path
    lines: list[str] = field(default_factory=list)

    def client(self, key: str | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"X-API-Key": key or self.key}, timeout=30, trust_env=False)

    def kill(self) -> None:
        """SIGKILL, as the kernel's out-of-memory killer would."""
        self.process.kill()
        self.process.wait(30)

    def stop(self, within: float = 30) -> int:
        """SIGTERM; the exit status. A server that does not stop is killed, and the test fails."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the server did not stop within {within} s of SIGTERM")


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Launcher:
    """Runs ``cim-adapter`` on one data directory and database; servers are stopped by ``close``."""

    def __init__(self, home: Path, database: str, port: int) -> None:
        self.data = home / "data"
        self.log = home / "server.log"
        self._storage = ["--data", str(self.data), *(["--database", database] if database else [])]
        self._port = port
        self._key = ""
        self._started: list[ServerProcess] = []

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cim_adapter", *arguments, *self._storage]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
        )

    def start(self, *arguments: str, key: str | None = None, **environment: str) -> ServerProcess:
        """A server that is ready. ``key=""`` makes no key before it starts."""
        if key is None and not self._key:
            made = self.cli("key", "create", "tester", "--role", "admin", "--quota", "0")
            assert made.returncode == 0, made.stderr
            self._key = made.stdout.strip()
        command = [sys.executable, "-m", "cim_adapter", "serve", "--port", str(self._port)]
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [*command, *self._storage, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **environment},
            )
        server = ServerProcess(process, f"http://127.0.0.1:{self._port}", key or self._key, self.data)
        self._started.append(server)
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                server.lines.append(line.rstrip("\n"))
                if line.startswith("ready "):
                    ready.set()
            process.stdout.close()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(60), self.log.read_text()
        assert any(line.startswith("ready ") for line in server.lines), self.log.read_text()
        return server

    def close(self) -> None:
        for server in self._started:
            server.stop()


@pytest.fixture
def free_port() -> int:
    return find_port()


@pytest.fixture
def launcher(database: str, tmp_path: Path, free_port: int) -> Iterator[Launcher]:
    made = Launcher(tmp_path, database, free_port)
    yield made
    made.close()


@pytest.fixture(scope="session")
def launch_in() -> Callable[[Path], Launcher]:
    """A function that makes a launcher on SQLite in a folder; whoever asks for it closes it."""
    return lambda home: Launcher(home, "", find_port())


@pytest.fixture
def run_cli(launcher: Launcher) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``cim-adapter ARGUMENTS`` on the test's database."""
    return launcher.cli


@pytest.fixture
def start_server(launcher: Launcher) -> Callable[..., ServerProcess]:
    """A function that starts a server on the test's database, with more arguments if need be."""
    return launcher.start


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server()


@contextmanager
def standing(backend: str, home: Path, **environment: str) -> Iterator[ServerProcess]:
    with fresh_database(backend) as database:
        launcher = Launcher(home, database, find_port())
        try:
            yield launcher.start(**environment)
        finally:
            launcher.close()


@pytest.fixture(scope="session")
def standing_on() -> Callable[..., AbstractContextManager[ServerProcess]]:
    """``standing_on(backend, folder, **environment)``: a server for more than one test."""
    return standing


@pytest.fixture
def launch_sqlite() -> Iterator[Callable[..., ServerProcess]]:
    """A function that starts a server on SQLite in a folder, with settings, whatever database others run on."""
    with ExitStack() as running:
        yield lambda home, **environment: running.enter_context(standing("sqlite", home, **environment))


@pytest.fixture(scope="session")
def standing_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for every test that leaves it as it found it; each brings meters of its own."""
    with standing("sqlite", tmp_path_factory.mktemp("sqlite")) as server:
        yield server


@pytest.fixture(scope="session")
def standing_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with standing("postgresql", tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def standing_server(request: pytest.FixtureRequest) -> ServerProcess:
    """The standing server on each database."""
    return request.getfixturevalue(f"standing_{request.param}")


ATTRIBUTES = ("ref", "idType", "idAuthority", "objectType", "kind")
HEADER = (
    "Verb",
    "Noun",
    "Revision",
    "ReplayDetection",
    "Context",
    "Timestamp",
    "Source",
    "AsyncReplyFlag",
    "ReplyAddress",
    "AckRequired",
    "User",
    "MessageID",
    "CorrelationID",
    "Comment",
    "Property",
)
TEXT = "_value_1"  # as zeep calls the text of an element that has attributes too


@dataclass
class Answer:
    """A SOAP answer, taken apart. ``message`` is the ResponseMessage, or the FaultMessage in a fault."""

    status: int
    headers: httpx.Headers
    content: bytes
    soap: str
    fault: str = ""
    text: str = ""
    message: etree._Element | None = None
    header: dict = field(default_factory=dict)
    result: str = ""
    errors: list[dict] = field(default_factory=list)
    ids: list = field(default_factory=list)
    payload: etree._Element | None = None

    @property
    def codes(self) -> list[str]:
        return [error["code"] for error in self.errors]

    @property
    def said(self) -> str:
        """All that is said about what is wrong."""
        return "\n".join(error.get("reason", "") + " " + error.get("details", "") for error in self.errors)


class Messages:
    """Builds messages from plain dicts, and takes answers apart into such dicts again."""

    MSG = "http://iec.ch/TC57/2011/schema/message"
    ABSTRACT = "http://iec.ch/TC57/2011/abstract"
    READINGS = "http://iec.ch/TC57/2011/MeterReadings#"
    QUERY = "http://iec.ch/TC57/2011/GetMeterReadings#"
    TYPED = "http://iec.ch/TC57/2011/MeterReadingsMessage"
    TYPED_GET = "http://iec.ch/TC57/2011/GetMeterReadingsMessage"
    SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
    DELTA = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
    REGISTER = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.3.72.0"

    def element(self, namespace: str, name: str, content) -> etree._Element:
        """dict: children in order, attributes by their names; list: repeated; else text."""
        made = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
        if not isinstance(content, dict):
            made.text = content
            return made
        for key, value in content.items():
            if key == TEXT:
                made.text = value
            elif key in ATTRIBUTES:
                made.set(key, value)
            else:
                for item in value if isinstance(value, list) else [value]:
                    made.append(item if isinstance(item, etree._Element) else self.element(namespace, key, item))
        return made

    def plain(self, element: etree._Element):
        """The dict that ``element`` was made of; what stands there once is no list."""
        found: dict = dict(element.attrib)
        for child in element.iterchildren("*"):
            name, value = etree.QName(child).localname, self.plain(child)
            if name in found:
                before = found[name]
                found[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                found[name] = value
        if not found:
            return element.text or ""
        if element.text and element.text.strip():
            found[TEXT] = element.text
        return found

    def message(
        self,
        verb: str,
        *,
        shape: str = "A",
        payload: etree._Element | None = None,
        query=None,
        start: str | None = None,
        end: str | None = None,
        options: dict | None = None,
        ids: list | None = None,
        header: dict | None = None,
    ) -> etree._Element:
        """A message about MeterReadings in the wire shape A, B, C or typed."""
        tense = verb.endswith("d")
        typed = self.TYPED_GET if verb == "get" else self.TYPED
        outer = typed if shape == "typed" else self.MSG
        root = {
            "A": "EventMessage" if tense else "RequestMessage",
            "B": "Request",
            "C": "message",
            "typed": f"{verb.capitalize()}MeterReadings",
        }[shape]
        made = etree.Element(f"{{{outer}}}{root}", nsmap={None: outer})
        own = {"Verb": verb, "Noun": "MeterReadings", "MessageID": str(uuid.uuid4()), **(header or {})}
        kept = {name: own[name] for name in HEADER if own.get(name) is not None}
        self._put(made, outer, "Header", self.MSG, kept)
        named = [  # its parts are the envelope's, whoever's Option itself is
            {"name": self.element(self.MSG, "name", name), "value": self.element(self.MSG, "value", value)}
            for name, value in (options or {}).items()
        ]
        asked = {"StartTime": start, "EndTime": end, "Option": named or None, "ID": ids}
        asked = {name: value for name, value in asked.items() if value is not None}
        if query is not None:
            asked["query"] = self.element(self.QUERY, "GetMeterReadings", query)
        if asked:
            self._put(made, outer, "Request", typed if (shape, verb) == ("typed", "get") else self.MSG, asked)
        if payload is not None:
            etree.SubElement(made, f"{{{outer}}}Payload").append(payload)
        if shape == "C":
            abstract = etree.Element(f"{{{self.ABSTRACT}}}{'PublishEvent' if tense else 'Request'}")
            abstract.append(made)
            return abstract
        return made

    def _put(self, parent: etree._Element, outer: str, name: str, inner: str, content: dict) -> None:
        part = etree.SubElement(parent, f"{{{outer}}}{name}")
        for child in self.element(inner, name, content):
            part.append(child)

    def readings(self, *meter_readings: dict) -> etree._Element:
        return self.element(self.READINGS, "MeterReadings", {"MeterReading": list(meter_readings)})

    def create(self, *meter_readings: dict, **options) -> etree._Element:
        return self.message("create", payload=self.readings(*meter_readings), **options)

    def get(self, query=None, **options) -> etree._Element:
        return self.message("get", query=query, **options)

    def operation(
        self, number: int, verb: str | None, document: etree._Element | None = None, **more: str
    ) -> dict:
        """One Operation for ``operation_set``; ``more`` are noun and elementOperation."""
        parts = {"operationId": str(number), "noun": more.get("noun", "MeterReadings"), "verb": verb, "": document}
        order = ("operationId", "noun", "verb", "elementOperation", "")
        return {name: (parts | more)[name] for name in order if (parts | more).get(name) is not None}

    def operation_set(self, *operations: dict, verb: str = "execute", header: dict | None = None, **flags: str):
        """A message with these operations. ``flags``: enforceMsgSequence, enforceTransactionalIntegrity."""
        made = self.element(self.MSG, "OperationSet", {**flags, "Operation": list(operations)})
        return self.message(verb, header={"Noun": "OperationSet", **(header or {})}, payload=made)

    def compressed(self, body: etree._Element, data: bytes | None = None, form: str | None = None):
        """``body`` with its payload compressed, or with ``data`` (base64 of it, gzip or not) in its place."""
        payload = next(body.iter("{*}Payload"))
        outer = etree.QName(payload).namespace
        if data is None:
            (document,) = payload
            text = etree.tostring(document, with_tail=False)
            data = text if form == "BINARY" else gzip.compress(text)
        for child in list(payload):
            payload.remove(child)
        etree.SubElement(payload, f"{{{outer}}}Compressed").text = base64.b64encode(data).decode()
        if form is not None:
            etree.SubElement(payload, f"{{{outer}}}Format").text = form
        return body

    def meter(self, name: str | None = None, count: int = 1, *, day: int = 1, value: str = "1.50") -> dict:
        """A MeterReading: ``count`` quarter hours of a meter from the given day of March 2026 on."""
        start = datetime(2026, 3, day, tzinfo=UTC)
        stamps = [start + timedelta(minutes=15 * n) for n in range(1, count + 1)]
        readings = [{"timeStamp": f"{stamp:%Y-%m-%dT%H:%M:%SZ}", "value": value} for stamp in stamps]
        block = {"IntervalReadings": readings if count > 1 else readings[0], "ReadingType": {"ref": self.DELTA}}
        return {"IntervalBlocks": block, "Meter": {"mRID": name or str(uuid.uuid4())}}

    def envelope(
        self, body: etree._Element | None, soap: str = SOAP11, blocks: tuple[etree._Element, ...] = ()
    ) -> etree._Element:
        made = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap})
        if blocks:
            etree.SubElement(made, f"{{{soap}}}Header").extend(blocks)
        inside = etree.SubElement(made, f"{{{soap}}}Body")
        if body is not None:
            inside.append(deepcopy(body))  # the same message may be sent again
        return made

    def content_type(self, soap: str = SOAP11) -> str:
        return f"{'text/xml' if soap == self.SOAP11 else 'application/soap+xml'}; charset=utf-8"

    def send(
        self,
        client: httpx.Client,
        body: etree._Element,
        *,
        soap: str = SOAP11,
        path: str = "/soap",
        **headers: str,
    ) -> Answer:
        """Wrap, post, and open the answer."""
        content = etree.tostring(self.envelope(body, soap), xml_declaration=True, encoding="UTF-8")
        sent = {"Content-Type": self.content_type(soap), **headers}
        return self.open(client.post(path, content=content, headers=sent))

    def open(self, response: httpx.Response) -> Answer:
        envelope = etree.fromstring(response.content)
        soap = etree.QName(envelope).namespace or ""
        answer = Answer(response.status_code, response.headers, response.content, soap)
        body = envelope.find(f"{{{soap}}}Body")
        assert etree.QName(envelope).localname == "Envelope"
        assert body is not None
        (message,) = body
        if etree.QName(message).localname == "Fault":
            code, text_, detail = (
                ("faultcode", "faultstring", "detail")
                if soap == self.SOAP11
                else (f"{{{soap}}}Code/{{{soap}}}Value", f"{{{soap}}}Reason/{{{soap}}}Text", f"{{{soap}}}Detail")
            )
            prefix, _, answer.fault = message.findtext(code).partition(":")
            assert message.nsmap[prefix] == soap
            answer.text = message.findtext(text_)
            (message,) = message.find(detail)
        answer.message = message
        for part in message.iter("{*}Header"):
            answer.header = self.plain(part)
        for part in message.iter("{*}Reply"):
            answer.result = part.findtext("{*}Result")
            answer.errors = [self.plain(error) for error in part.iterchildren("{*}Error")]
            answer.ids = [self.plain(item) for item in part.iterchildren("{*}ID")]
        answer.payload = next((found for part in message.iter("{*}Payload") for found in part), None)
        return answer


@pytest.fixture(scope="session")
def messages() -> Messages:
    return Messages()


class Drop:
    """An inbox on an adapter of its own; its files are taken when a test says so, in this process."""

    def __init__(self, adapter: Adapter, folder: Path, **keys) -> None:
        self.adapter = adapter
        self.folder = folder
        folder.mkdir(exist_ok=True)
        table = {"folder": str(folder), "partner": "ACME", "role": "admin", "settle": 0, **keys}
        adapter.settings = replace(adapter.settings, inboxes=Inboxes.read({"acme": table}))
        self._count = 0

    def put(self, name: str, content: bytes | etree._Element) -> Path:
        """A file, a second younger than the one before."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else etree.tostring(content))
        self._count += 1
        os.utime(path, (1_700_000_000 + self._count,) * 2)
        return path

    def take(self) -> list[Report]:
        """Take what is there; the reports in the order in which files were filed."""
        reports: list[Report] = []

        async def run() -> None:
            await Watchers(self.adapter, reports.append).run_once()

        asyncio.run(run())
        return reports

    def filed(self, ending: str = "") -> list[Path]:
        """The files in done/ and rejected/ that end so; without an ending, those that were dropped."""
        made = (".reply.xml", ".reply.zip", ".report.json", ".report.html")
        found = [path for kind in ("done", "rejected") for path in sorted((self.folder / kind).glob("*/*"))]
        if ending:
            return [path for path in found if path.name.endswith(ending)]
        return [path for path in found if not path.name.endswith(made)]

    def stored(self) -> dict[str, tuple[int, int]]:
        """MessageID → (blocks, readings), as the tables have them."""
        return stored_blocks(self.adapter.settings.data)


def stored_blocks(data: Path) -> dict[str, tuple[int, int]]:
    """MessageID → (blocks, readings), as the tables of a SQLite database have them."""
    engine = create_engine(f"sqlite:///{data / 'cim_adapter.db'}")
    counted = text(
        "select j.message_id, count(*), sum(b.readings) from reading_block b"
        " join journal j on j.uid = b.journal_uid group by j.message_id"
    )
    with engine.connect() as connection:
        found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    engine.dispose()
    return found


@pytest.fixture(scope="session")
def readings_in() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """``stored_blocks``, of a data directory."""
    return stored_blocks


@pytest.fixture
def new_drop(tmp_path: Path) -> Iterator[Callable[..., Drop]]:
    """A function that makes an inbox with these keys, in a folder of its own."""
    with ExitStack() as opened:

        def make(folder: Path | None = None, settings: dict | None = None, **keys) -> Drop:
            own = Settings(**{"data": tmp_path / "data", **(settings or {})})
            return Drop(opened.enter_context(Adapter.prepared(own)), folder or tmp_path / "inbox", **keys)

        yield make


@pytest.fixture
def drop(new_drop: Callable[..., Drop]) -> Drop:
    return new_drop()


class WatchProcess:
    """``cim-adapter watch INBOX`` as a process of its own. ``lines`` is what it printed."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.inbox = home / "inbox"
        self.data = home / "data"
        self.log = home / "watch.log"
        self.lines: list[str] = []
        command = [sys.executable, "-m", "cim_adapter", "watch", str(self.inbox), "--data", str(self.data)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *arguments], stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
            )
        self._printed = threading.Condition()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def wait_for(self, lines: int, within: float = 60) -> None:
        """Until it printed so many lines, or ended."""
        with self._printed:
            assert self._printed.wait_for(
                lambda: len(self.lines) >= lines or self.process.poll() is not None, within
            ), self.log.read_text()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal; its exit status, with all its lines read."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self._reading.join(30)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._printed:
                self.lines.append(line.rstrip("\n"))
                self._printed.notify_all()
        self.process.stdout.close()
        with self._printed:
            self._printed.notify_all()


@pytest.fixture
def start_watch(tmp_path: Path) -> Iterator[Callable[..., WatchProcess]]:
    """A function that starts ``cim-adapter watch`` on the folder ``inbox`` with more arguments."""
    started: list[WatchProcess] = []

    def start(*arguments: str) -> WatchProcess:
        (tmp_path / "inbox").mkdir(exist_ok=True)
        started.append(WatchProcess(tmp_path, *arguments))
        return started[-1]

    yield start
    for watch in started:
        watch.end(signal.SIGKILL)
