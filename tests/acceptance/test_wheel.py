"""The wheel, installed where nothing else of ours is, serves from any directory."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import pytest
from lxml import etree

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=120)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """The interpreter of an environment that holds the wheel and what it requires, and no checkout."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    made = folder / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    pinned = ["-c", str(constraints)] if constraints.exists() else []
    install = [str(made), "-m", "pip", "install", "-q", "--disable-pip-version-check", *pinned, str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    return made


def test_wheel_serves_its_own_contract(python, tmp_path, messages):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = python.with_name("cim-adapter")
    where = subprocess.run(
        [python, "-c", "import cim_adapter; print(cim_adapter.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert where.stdout.startswith(str(python.parents[1]))
    with subprocess.Popen(
        [command, "serve", "--port", "0"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            key = process.stdout.readline().split()[-1]
            ready, url = process.stdout.readline().split()
            assert (ready, url.rpartition(":")[0]) == ("ready", "http://127.0.0.1")
            assert (tmp_path / "data" / "cim_adapter.db").is_file()
            with httpx.Client(base_url=url, headers={"X-API-Key": key}, trust_env=False) as client:
                assert etree.fromstring(client.get("/soap?wsdl").content).tag.endswith("definitions")
                assert client.get("/soap/GetMeterReadings?wsdl").status_code == 200
                assert client.get("/xsd/Message.xsd").content == (ROOT / "xsd" / "Message.xsd").read_bytes()
                meter = messages.meter(count=4)
                assert messages.send(client, messages.create(meter)).result == "OK"
                found = messages.send(client, messages.get({"EndDevice": {"mRID": meter["Meter"]["mRID"]}}))
                assert messages.plain(found.payload) == {"MeterReading": meter}
        finally:
            process.terminate()
    assert process.returncode == 0
