"""How good a reading is: words ⇄ ReadingQualityType (facts/metering.md §6).

A word becomes the code that is usual in the field; who assigned it is part of that code. A code comes back
as the word of its category and index, whoever assigned it, else as that of its category.
"""

from __future__ import annotations

from typing import Final

from cim_adapter.codes import CodeLists, ReadingQualityType
from cim_adapter.items.vocabulary.impossible import Impossible

# Category and index [C2] unless marked; system (the first number): as usual in the wild for good, validated,
# estimated, edited and missing; inferred [I] for the others: the device tells of itself, the network of how
# data were collected, the meter data management system of what it checked.
_QUALITIES: Final = {
    "good": "1.0.0",
    "validated": "3.0.1",
    "estimated": "3.8.0",
    "edited": "3.7.0",
    "missing": "2.5.259",
    "suspect": "3.5.258",
    "questionable": "3.10.0",  # [S]
    "outOfRange": "3.5.256",
    "failedValidation": "3.6.0",
    "derived": "3.11.0",
    "projected": "3.12.0",  # [S]
    "diagnostics": "1.1.0",
    "clockError": "1.1.9",
    "powerQuality": "1.2.0",
    "powerFail": "1.2.32",
    "tamper": "1.3.0",  # [S]
    "reverseRotation": "1.3.4",
    "dataCollection": "2.4.0",
    "overflow": "1.4.1",
    "skippedInterval": "1.4.4",
    "reset": "1.4.8",
    "clockChanged": "1.4.9",
    "manualRead": "2.4.131",
}

# The word for a code of which only the category is known. Categories of one word are that word.
_CATEGORIES: Final = {
    0: "good",
    1: "diagnostics",
    2: "powerQuality",
    3: "tamper",
    4: "dataCollection",
    5: "suspect",
    6: "failedValidation",
    7: "edited",
    8: "estimated",
    10: "questionable",
    11: "derived",
    12: "projected",
}


class QualityWords:
    """Looks words up in codes and codes in words."""

    WORDS: Final = tuple(_QUALITIES)

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = {code.partition(".")[2]: word for word, code in _QUALITIES.items()}

    def code(self, word: str) -> str:
        """The code that ``word`` stands for. Raises Impossible."""
        if word not in _QUALITIES:
            raise Impossible("quality", word, _QUALITIES)
        return _QUALITIES[word]

    def word(self, code: str) -> str:
        """The word for any code; the code itself where it has not the form of one."""
        _, _, rest = code.partition(".")
        category = rest.partition(".")[0]
        if word := self._words.get(rest):
            return word
        return _CATEGORIES.get(int(category), code) if category.isascii() and category.isdigit() else code

    def parse(self, code: str) -> str:
        """``code`` as it is, if it has the form. Raises MalformedCode."""
        return str(ReadingQualityType.parse(code, self._lists))
