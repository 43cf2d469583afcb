"""A bus adapter for IEC 61968-9 metering messages in IEC 61968-100 envelopes.

from cim_adapter import Adapter, Settings, handles
"""

from cim_adapter.adapter import Adapter
from cim_adapter.envelope import Message, Reply
from cim_adapter.nouns.registry import Call, handles
from cim_adapter.settings import Settings

__all__ = ["Adapter", "Call", "Message", "Reply", "Settings", "handles"]
