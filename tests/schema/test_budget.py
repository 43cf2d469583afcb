"""Each attack of facts/field.md D2 is refused before any parser sees it; honest bodies pass."""

from __future__ import annotations

import pytest

from cim_adapter.errors import AdapterError, ForbiddenMarkup, OverBudget, Unreadable
from cim_adapter.schema import Budget, spend

BUDGET = Budget()
LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


def refusal(body: bytes) -> AdapterError | None:
    try:
        spend(body, BUDGET)
    except AdapterError as error:
        return error
    return None


def readings(count: int) -> bytes:
    one = '<r>\n<timeStamp>2026-01-01T00:00:00Z</timeStamp><value>1.50</value><q ref="0.0.1"/></r>\n'
    return f"<m>{one * count}</m>".encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(LAUGHS.encode(), id="utf-8"),
        pytest.param(LAUGHS.encode("utf-8-sig"), id="utf-8 with mark"),
        pytest.param(LAUGHS.encode("utf-16"), id="utf-16 with mark"),
        pytest.param(LAUGHS.encode("utf-16-le"), id="utf-16-le"),
        pytest.param(LAUGHS.encode("utf-16-be"), id="utf-16-be"),
        pytest.param(b"\xfe\xff" + LAUGHS.encode("utf-16-be"), id="utf-16-be with mark"),
        pytest.param(f"<!-- so -->\n{LAUGHS}".encode(), id="after a comment"),
        pytest.param(b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', id="external"),
        pytest.param(b"<a><!ENTITY x 'y'></a>", id="entity alone"),
    ],
)
def test_declarations_are_refused(body: bytes) -> None:
    with pytest.raises(ForbiddenMarkup):
        spend(body, BUDGET)


def test_a_doctype_is_found_on_its_line() -> None:
    with pytest.raises(ForbiddenMarkup) as caught:
        spend(f"<!-- so -->\n\n{LAUGHS}".encode(), BUDGET)
    assert caught.value.findings[0].line == 3


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b" " * (BUDGET.max_bytes + 1), "bytes", id="size"),
        pytest.param(b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "elements", id="siblings"),
        pytest.param(
            b"<a " + b" ".join(b'a%d="/>"' % n for n in range(300)) + b"/>",
            "attributes on a",
            id="attributes with > in double quotes",
        ),
        pytest.param(
            b"<a " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b"/>", "attributes on a", id="attributes"
        ),
        pytest.param(
            b"<a " + b" ".join(b"a%d='>'" % n for n in range(200_000)) + b"/>",
            "attributes on a",
            id="attributes with > in their values",
        ),
        pytest.param(
            b"<a>"
            + b'<b c="1"/>' * 5_000
            + b"\n<d "
            + b"\n".join(b'a%d = "="' % n for n in range(257))
            + b"/></a>",
            "attributes on d",
            id="attributes behind honest elements",
        ),
        pytest.param(
            b"<a>" + b"".join(b'<b xmlns:p%d="u"/>' % n for n in range(50_000)) + b"</a>",
            "namespace declarations",
            id="namespaces",
        ),
        pytest.param(b"<a>" + b'<b c="" d="" e=""/>' * 400_000 + b"</a>", "attributes", id="all attributes"),
    ],
)
def test_crowds_are_refused(body: bytes, found: str) -> None:
    with pytest.raises(OverBudget) as caught:
        spend(body, BUDGET)
    assert found in caught.value.findings[0].found


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_crowds_are_refused_in_utf_16_too(codec: str) -> None:
    body = ("<a " + " ".join(f'a{n}="1"' for n in range(300)) + "/>").encode(codec)
    with pytest.raises(OverBudget):
        spend(body, BUDGET)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(readings(10_000), id="10,000 readings"),
        pytest.param(b"<a>" + b"=" * 900_000 + b"</a>", id="text of = signs"),
        pytest.param(b"<a " + b" ".join(b'a%d="1"' % n for n in range(256)) + b"/>", id="as many as allowed"),
        pytest.param(b'<a b="' + b"c='d' " * 400 + b'"/>', id="quotes inside a value"),
        pytest.param(b"<a>" + b"x='1' " * 400 + b"</a>", id="attributes written as text"),
    ],
)
def test_honest_bodies_pass_unchanged(body: bytes) -> None:
    assert spend(body, BUDGET) is body


