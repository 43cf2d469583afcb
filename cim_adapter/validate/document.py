"""Checking one document that fits into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lxml import etree

from cim_adapter.envelope import Payload, unpack
from cim_adapter.errors import AdapterError, Finding, Unreadable
from cim_adapter.schema import Budget, Catalogue, flaws, parse, spend
from cim_adapter.validate.examination import Outcome, Told, examine
from cim_adapter.validate.origin import Origin
from cim_adapter.validate.places import Mark, Place, locate, mark_attribute, mark_tag, mark_text
from cim_adapter.validate.recognition import Recogniser
from cim_adapter.validate.remark import Checked, Remark, ordered
from cim_adapter.validate.semantics import Meaning, Sense

#: What a Compressed payload may inflate to for each of its bytes, beyond the first MiB.
_RATIO = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is checked and told. ``limit``: remarks for each document; 0: all."""

    catalogue: Catalogue
    budget: Budget = Budget()
    limit: int = 100
    meaning: Meaning | None = None


class Inspector:
    """Checks documents, one after the other."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._recogniser = Recogniser(rules.catalogue)

    def inspect(self, data: bytes, name: str) -> Iterator[Checked]:
        """The document, and the one that is Compressed in it, if there is one.

        Raises ``OverBudget`` for what is too large to be held.
        """
        try:
            body = spend(data, self._rules.budget)
            root = parse(data, self._rules.budget)
        except Unreadable as error:
            yield self._unreadable(data, name, error)
            return
        kind = self._recogniser.kind(root)
        inner = list(self._compressed(root, name))
        outcome = examine(root, self._recogniser.look)
        sense = list(self._rules.meaning.of(root, name)) if self._rules.meaning else []
        if sense and outcome.origin is None:
            outcome = replace(outcome, origin=Origin(root))
        remarks = _remarks(body, outcome, sense)
        yield Checked(
            name=name,
            kind=kind,
            bytes=len(data),
            text=body.decode(errors="replace"),
            mended=root if outcome.whole else None,
            more=outcome.more,
            **ordered(remarks, self._rules.limit),
        )
        for found in inner:
            if isinstance(found, Checked):
                yield found
            else:
                yield from self.inspect(found, f"{name} » Compressed")

    def _compressed(self, root: etree._Element, name: str) -> Iterator[bytes | Checked]:
        for payload in root.iter("{*}Payload"):
            packed, form = payload.find("{*}Compressed"), payload.findtext("{*}Format")
            if packed is None or len(packed):
                continue
            inside = Payload(compressed=packed.text, format=form)
            try:
                yield unpack(inside, at_most=self._rules.budget.max_bytes, ratio=_RATIO)
            except AdapterError as error:
                yield refused(f"{name} » Compressed", error)

    def _unreadable(self, data: bytes, name: str, error: Unreadable) -> Checked:
        try:
            text = spend(data, self._rules.budget)
        except Unreadable:
            return refused(name, error, size=len(data))
        lines = text.decode(errors="replace").split("\n")
        found = [_flaw_remark(finding, lines) for finding in flaws(text) or error.findings]
        return Checked(
            name=name,
            kind="not well-formed",
            bytes=len(data),
            text=text.decode(errors="replace"),
            **ordered(found, self._rules.limit),
        )


def refused(name: str, error: AdapterError, size: int = 0) -> Checked:
    """A document that was not looked into, and why."""
    remarks = [
        Remark(
            rule="unreadable", line=one.line, found=one.found, expected=one.expected, why=one.advice or str(error)
        )
        for one in error.findings
    ] or [Remark(rule="unreadable", found="what cannot be read", expected="an XML document", why=error.reason)]
    return Checked(name=name, kind="unreadable", bytes=size, remarks=tuple(remarks))


def _flaw_remark(finding: Finding, lines: Sequence[str]) -> Remark:
    source = lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""
    start = max(0, finding.column - 1 - 160)
    return Remark(
        rule="form",
        line=finding.line,
        column=finding.column,
        length=1,
        found=finding.found,
        expected=finding.expected,
        why=finding.advice or "What is not well-formed cannot be read any further with certainty.",
        source=source[start : start + 320],
        at=max(0, finding.column - 1 - start),
    )


def _remarks(body: bytes, outcome: Outcome, sense: Sequence[Sense]) -> list[Remark]:
    origin = outcome.origin
    if origin is None:
        return []
    known = [item for item in sense if item.element in origin]
    wanted = {origin.ordinal(told.explained.fault.element) for told in outcome.told}
    places = locate([body], wanted | {origin.ordinal(item.element) for item in known})
    remarks = [remark_of(told, places[origin.ordinal(told.explained.fault.element)]) for told in outcome.told]
    for item in known:
        remarks.append(meant(item, origin.full_path(item.element), places[origin.ordinal(item.element)]))
    return remarks


def remark_of(told: Told, place: Place) -> Remark:
    """A mistake of structure, at its place."""
    explained = told.explained
    mark = _mark(explained.rule, explained.fault.attribute, place)
    finding = explained.finding
    return Remark(
        rule=explained.rule,
        line=mark.line,
        column=mark.column,
        length=mark.length,
        path=told.path,
        value=explained.value[:200],
        found=finding.found,
        expected=finding.expected,
        why=told.why,
        proposal=told.proposal,
        action=told.action,
        source=mark.source,
        at=mark.at,
    )


def meant(sense: Sense, path: str, place: Place) -> Remark:
    """A mistake of meaning, at its place."""
    mark = _mark("value", sense.attribute, place)
    return Remark(
        rule=sense.rule,
        severity=sense.severity,
        line=mark.line,
        column=mark.column,
        length=mark.length,
        path=f"{path}/@{sense.attribute}" if sense.attribute else path,
        value=sense.value[:200],
        found=sense.found,
        expected=sense.expected,
        why=sense.why,
        proposal=sense.proposal,
        source=mark.source,
        at=mark.at,
    )


def _mark(rule: str, attribute: str, place: Place) -> Mark:
    if attribute:
        return mark_attribute(place, attribute.rpartition("}")[2])
    return mark_text(place) if rule in ("value", "content") else mark_tag(place)
