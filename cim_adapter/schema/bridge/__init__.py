"""XML ⇄ JSON, compiled from the XSDs.

JSON mirrors the names of XML. An element is an object, or a string, number or boolean by its simple type; an
element that may repeat is an array, also where there is one; attributes are members beside the children.
Decimals keep their digits. What is not named by the XSD:

    $value                   the text of an element that has attributes
    $content                 children in the order of the document, each ``{name: value}``, and texts between
                             them, where members cannot tell that order
    $namespace               the namespace of an element, where its name alone means another
    {namespace}attribute     an attribute that the XSD does not declare
    null                     xsi:nil

There and back nothing is lost but white space between elements, comments and prefixes.
"""

from cim_adapter.schema.bridge.bridge import Bridge
from cim_adapter.schema.bridge.json_text import JsonText, count_members, refuse_twins

__all__ = ["Bridge", "JsonText", "count_members", "refuse_twins"]
