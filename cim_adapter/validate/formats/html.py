"""For people: one page with the documents and their marks. It loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TextIO

from cim_adapter.validate.formats.report import Total, rest_of
from cim_adapter.validate.remark import Checked, Remark

#: A longer document is shown around its marks only.
_WHOLE = 2_000
_CONTEXT = 4
_LONGEST_LINE = 2_000

_STYLE = """
:root { color-scheme: light dark; --error: #b3261e; --warning: #8a5a00; --line: #8886; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
.kind, .path, .rest { opacity: .75; } .valid { color: #1b7f3b; } .invalid { color: var(--error); }
table { border-collapse: collapse; width: 100%; font: 13px/1.45 ui-monospace, monospace; table-layout: fixed; }
td { padding: 0 .6rem; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere; }
td.number { width: 4.5rem; text-align: right; opacity: .6; border-right: 1px solid var(--line); }
tr.error > td.number { color: var(--error); font-weight: bold; opacity: 1; }
tr.gap td { opacity: .5; background: var(--soft); }
mark { background: #ffd54a; color: #000; border-radius: 2px; } mark.error { background: #ffb4ab; }
aside { border-left: 4px solid var(--error); background: var(--soft); margin: .3rem 0 .6rem; padding: .4rem .8rem;
  font: 14px/1.5 system-ui, sans-serif; white-space: normal; }
aside.warning { border-color: var(--warning); } aside p { margin: 0; } aside .do { font-weight: 600; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class HtmlReport:
    """Whatever the documents hold is text here: it is escaped, and the page's own policy forbids the rest."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self) -> None:
        self._out.write(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>cim-adapter validate</title><style>{_STYLE}</style></head>\n"
            "<body><h1>cim-adapter validate</h1>\n"
        )

    def add(self, checked: Checked) -> None:
        word = "valid" if checked.valid else "invalid"
        self._out.write(
            f'<section class="document"><h2>{_text(checked.name)} <span class="{word}">{word}</span> '
            f'<small class="kind">{_text(checked.kind)}</small></h2>\n'
        )
        if checked.remarks:
            for piece in _rows(checked):
                self._out.write(piece)
        if rest_of(checked):
            self._out.write(f'<p class="rest">{_text(rest_of(checked))}</p>\n')
        self._out.write("</section>\n")

    def end(self, total: Total) -> None:
        self._out.write(f'<p class="total">{_text(str(total))}</p></body></html>\n')


def _rows(checked: Checked) -> Iterator[str]:
    by_line: dict[int, list[Remark]] = {}
    for remark in checked.remarks:
        by_line.setdefault(remark.line, []).append(remark)
    yield "<table>\n"
    for remark in by_line.pop(0, []):
        yield f"<tr><td class=number></td><td>{_note(remark)}</td></tr>\n"
    last = 0
    for number, line in _lines(checked, by_line):
        if number > last + 1:
            yield '<tr class="gap"><td class="number">⋮</td><td></td></tr>\n'
        last = number
        yield _row(number, line, by_line.get(number, []))
    yield "</table>\n"


def _lines(checked: Checked, by_line: dict[int, list[Remark]]) -> Iterator[tuple[int, str]]:
    """(number, line), of the whole document or around the marks."""
    if checked.text is None:
        for number in sorted(by_line):
            yield number, by_line[number][0].source
        return
    lines = checked.text.split("\n")
    wanted: Sequence[int] = range(1, len(lines) + 1)
    if len(lines) > _WHOLE:
        near = {n for at in by_line for n in range(at - _CONTEXT, at + _CONTEXT + 1)}
        wanted = sorted(number for number in near if 0 < number <= len(lines))
    for number in wanted:
        yield number, lines[number - 1]


def _row(number: int, line: str, remarks: Sequence[Remark]) -> str:
    shown, start = line, 0
    if len(line) > _LONGEST_LINE:
        start = max(0, (remarks[0].column if remarks else 1) - _LONGEST_LINE // 2)
        shown = line[start : start + _LONGEST_LINE]
    severity = f' class="{remarks[0].severity}"' if remarks else ""
    notes = "".join(map(_note, remarks))
    return f'<tr{severity}><td class="number">{number}</td><td>{_marked(shown, start, remarks)}{notes}</td></tr>\n'


def _marked(line: str, start: int, remarks: Sequence[Remark]) -> str:
    """The line with its marks; ``start`` is how many characters of it are left out in front."""
    written, at = [], 0
    for remark in remarks:
        begin = remark.at if remark.source == line else remark.column - 1 - start
        end = min(begin + remark.length, len(line))
        if at <= begin < end:
            written += [_text(line[at:begin]), f'<mark class="{remark.severity}">{_text(line[begin:end])}</mark>']
            at = end
    return "".join([*written, _text(line[at:])])


def _note(remark: Remark) -> str:
    do = (
        f'<p class="do">{_text(remark.proposal[:1].upper() + remark.proposal[1:])}.</p>' if remark.proposal else ""
    )
    path = f'<p class="path">{_text(remark.path)}</p>' if remark.path else ""
    return (
        f'<aside class="{remark.severity}"><p class="found">Found {_text(remark.found)}; '
        f'expected {_text(remark.expected)}.</p><p class="why">{_text(remark.why)}</p>{do}{path}</aside>'
    )


def _text(text: str) -> str:
    """``text`` as text, with a mark for what no page may hold."""
    return escape("".join(c if c >= " " or c == "\t" else "\ufffd" for c in text if c != "\r"))
