"""Code lists as data. Each list is a CSV beside this file; lists are open, unknown codes are legal."""

from cim_adapter.codes.reply_codes import ReplyCode, ReplyCodes

__all__ = ["ReplyCode", "ReplyCodes"]
