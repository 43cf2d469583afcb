"""What partners get wrong: each document is told the right line and cause, and what is proposed makes it valid."""

from __future__ import annotations

from lxml import etree


def test_there_are_enough(mutations):
    assert len({mutation.name for mutation in mutations}) == len(mutations) >= 60


def test_a_mistake_is_told(inspect, mutation):
    text = mutation.document()
    checked = inspect(text)
    told = [
        (one.line, one.rule, one.source[one.at : one.at + one.length], one.proposal) for one in checked.remarks
    ]
    here = [one for one in checked.remarks if (one.rule, one.line) == (mutation.rule, mutation.line())]
    assert here, (mutation.line(), told)
    assert {one.rule for one in checked.remarks} <= {mutation.rule} | mutation.also, told
    remark = here[0]
    marked = remark.source[remark.at : remark.at + remark.length]
    if mutation.rule != "form":  # the parser says where it stumbled, not where the mistake begins
        assert marked.startswith(mutation.marked) or mutation.marked.startswith(marked), told
        assert text.split("\n")[remark.line - 1][remark.column - 1 :].startswith(marked)
        assert remark.path
    assert mutation.proposal in remark.proposal
    assert bool(mutation.proposal) == bool(remark.proposal)
    assert remark.why.endswith(".")
    assert not checked.valid


def test_what_is_proposed_makes_it_valid(inspect, mutation):
    checked = inspect(mutation.document())
    if not all(remark.proposal for remark in checked.remarks):
        assert checked.mended is None
        return
    assert checked.mended is not None
    again = inspect(etree.tostring(checked.mended))
    assert again.valid, again.remarks


def test_the_examples_are_valid(inspect, mutations):
    for example in {mutation.example for mutation in mutations}:
        checked = inspect((mutations[0].examples / example).read_bytes())
        assert checked.valid, checked.remarks
