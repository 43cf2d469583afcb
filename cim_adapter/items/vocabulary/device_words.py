"""What controls and events have in common: words ⇄ four numbers, whatever the device (facts/metering.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cim_adapter.codes import CodeLists, EndDeviceControlType, EndDeviceEventType, MalformedCode
from cim_adapter.items.vocabulary.impossible import Impossible

#: The device type that a word stands for: an electric meter. Codes of other devices have the same words.
ELECTRIC_METER = 3


class DeviceWords:
    """Looks words up in codes and codes in words. ``TABLE``: word → domain.subDomain.eventOrAction."""

    MEMBER: ClassVar[str]
    CODE: ClassVar[type[EndDeviceControlType] | type[EndDeviceEventType]]
    TABLE: ClassVar[Mapping[str, str]]

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        self._words = {code: word for word, code in self.TABLE.items()}

    def code(self, word: str) -> str:
        """The code that ``word`` stands for. Raises Impossible."""
        if word not in self.TABLE:
            raise Impossible(self.MEMBER, word, self.TABLE)
        return f"{ELECTRIC_METER}.{self.TABLE[word]}"

    def word(self, code: str) -> str:
        """The word for any code: ours, else its name in the standard, else the code itself."""
        if word := self._words.get(code.partition(".")[2]):
            return word
        try:
            return self.CODE.parse(code, self._lists).name
        except MalformedCode:
            return code

    def parse(self, code: str) -> str:
        """``code`` as it is, if it has the form. Raises MalformedCode."""
        return str(self.CODE.parse(code, self._lists))
