"""The word and the code that say what happened to a device, or what it is to do."""

from __future__ import annotations

from cim_adapter.codes import MalformedCode
from cim_adapter.items.findings import Findings
from cim_adapter.items.vocabulary import Impossible
from cim_adapter.items.vocabulary.device_words import DeviceWords


def check_type(
    vocabulary: DeviceWords, word: str | None, code: str | None, pointer: str, findings: Findings
) -> None:
    """Adds what is wrong: neither is there, one of them is none, or they contradict each other."""
    member = vocabulary.MEMBER
    if code is not None:
        try:
            meant = vocabulary.word(vocabulary.parse(code))
        except MalformedCode as error:
            findings.add(f"{pointer}/{member}Code", code, "4 numbers joined by dots", f"{error}", code="2.6")
            return
        if word is not None and word != meant:
            findings.add(f"{pointer}/{member}", word, f"{meant}, as {member}Code says", code="2.6")
    elif word is None:
        findings.add(pointer, f"no {member}", f"a member {member}, or {member}Code", code="1.7")
    else:
        try:
            vocabulary.code(word)
        except Impossible as error:
            findings.add(f"{pointer}/{member}", word, f"one of {', '.join(error.possible)}", code="2.6")
