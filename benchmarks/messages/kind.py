"""A kind of message, and what differs from one message of it to the next."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

POPULATION = 1_000


@dataclass(frozen=True)
class Own:
    """What one message has for itself: its identifiers, its meters, its day."""

    tail: str
    batch: str
    day: str

    @property
    def message_id(self) -> str:
        """A UUID, as those of what the message carries are."""
        return self.identifier(0)

    def identifier(self, number: int) -> str:
        """The identifier of the item `number` of this message, from 1."""
        return f"{number:08x}{self.tail}"

    def meter(self, number: int) -> str:
        """The mRID of the meter `number` of this message, from 0."""
        return f"6f1d2c3b-5a49-4e88-{self.batch}-{number:06}"


@dataclass(frozen=True)
class Kind:
    """A kind of message; its size is how many items a message carries: readings, events, controls.

    `fill` puts that many under the root of a profile, in the element order of the XSD. `name` stands on the
    command line and in the table; `sizes` are those of a run that asks for none.
    """

    name: str
    verb: str
    noun: str
    sizes: tuple[int, ...]
    fill: Callable[[etree._Element, int, Own], None]
    per_meter: int = 1

    @property
    def operation(self) -> str:
        """Such as CreateMeterReadings."""
        return f"{self.verb.capitalize()}{self.noun}"

    def batches(self, size: int) -> int:
        """How many messages of a size it takes until every meter had its turn."""
        return POPULATION // -(-size // self.per_meter) or 1


def child(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    """A new last element of `parent`, in its namespace."""
    element = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, name), attributes)
    element.text = text
    return element
