"""Payload/Compressed: what is read, and how much of it."""

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cim_adapter.envelope import MESSAGE_NS, Payload, put_in_place, read_message, unpack
from cim_adapter.errors import OverBudget, Refused, Unreadable

MEGABYTE = 1024 * 1024


def compressed(data: bytes, form: str | None = None) -> Payload:
    return Payload(compressed=base64.b64encode(gzip.compress(data)).decode(), format=form)


def run(payload: Payload, at_most: int = 32 * MEGABYTE, ratio: int = 300) -> bytes:
    return unpack(payload, at_most=at_most, ratio=ratio)


@given(st.binary(max_size=4000), st.sampled_from([None, "XML", " xml "]))
def test_what_was_compressed_comes_out_again(data, form):
    assert run(compressed(data, form)) == data


def test_pieces_are_put_together():
    data = bytes(range(256)) * 8 * 1024
    assert run(compressed(data)) == data


def test_binary_is_not_gzip():
    assert run(Payload(compressed=base64.b64encode(b"<a/>").decode(), format="BINARY")) == b"<a/>"


def test_base64_may_be_broken_into_lines():
    text = compressed(b"<a/>").compressed
    assert (
        run(Payload(compressed="\n" + "\r\n".join(text[n : n + 8] for n in range(0, len(text), 8)) + " \n"))
        == b"<a/>"
    )


@pytest.mark.parametrize("form", ["CSV", "PDF", "RDF", "GZIP", "JSON"])
def test_other_formats_are_refused(form):
    with pytest.raises(Refused, match=f"Format {form} is not read") as caught:
        run(compressed(b"a", form))
    assert caught.value.code == "5.2"


@pytest.mark.parametrize("text", ["Zm9v!", "Zm9", "Zm9v=Zm9v", "zähler", "&"])
def test_bad_base64(text):
    with pytest.raises(Unreadable, match="is not base64"):
        run(Payload(compressed=text))


@pytest.mark.parametrize("form", ["XML", "BINARY"])
def test_nothing_at_all(form):
    with pytest.raises(Unreadable, match="is empty"):
        run(Payload(compressed=" \n", format=form))


@pytest.mark.parametrize("data", [b"<a/>", zlib.compress(b"<a/>"), b"\x1f\x8b\x08\x00" + b"\xff" * 30])
def test_no_gzip(data):
    with pytest.raises(Unreadable, match="is not gzip"):
        run(Payload(compressed=base64.b64encode(data).decode()))


@pytest.mark.parametrize("less", [1, 8, 9, 20])
def test_truncated_gzip(less):
    data = gzip.compress(b"<a>some text that is long enough</a>")[:-less]
    with pytest.raises(Unreadable, match="cut off"):
        run(Payload(compressed=base64.b64encode(data).decode()))


def test_a_wrong_checksum():
    data = bytearray(gzip.compress(b"<a/>"))
    data[-5] ^= 1
    with pytest.raises(Unreadable, match=r"is not gzip: .*incorrect data check"):
        run(Payload(compressed=base64.b64encode(data).decode()))


@pytest.mark.parametrize("more", [gzip.compress(b"<b/>"), b"\0", b"tail"])
def test_several_members(more):
    data = gzip.compress(b"<a/>") + more
    with pytest.raises(Unreadable, match="goes on after its gzip member"):
        run(Payload(compressed=base64.b64encode(data).decode()))


def test_size_is_bounded():
    assert len(run(compressed(b"ab" * 500), at_most=1000)) == 1000
    with pytest.raises(OverBudget, match="more than 999 bytes"):
        run(compressed(b"ab" * 500), at_most=999)


def test_binary_is_bounded():
    payload = Payload(compressed=base64.b64encode(b"a" * 10).decode(), format="BINARY")
    assert run(payload, at_most=10) == b"a" * 10
    with pytest.raises(OverBudget, match="more than 9 bytes"):
        run(payload, at_most=9)


def test_ratio_is_bounded_beyond_the_first_megabyte():
    assert len(run(compressed(b" " * MEGABYTE), ratio=1)) == MEGABYTE
    with pytest.raises(OverBudget, match="more than 300 bytes for each compressed one"):
        run(compressed(b" " * (MEGABYTE + 300 * 1024)))
    assert len(run(compressed(b" " * 2 * MEGABYTE), ratio=1100)) == 2 * MEGABYTE


def test_nothing_is_left_to_come_out_of_the_last_byte_that_went_in():
    """zlib may have swallowed all input and still hold output back."""
    for size in range(256 * 1024 - 3, 256 * 1024 + 300):
        assert len(run(compressed(b"a" * size))) == size


@pytest.mark.parametrize("own", [MESSAGE_NS, "http://iec.ch/TC57/2011/MeterReadingsMessage"])
def test_a_document_takes_the_place_of_what_was_compressed(own):
    carrier = etree.fromstring(
        f'<t:M xmlns:t="{own}" xmlns="{MESSAGE_NS}"><t:Header><Verb>create</Verb><Noun>x</Noun></t:Header>'
        "<t:Payload><t:Compressed>abc</t:Compressed><t:Format>XML</t:Format></t:Payload></t:M>"
    )
    put_in_place(carrier, etree.fromstring('<a xmlns="urn:a"><b/></a>'))
    payload = read_message(carrier).payload
    assert [element.tag for element in payload.elements] == ["{urn:a}a"]
    assert (payload.compressed, payload.format) == (None, None)
    assert [child.tag for child in carrier[1]] == ["{urn:a}a"]
