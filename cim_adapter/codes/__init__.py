"""Code lists as data, and the identifiers made of them.

Each list is a CSV beside this file; lists are open, unknown codes are legal.
"""

from cim_adapter.codes.catalogue import Catalogue, CatalogueRow
from cim_adapter.codes.end_device_type import EndDeviceControlType, EndDeviceEventType
from cim_adapter.codes.explanation import ExplainedField, Explanation, Interpretation, explain, explain_text
from cim_adapter.codes.identifier import MalformedCode
from cim_adapter.codes.lists import CodeLists
from cim_adapter.codes.ratio import Ratio
from cim_adapter.codes.reading_quality_type import ReadingQualityType
from cim_adapter.codes.reading_type import ReadingType
from cim_adapter.codes.reply_codes import ReplyCode, ReplyCodes
from cim_adapter.codes.table import CodeRow, CodeTable, UnknownName
from cim_adapter.codes.units import split_unit

__all__ = [
    "Catalogue",
    "CatalogueRow",
    "CodeLists",
    "CodeRow",
    "CodeTable",
    "EndDeviceControlType",
    "EndDeviceEventType",
    "ExplainedField",
    "Explanation",
    "Interpretation",
    "MalformedCode",
    "Ratio",
    "ReadingQualityType",
    "ReadingType",
    "ReplyCode",
    "ReplyCodes",
    "UnknownName",
    "explain",
    "explain_text",
    "split_unit",
]
