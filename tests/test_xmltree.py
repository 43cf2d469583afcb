"""Elements that move between documents keep their names, whatever prefixes either uses."""

import pytest
from lxml import etree

from cim_adapter.xmltree import adopt

# Documents whose prefix means something else in the parent, for one element or another.
CHILDREN = {
    "declared and not used": '<b:c xmlns:a="urn:other" xmlns:b="urn:one"/>',
    "used below": '<b:c xmlns:a="urn:other" xmlns:b="urn:one"><a:d/></b:c>',
    "used on an attribute": '<b:c xmlns:a="urn:other" xmlns:b="urn:one" a:d="1"/>',
    "as it is": '<a:c xmlns:a="urn:one"><a:d/></a:c>',
    "the default": '<c xmlns="urn:one"><d xmlns="urn:other"/></c>',
}


@pytest.mark.parametrize("text", CHILDREN.values(), ids=CHILDREN)
@pytest.mark.parametrize("prefix", ["a", "b", None])
def test_an_adopted_element_means_what_it_meant(text, prefix):
    parent = etree.Element("{urn:one}p", nsmap={prefix: "urn:one"})
    adopt(parent, etree.fromstring(text))
    (child,) = etree.fromstring(etree.tostring(parent))
    expected = etree.canonicalize(text, rewrite_prefixes=True)
    assert etree.canonicalize(etree.tostring(child).decode(), rewrite_prefixes=True) == expected
