"""The pages made from the code are those in docs/."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from cim_adapter.contract import ContractFiles
from cim_adapter.envelope import OPERATION_SET, Verb
from cim_adapter.nouns.registry import Registry, built_in_modules
from cim_adapter.reference import noun_rows, pages
from cim_adapter.schema import Catalogue


@pytest.mark.parametrize(("name", "text"), pages().items())
def test_the_page_is_what_the_code_says(name: str, text: str) -> None:
    page = Path(__file__).parents[1] / "docs" / name
    assert page.read_text(encoding="utf-8") == text, "run: make docs"


HOME = Path(__file__).parents[1]


def test_the_table_of_nouns_has_no_empty_cell_and_what_it_names_is_there() -> None:
    for row in noun_rows():
        assert all(row), row
        for link in re.findall(r"\]\(\.\./([^)]+)\)", " ".join(row)):
            assert (HOME / link).is_file(), link


def test_the_table_of_nouns_has_every_noun_with_every_verb() -> None:
    served = Registry(built_in_modules(), Catalogue([ContractFiles.locate().xsd]).nouns).nouns
    nouns = {noun: verbs for noun, verbs in served.items() if noun != OPERATION_SET}
    wanted = {(noun, verb) for noun in nouns for verb in set(Verb) - {"reply"}}
    assert {(noun, verb) for noun, verb, *_ in noun_rows() if "," not in verb} == wanted
    assert {(noun, verb) for noun in nouns for verb in nouns[noun]} - wanted == {(noun, "reply") for noun in nouns}


def test_the_tests_in_the_table_of_nouns_are_run() -> None:
    listed = {row[-1] for row in noun_rows()}
    spec = spec_from_file_location("every_operation", HOME / "tests/acceptance/test_every_operation.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert listed == {f"`test_every_operation[{service}-{operation}]`" for service, operation in module.OPERATIONS}