@pytest.mark.parametrize(
    ("name", "limit", "body"),
    [
        ("max_bytes", 4, b"<a/>"),
        ("max_elements", 2, b"<a><b/></a>"),
        ("max_attributes", 2, b'<a b="" c=""/>'),
        ("max_attributes_per_element", 2, b'<a b="" c=""/>'),
        ("max_namespace_declarations", 1, b'<a xmlns="u"/>'),
    ],
)
def test_limits_are_inclusive(name: str, limit: int, body: bytes) -> None:
    assert spend(body, Budget(**{name: limit})) == body
    with pytest.raises(OverBudget):
        spend(body, Budget(**{name: limit - 1}))


@pytest.mark.parametrize(
    "bait",
    [b'<a b="c" ' * 400_000, b"<a " + b'=" ' * 300_000, b"<" + b"a=" * 400_000, b"<a " + b"b='c" * 200_000],
)
def test_a_malformed_body_cannot_make_the_scan_slow(bait: bytes) -> None:
    # Not timed: with a pattern that gives back, or that crosses "<", this test would not end.
    error = refusal(bait)
    assert error is None or error.findings


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b"<a>\n\0</a>", "NUL", id="NUL"),
        pytest.param("<a>\0</a>".encode("utf-16"), "NUL", id="NUL in UTF-16"),
        pytest.param("<a/>".encode("utf-32"), "UTF-32", id="UTF-32 with mark"),
        pytest.param("<a/>".encode("utf-32-le"), "UTF-32", id="UTF-32-LE"),
        pytest.param("<a/>".encode("utf-32-be"), "UTF-32", id="UTF-32-BE"),
        pytest.param('<?xml version="1.0"?><a/>'.encode("cp037"), "EBCDIC", id="EBCDIC"),
        pytest.param(
            '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), "ISO-8859-1", id="L1"
        ),
        pytest.param(b"<?xml version='1.0' encoding='UTF-7'?><a/>", "UTF-7", id="UTF-7"),
        pytest.param(b'<?xml version="1.0" encoding="utf-16"?><a/>', "8-bit", id="not the UTF-16 it says"),
        pytest.param('<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16"), "UTF-16", id="not the UTF-8"),
        pytest.param('<?xml version="1.0" encoding="US-ASCII"?><a>é</a>'.encode(), "US-ASCII", id="not ASCII"),
        pytest.param(b'<?xml version="1.0"' + b" " * 600 + b'encoding="UTF-7"?><a/>', "does not end", id="hidden"),
        pytest.param(b"\xff\xfe<\0a\0/\0>", "UTF-16", id="cut UTF-16"),
    ],
)
def test_other_encodings_are_refused_and_told_what_to_send(body: bytes, told: str) -> None:
    with pytest.raises(Unreadable) as caught:
        spend(body, BUDGET)
    assert told in caught.value.findings[0].found
    assert caught.value.findings[0].advice


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_comes_out_as_utf_8(codec: str) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>\n<a>é€😀</a>'
    assert spend(text.encode(codec), BUDGET) == text.replace("UTF-16", "UTF-8").encode()


def test_a_byte_order_mark_goes_and_ascii_stays() -> None:
    body = b'<?xml version="1.0" encoding="us-ascii"?><a/>'
    assert spend(b"\xef\xbb\xbf" + body, BUDGET) == body


@pytest.mark.parametrize("body", [b"", b"<", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"<?xml", b"<?xml "])
def test_stubs_do_not_crash(body: bytes) -> None:
    error = refusal(body)
    assert error is None or error.findings


def test_what_is_left_for_a_document_inside():
    whole = Budget(max_bytes=100, max_elements=10, max_attributes=10, max_namespace_declarations=5)
    body = '<a xmlns="urn:a" b="1"><c/></a>'
    left = whole.after(body.encode())
    assert left == Budget(
        max_bytes=100 - len(body), max_elements=8, max_attributes=8, max_namespace_declarations=4
    )
    assert whole.after(body.encode("utf-16")) == left
