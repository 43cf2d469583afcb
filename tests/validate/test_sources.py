"""Files, folders, patterns, standard input, archives; and what the command exits with."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile

import pytest

from tests.validate.mutations import EXAMPLES

GOOD = (EXAMPLES / "generic-create.xml").read_bytes()
BAD = GOOD.replace(b"create<", b"crate<")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.xml").write_bytes(GOOD)
    (tmp_path / "b" / "bad.xml").write_bytes(BAD)
    (tmp_path / "b" / "notes.txt").write_text("no XML")
    (tmp_path / "c.xml.gz").write_bytes(gzip.compress(BAD))
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/good.xml", GOOD)
        archive.writestr("in/bad.xml", BAD)
        archive.writestr("in/readme.md", b"no XML")
    return tmp_path


def lines(done, folder):
    return [
        line.replace(f"{folder}/", "").partition(" (")[0] for line in done.out.splitlines() if "valid (" in line
    ]


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_a_folder_with_all_that_is_in_it(validate, folder, stream):
    done = validate(folder, *stream)
    assert lines(done, folder) == [
        "a.xml: valid",
        "b/bad.xml: invalid",
        "c.xml.gz: invalid",
        "d.zip!in/good.xml: valid",
        "d.zip!in/bad.xml: invalid",
    ]
    assert done.out.splitlines()[-1] == "5 documents, 3 invalid, 3 errors"
    assert done.status == 1
    assert done.out.count("do   write create") == 3


@pytest.mark.parametrize("stream", [(), ("--stream",)])
def test_standard_input(validate, stream):
    assert validate("-", *stream, stdin=GOOD).status == 0
    done = validate("-", *stream, stdin=BAD)
    assert done.status == 1
    assert "(standard input):6:19: error" in done.out


def test_patterns(validate, folder):
    assert lines(validate(folder / "*.xml"), folder) == ["a.xml: valid"]
    assert lines(validate(folder / "**" / "*.xml"), folder) == ["a.xml: valid", "b/bad.xml: invalid"]


def test_what_cannot_be_read_is_said_and_the_others_are_checked(validate, folder):
    done = validate(folder / "none.xml", folder / "a.xml")
    assert done.status == 2
    assert "none.xml: there is no such file or folder" in done.err
    assert lines(done, folder) == ["a.xml: valid"]
    (folder / "empty").mkdir()
    done = validate(folder / "empty")
    assert (done.status, done.err) == (2, "cim-adapter: there is no XML file\n")


def test_an_archive_that_is_none(validate, folder):
    (folder / "e.zip").write_bytes(b"PK\3\4 and no more")
    (folder / "f.xml.gz").write_bytes(gzip.compress(GOOD)[:-40])
    (folder / "g.xml.gz").write_bytes(b"not gzip")
    assert validate(folder / "e.zip").status == 2
    assert validate(folder / "f.xml.gz").status == 1
    done = validate(folder / "g.xml.gz")
    assert done.status == 1
    assert "why  It cannot be read or unpacked." in done.out


def test_schemas_of_ones_own(validate, tmp_path):
    (tmp_path / "pumps.xml").write_text('<Pumps xmlns="urn:pumps"><Pump>one</Pump></Pumps>')
    assert "No XSD" in validate(tmp_path / "pumps.xml").out or validate(tmp_path / "pumps.xml").status == 1
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "pumps.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:pumps"'
        ' elementFormDefault="qualified"><xs:element name="Pumps"><xs:complexType><xs:sequence>'
        '<xs:element name="Pump" type="xs:integer"/></xs:sequence></xs:complexType></xs:element></xs:schema>'
    )
    for stream in ((), ("--stream",)):
        done = validate(tmp_path / "pumps.xml", "--schemas", schemas, *stream)
        assert "found 'one'; expected xs:integer" in done.out
        assert done.status == 1
    assert validate(tmp_path, "--schemas", tmp_path / "none").status == 2


def test_it_runs_as_a_command(tmp_path):
    command = [sys.executable, "-m", "cim_adapter", "validate", "-"]
    done = subprocess.run(command, input=BAD, capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert b"do   write create" in done.stdout
