"""Late answers: what a partner answers to a request that asked to be answered later.

They come as a reply of the noun or, on typed services, as a past-tense event with a Reply in it
(facts/envelope.md §4.2). The journal keeps them, found by their CorrelationID.
"""

from __future__ import annotations

from cim_adapter.envelope import OPERATION_SET, Reply
from cim_adapter.nouns.registry import EVERY_NOUN, Call, handles
from cim_adapter.store.transaction import Transaction


@handles("reply", EVERY_NOUN)
@handles("reply", OPERATION_SET)
def acknowledge(_call: Call, _message: object, _transaction: Transaction) -> Reply:
    """Received; what it answers is found by its CorrelationID."""
    return Reply.acknowledged()
