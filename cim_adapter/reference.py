"""The parts of ``docs/`` that are made from the code: settings, errors, partner profiles, nouns and verbs.

``python -m cim_adapter.reference`` writes them; a test holds the files to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from cim_adapter import errors
from cim_adapter.codes import ReplyCodes
from cim_adapter.contract import ContractFiles, noun_of, read_offer
from cim_adapter.envelope import OPERATION_SET
from cim_adapter.inboxes import Inbox
from cim_adapter.nouns.registry import Registry, built_in_modules
from cim_adapter.partners import Switch
from cim_adapter.pipeline.operations import Operations
from cim_adapter.schema import Catalogue
from cim_adapter.settings import Settings

_MADE = "<!-- made by `python -m cim_adapter.reference` -->"


def pages() -> dict[str, str]:
    """File name → Markdown."""
    return {
        "settings.md": _settings(),
        "errors.md": _errors(),
        "partners.md": _partners(),
        "nouns.md": _nouns(),
    }


def write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def _settings() -> str:
    lines = [
        _MADE,
        "",
        "# Settings",
        "",
        "A setting is read from the TOML file given with `--config`, then from the environment, then from the",
        "command line; the last one wins. In the environment its name is in capitals behind `CIM_ADAPTER_`:",
        "`CIM_ADAPTER_PORT=8443`. On the command line a `-` stands for `_`.",
        "",
        "| Setting | Type | Default | Meaning |",
        "|---|---|---|---|",
    ]
    for name, kind, default, meaning in Settings.described():
        shown = f"`{default}`" if default else "(empty)"
        lines.append(f"| `{name}` | {kind.replace('|', 'or')} | {shown} | {meaning} |")
    lines += [
        "",
        "## Inboxes",
        "",
        "A table `[inboxes.NAME]` for each folder; what becomes of files is told in [files](files.md).",
        "",
        "| Key | Type | Default | Meaning |",
        "|---|---|---|---|",
    ]
    for name, kind, default, meaning in Inbox.described():
        shown = f"`{default}`" if default else "(empty)"
        lines.append(f"| `{name}` | {kind} | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def _errors() -> str:
    lines = [
        _MADE,
        "",
        "# What a refused message is told",
        "",
        "Every answer to a message that is not carried out holds `Result` FAILED (or PARTIAL, where some of",
        "its objects were done) and one `Error` for each thing wrong: `code`, `level`, `reason`, and an `ID` that",
        'names the object. `Reply/ID` with `idType="journal"` is what the operator finds the message by.',
        "",
        "A message that could not be read is answered with a SOAP fault that holds a FaultMessage (SOAP 1.1: HTTP",
        "500; SOAP 1.2: 400 where the sender is to mend it; 401 asks for credentials). A message that was read",
        "and is not done is answered with a ResponseMessage.",
        "",
        "| Error | Code | Answer | When |",
        "|---|---|---|---|",
    ]
    for kind in _tree(errors.AdapterError):
        answer = "SOAP fault" if issubclass(kind, errors.Fault) else "ResponseMessage"
        when = " ".join((kind.__doc__ or "").split())
        lines.append(f"| {kind.__name__} | {kind.code} | {answer} | {when} |")
    lines += [
        "",
        "## Reply codes",
        "",
        "The list of IEC 61968-9 as far as it is public, from a single source. Lists are open: a code that is not",
        "here may come from a partner, and is passed on.",
        "",
        "| Code | Meaning | Result | Level |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row.code} | {row.meaning} | {row.result} | {row.level} |" for row in ReplyCodes()]
    return "\n".join(lines) + "\n"


def _partners() -> str:
    lines = [
        _MADE,
        "",
        "# Partner profiles",
        "",
        "Real partners deviate from the standard. Each known deviation is a switch; a partner's profile",
        "says which are let pass. By default envelopes are read tolerantly and payloads strictly.",
        "",
        "A message is first read as strictly as the standard has it, so a good one pays nothing. Where it",
        "is refused, it is mended by the switches that are on and read once more. What was let pass is kept",
        "in the journal, in the column `warnings` of the message: the switches, and for each the path and",
        "line of the first place and the number of places. The partner's reply says nothing of it. The body",
        "is kept as it was sent. The documents and verbs in the operations of a set are read alike.",
        "",
        "## In the settings file",
        "",
        "A table for each partner, by the name of its API key. `default` is for everyone who has no table.",
        "",
        "```toml",
        "[partners.default]",
        'refuse = ["unknown root"]',
        "",
        "[partners.ACME]                 # the default profile, and this",
        'tolerate = ["vendor elements", "profile order"]',
        "",
        '[partners."Head-end 2"]         # nothing but this',
        "strict = true",
        'tolerate = ["verb case"]',
        "```",
        "",
        "| Key | Meaning |",
        "|---|---|",
        "| `strict` | `true`: start from nothing, instead of from the default profile |",
        "| `tolerate` | switches to turn on |",
        "| `refuse` | switches to turn off |",
        "| `large_answers` | `parts` or `stream`, in place of the [setting](settings.md): see"
        " [SOAP](soap.md#large-answers) |",
        "",
        "## Switches",
        "",
        "A message that needs a switch which is off is refused: with the code given here, else with 1.8,",
        "line and path.",
        "",
        "| Switch | Default | Lets pass | Seen in |",
        "|---|---|---|---|",
    ]
    for switch in Switch:
        state = "on" if switch.default else "off"
        lines.append(f"| `{switch}` | {state} | {switch.accepts} | {switch.seen} |")
    lines += [
        "",
        "White space around a date or time is legal in XSD and always taken. Other editions of the",
        "envelope are no deviations: see [SOAP](soap.md#shapes).",
    ]
    return "\n".join(lines) + "\n"


def _nouns() -> str:
    lines = [
        _MADE,
        "",
        "# Nouns and verbs",
        "",
        "Every noun of the contract and every verb it has: the XSD of its profile, the operation that takes it,",
        "the function that carries it out, an example message, and the test that sends the example through zeep.",
        "Each service has a WSDL of its name in `wsdl/`, for SOAP 1.1 and, with `.soap12`, for SOAP 1.2.",
        "",
        "The generic service takes all of this, too, and what XSDs given with `--schemas` add. An event (past",
        "tense) also stands on `Reply<Noun>`, where it is the late answer to a request. `execute` and `executed`",
        "carry an OperationSet, whose operations have the other verbs, and may be about several nouns.",
        "",
        "| Noun | Verb | XSD | Operation | Handler | Example | Test |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in sorted(noun_rows(), key=lambda row: row[0])]
    return "\n".join(lines) + "\n"


def noun_rows() -> Iterator[tuple[str, ...]]:
    """Noun, verb, XSD, operation, handler, example and test of every operation; paths are those of the project."""
    files = ContractFiles.locate()
    registry = Registry(built_in_modules(), Catalogue([files.xsd]).nouns)
    for service in files.services():
        path = files.description(service)
        for operation in read_offer(path).operations if path else ():
            noun = noun_of(service)
            verb = operation.removesuffix(OPERATION_SET).removesuffix(noun).lower()
            late = service.startswith("Reply")
            of_set = operation.endswith(OPERATION_SET)
            run: Callable[..., object] = (
                Operations.handler if of_set else registry.find("reply" if late else verb, noun).run
            )
            yield (
                noun,
                f"{verb}, answered late" if late else verb,
                f"[{noun}.xsd](../xsd/{noun}.xsd)",
                f"[{service}](../wsdl/{service}.wsdl) {operation}",
                f"`{run.__module__.removeprefix('cim_adapter.').removeprefix('nouns.')}.{run.__qualname__}`",
                f"[{verb}.xml](../examples/{noun}/{verb}.xml)",
                f"`test_every_operation[{service}-{operation}]`",
            )


def _tree(kind: type[errors.AdapterError]) -> Iterator[type[errors.AdapterError]]:
    for child in kind.__subclasses__():
        if child.__module__ != errors.__name__:
            continue  # those of one door are told on its own page
        if child not in (errors.Fault, errors.Refused):
            yield child
        yield from _tree(child)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
