"""A bus adapter for IEC 61968-9 metering messages in IEC 61968-100 envelopes.

from cim_adapter import Adapter, Settings, handles
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cim_adapter.adapter import Adapter
    from cim_adapter.envelope import Message, Reply
    from cim_adapter.nouns.registry import Call, handles
    from cim_adapter.settings import Settings

__all__ = ["Adapter", "Call", "Message", "Reply", "Settings", "handles"]


def __getattr__(name: str) -> object:
    """What is public is loaded when it is asked for: commands need little of it, and all of it takes 0.4 s."""
    homes = {
        "Adapter": "adapter",
        "Call": "nouns.registry",
        "Message": "envelope",
        "Reply": "envelope",
        "Settings": "settings",
        "handles": "nouns.registry",
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
