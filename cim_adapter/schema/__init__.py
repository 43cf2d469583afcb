"""Budgets before parsing, one hardened parser, the XSD catalogue, validation and its explanations.

    bytes ─► spend ─► parse ─► Catalogue.schema_for ─► Schema.check ─► the same tree, known to be valid

Reads XSD files; does no other I/O. Every refusal is one of ``cim_adapter.errors`` and carries findings.
"""

from cim_adapter.schema.budget import MAX_DEPTH, MAX_TEXT_BYTES, Budget, spend
from cim_adapter.schema.catalogue import Catalogue
from cim_adapter.schema.parser import flaw_of, flaws, new_parser, parse, reparse
from cim_adapter.schema.validation import Schema, UnusableSchemaError

__all__ = [
    "MAX_DEPTH",
    "MAX_TEXT_BYTES",
    "Budget",
    "Catalogue",
    "Schema",
    "UnusableSchemaError",
    "flaw_of",
    "flaws",
    "new_parser",
    "parse",
    "reparse",
    "spend",
]
